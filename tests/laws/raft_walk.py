"""Random plays of Raft: a seed says who plays, under which rules, and what goes wrong when."""

from __future__ import annotations

from cp_sim.raft import Change, RaftNode
from cp_sim.sim import Chance
from tests.laws.raft_watch import WatchedStage, found_out


def some_stage(seed: int, machine: type[RaftNode] = RaftNode) -> WatchedStage:
    """A group of three or five, with or without learner, pre-vote and check quorum, as `seed` has it."""
    dice = Chance(seed).stream("stage")
    voters = ("m1", "m2", "m3", "m4", "m5")[: (3, 3, 5)[dice.randrange(3)]]
    learners = ("l1",) * dice.randrange(2)
    pre_vote, check_quorum = dice.randrange(3) > 0, dice.randrange(3) > 0
    limits = {"max_entries": (512, 2)[dice.randrange(2)], "max_inflight": (256, 2)[dice.randrange(2)]}
    return WatchedStage(
        voters, seed, learners=learners, machine=machine, pre_vote=pre_vote, check_quorum=check_quorum, **limits
    )


class Walk:
    """A random play, told by its seed alone: proposals, reads and all kinds of mishap on a watched stage."""

    def __init__(self, stage: WatchedStage) -> None:
        self.stage = stage
        self.dice = stage.chance.stream("walk")
        self.number = 0
        # Without both of these a removed member that was not told can disturb the others for ever (section 4.2.3).
        protected = stage.options["pre_vote"] and stage.options["check_quorum"]
        self.changes = self.dice.randrange(2) if protected else 0
        stage.links.delay_ticks = self.dice.randrange(4)
        stage.links.loss_percent = (0, 0, 5, 15)[self.dice.randrange(4)]
        stage.links.copy_percent = (0, 0, 10)[self.dice.randrange(3)]
        self.acts = (
            *(self.tick,) * 10, *(self.propose,) * 8, *(self.read,) * 4, self.crash, *(self.restart,) * 3,
            self.cut, *(self.heal_links,) * 2, self.slow, self.pause, self.resume, self.compact, self.transfer,
            self.campaign,
            *(self.change,) * 2 * self.changes,
        )  # fmt: skip

    def play(self, steps: int = 120) -> None:
        """Go `steps` steps, then heal; what a member itself finds broken is a violation too."""
        with found_out(self.stage):
            for _ in range(steps):
                self.acts[self.dice.randrange(len(self.acts))]()
            self.stage.converge()

    def somebody(self) -> str:
        """A member; the leader more often than others, for its mishaps tell most."""
        leader = self.stage.leader()
        if leader is not None and self.dice.randrange(4) == 0:
            return leader.id
        names = list(self.stage.hosts)
        return names[self.dice.randrange(len(names))]

    def tick(self) -> None:
        self.stage.tick((1, 1, 2, 5, 12, 25)[self.dice.randrange(6)])

    def propose(self) -> None:
        self.number += 1
        self.stage.propose(self.somebody(), f"v{self.number}")

    def read(self) -> None:
        self.number += 1
        self.stage.read(self.somebody(), f"r{self.number}")

    def crash(self) -> None:
        self.stage.crash(self.somebody(), 0 if self.changes else self.dice.randrange(3))

    def restart(self) -> None:
        for name, host in self.stage.hosts.items():
            if host.node is None:
                self.stage.restart(name)
                return

    def cut(self) -> None:
        one, other = self.somebody(), self.somebody()
        how = self.dice.randrange(3)
        if how == 2:
            for name in self.stage.hosts:
                if name != one:
                    self.stage.links.cut(one, name)
        elif one != other:
            self.stage.links.cut(one, other, both=how == 0)

    def heal_links(self) -> None:
        self.stage.links.cuts.clear()

    def slow(self) -> None:
        self.stage.hosts[self.somebody()].write_ticks = self.dice.randrange(4)

    def pause(self) -> None:
        self.stage.pause(self.somebody())

    def resume(self) -> None:
        for name in self.stage.hosts:
            self.stage.pause(name, False)

    def compact(self) -> None:
        self.stage.hosts[self.somebody()].compact(self.dice.randrange(4))

    def transfer(self) -> None:
        leader = self.stage.leader()
        if leader is not None:
            voters = leader.members.voters
            self.stage.transfer(voters[self.dice.randrange(len(voters))])

    def campaign(self) -> None:
        self.stage.campaign(self.somebody())

    def change(self) -> None:
        """Add a newcomer, promote a learner, or remove somebody, as long as three voters or more are left."""
        leader = self.stage.leader()
        if leader is None:
            return
        learners = leader.members.learners
        how = self.dice.randrange(4)
        if how == 0 and len(self.stage.hosts) < 7:
            name = f"m{len(self.stage.hosts) + 1}"
            self.stage.enter(name)
            kind = ("add voter", "add learner")[self.dice.randrange(2)]
            self.stage.change(self.somebody(), Change(kind, name))
        elif how == 1 and learners:
            self.stage.change(self.somebody(), Change("promote", learners[0]))
        elif how == 2 and len(leader.members.voters) > 3:
            self.stage.change(self.somebody(), Change("remove", leader.members.voters[self.dice.randrange(3)]))
