"""Scenes that lead straight to where a mistake shows; chance would need long to find them.

Each takes the class of the members, plays, and lets the watched stage judge.  With correct members all pass.
"""

from __future__ import annotations

from collections.abc import Callable

from cp_sim.raft import Change, RaftNode
from tests.laws.raft_watch import WatchedStage, found_out

THREE = ("m1", "m2", "m3")
FIVE = ("m1", "m2", "m3", "m4", "m5")


def plain(voters: tuple[str, ...], machine: type[RaftNode], **options: int) -> WatchedStage:
    """Raft as in the paper, where anybody may stand at any time."""
    return WatchedStage(voters, machine=machine, pre_vote=False, check_quorum=False, **options)


def vote_and_crash(machine: type[RaftNode]) -> None:
    """A voter crashes while its disk writes the vote, and is asked again."""
    stage = plain(THREE, machine)
    with found_out(stage):
        stage.links.cut("m1", "m2")
        stage.hosts["m3"].write_ticks = 3
        stage.campaign("m1")
        stage.crash("m3")
        stage.restart("m3")
        stage.campaign("m2")
        stage.tick(5)
        stage.converge()


def vote_and_restart(machine: type[RaftNode]) -> None:
    """A voter has written and given its vote, restarts, and is asked again."""
    stage = plain(THREE, machine)
    with found_out(stage):
        stage.links.cut("m1", "m2")
        stage.links.cut("m3", "m1", both=False)
        stage.campaign("m1")
        stage.crash("m3")
        stage.restart("m3")
        stage.campaign("m2")
        stage.tick(5)
        stage.converge()


def late_votes(machine: type[RaftNode]) -> None:
    """A vote for term 1 arrives when the candidate stands in term 2, which somebody else wins."""
    stage = plain(THREE, machine)
    with found_out(stage):
        stage.links.cut("m1", "m3")
        stage.links.cut("m2", "m3")
        stage.campaign("m3")
        stage.hosts["m2"].write_ticks = 4
        stage.campaign("m1")
        stage.links.cut("m1", "m2", both=False)
        stage.campaign("m1")
        stage.links.join("m2", "m3")
        stage.campaign("m3")
        stage.tick(9)
        stage.converge()


def read_in_a_new_term(machine: type[RaftNode]) -> None:
    """A new leader has a committed entry without knowing that it is committed, and is asked for a read."""
    stage = plain(THREE, machine)
    with found_out(stage):
        stage.campaign("m1")
        stage.links.cut("m1", "m3")
        stage.hosts["m2"].write_ticks = 1
        stage.propose("m1", "x")
        stage.links.cut("m1", "m2", both=False)
        stage.tick(2)
        assert "x" in stage.acknowledged
        stage.crash("m1")
        stage.hosts["m2"].write_ticks = 0
        stage.hosts["m3"].write_ticks = 1
        stage.campaign("m2")
        stage.links.cut("m2", "m3", both=False)
        stage.tick(2)
        stage.hosts["m3"].write_ticks = 0
        stage.links.join("m2", "m3")
        stage.read("m2", "r")
        stage.converge()


def read_at_a_deposed_leader(machine: type[RaftNode]) -> None:
    """A leader is cut off, another one takes a write, and the old one is asked for a read."""
    stage = plain(THREE, machine)
    with found_out(stage):
        stage.campaign("m1")
        stage.links.cut("m1", "m2")
        stage.links.cut("m1", "m3")
        stage.campaign("m2")
        stage.propose("m2", "x")
        stage.read("m1", "r")
        stage.converge()


def two_changes(machine: type[RaftNode]) -> None:
    """Two members are to be removed at once; the leader counts three members, the others five."""
    stage = plain(FIVE, machine)
    stage.one_change = ignore  # type: ignore[method-assign]  # what follows from it shall show
    with found_out(stage):
        stage.campaign("m1")
        stage.links.cut("m1", "m4")
        stage.links.cut("m1", "m5")
        stage.hosts["m3"].write_ticks = 1
        stage.change("m1", Change("remove", "m4"))
        stage.change("m1", Change("remove", "m5"))
        stage.links.cut("m1", "m3", both=False)
        stage.tick(2)
        stage.links.cut("m1", "m3")
        stage.links.cut("m2", "m3")
        stage.links.cut("m2", "m4")
        stage.links.cut("m2", "m5")
        stage.tick(2)
        stage.propose("m1", "x")
        stage.hosts["m3"].write_ticks = 0
        stage.campaign("m3")
        stage.tick(3)


def ignore(_node: RaftNode) -> None:
    """Look away."""


def late_snapshot(machine: type[RaftNode]) -> None:
    """A snapshot travels slowly; another copy and more entries have arrived before it."""
    stage = WatchedStage(THREE, machine=machine)
    with found_out(stage):
        stage.campaign("m1")
        stage.crash("m3")
        for number in range(4):
            stage.propose("m1", f"x{number}")
        stage.hosts["m1"].compact()
        stage.tick(12)
        stage.sent = []
        stage.restart("m3")
        stage.tick(2)
        stage.propose("m1", "y")
        stage.tick(2)
        snapshots = [message for message in stage.sent if message.kind == "snapshot"]
        assert snapshots, "the laggard was to get a snapshot"
        stage._send(tuple(snapshots))
        stage.settle()
        stage.converge()


def snapshot_with_members(machine: type[RaftNode]) -> None:
    """A member hears of a newcomer by a snapshot only."""
    stage = WatchedStage(THREE, machine=machine)
    with found_out(stage):
        stage.campaign("m1")
        stage.crash("m3")
        stage.enter("m4")
        stage.change("m1", Change("add voter", "m4"))
        stage.tick(2)
        stage.hosts["m1"].compact()
        stage.converge()


SCENES: tuple[Callable[[type[RaftNode]], None], ...] = (
    vote_and_crash,
    vote_and_restart,
    late_votes,
    read_in_a_new_term,
    read_at_a_deposed_leader,
    two_changes,
    late_snapshot,
    snapshot_with_members,
)
