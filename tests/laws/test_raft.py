"""Raft keeps its promises in random plays, and each planted mistake is found.

The laws themselves are in `raft_watch.py`: they are held against every step of every member.  `raft_walk.py` plays at
random, `raft_scenes.py` leads straight to trouble, `raft_bugs.py` are members that make a mistake.
"""

from __future__ import annotations

import copy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from cp_sim.raft import Change, RaftNode
from cp_sim.raft.story import Story, names, read
from tests.laws.raft_bugs import BUGS, ProbesEmptyHanded
from tests.laws.raft_scenes import SCENES
from tests.laws.raft_walk import Walk, some_stage
from tests.laws.raft_watch import Violation, WatchedStage, found_out

members = st.integers(0, 6)
few = st.integers(0, 3)


class Group(RuleBasedStateMachine):
    """Three or five members, their clients, and everything that may go wrong."""

    changing = False

    @initialize(
        seed=st.integers(0, 10_000),
        size=st.sampled_from([3, 5]),
        pre_vote=st.booleans(),
        check_quorum=st.booleans(),
        one_by_one=st.booleans(),
    )
    def begin(self, seed, size, pre_vote, check_quorum, one_by_one):
        self.stage = WatchedStage(
            tuple(f"m{number}" for number in range(1, size + 1)),
            seed,
            pre_vote=pre_vote or self.changing,
            check_quorum=check_quorum or self.changing,
            max_entries=1 if one_by_one else 512,
        )
        self.number = 0

    def name(self, which):
        names = list(self.stage.hosts)
        return names[which % len(names)]

    @rule(count=st.sampled_from([1, 2, 5, 12, 25]))
    def tick(self, count):
        with found_out(self.stage):
            self.stage.tick(count)

    @rule(who=members)
    def propose(self, who):
        self.number += 1
        with found_out(self.stage):
            self.stage.propose(self.name(who), f"v{self.number}")

    @rule(who=members)
    def read(self, who):
        self.number += 1
        with found_out(self.stage):
            self.stage.read(self.name(who), f"r{self.number}")

    @rule(who=members, kept=few)
    def crash(self, who, kept):
        self.stage.crash(self.name(who), 0 if self.changing else kept)

    @rule(who=members)
    def restart(self, who):
        with found_out(self.stage):
            self.stage.restart(self.name(who))

    @rule(one=members, other=members, both=st.booleans())
    def cut(self, one, other, both):
        if self.name(one) != self.name(other):
            self.stage.links.cut(self.name(one), self.name(other), both)

    @rule(who=members)
    def cut_off(self, who):
        for other in self.stage.hosts:
            if other != self.name(who):
                self.stage.links.cut(self.name(who), other)

    @rule()
    def heal_links(self):
        self.stage.links.cuts.clear()

    @rule(loss=st.sampled_from([0, 5, 20]), copies=st.sampled_from([0, 10]), delay=few)
    def weather(self, loss, copies, delay):
        links = self.stage.links
        links.loss_percent, links.copy_percent, links.delay_ticks = loss, copies, delay

    @rule(who=members, ticks=few)
    def slow(self, who, ticks):
        self.stage.hosts[self.name(who)].write_ticks = ticks

    @rule(who=members, paused=st.booleans())
    def pause(self, who, paused):
        with found_out(self.stage):
            self.stage.pause(self.name(who), paused)

    @rule(who=members, keep=few)
    def compact(self, who, keep):
        self.stage.hosts[self.name(who)].compact(keep)

    @rule(who=members)
    def campaign(self, who):
        with found_out(self.stage):
            self.stage.campaign(self.name(who))

    @rule(who=members)
    def transfer(self, who):
        leader = self.stage.leader()
        if leader is not None:
            with found_out(self.stage):
                self.stage.transfer(leader.members.voters[who % len(leader.members.voters)])

    def teardown(self):
        if hasattr(self, "stage"):
            with found_out(self.stage):
                self.stage.converge()


class ChangingGroup(Group):
    """The same, while members come and go."""

    changing = True

    @precondition(lambda self: len(self.stage.hosts) < 7)
    @rule(at=members, kind=st.sampled_from(["add voter", "add learner"]))
    def add(self, at, kind):
        name = f"m{len(self.stage.hosts) + 1}"
        if self.stage.nodes():
            self.stage.enter(name)
            with found_out(self.stage):
                self.stage.change(self.name(at), Change(kind, name))

    @rule(at=members)
    def promote(self, at):
        leader = self.stage.leader()
        if leader is not None and leader.members.learners:
            with found_out(self.stage):
                self.stage.change(self.name(at), Change("promote", leader.members.learners[0]))

    @rule(at=members, who=members)
    def remove(self, at, who):
        leader = self.stage.leader()
        if leader is not None and len(leader.members.voters) > 3:
            voters = leader.members.voters
            with found_out(self.stage):
                self.stage.change(self.name(at), Change("remove", voters[who % len(voters)]))


TestGroup = Group.TestCase
TestGroup.settings = settings(max_examples=60, stateful_step_count=50)
TestChangingGroup = ChangingGroup.TestCase
TestChangingGroup.settings = settings(max_examples=60, stateful_step_count=50)


def play_story(name: str, machine: type[RaftNode]) -> None:
    story = Story(WatchedStage, machine=machine)
    for line in read(name).splitlines():
        if line.startswith(">"):
            with found_out(story.stage):
                story.play(line[1:].strip())
    with found_out(story.stage):
        story.stage.converge()


def violation(machine: type[RaftNode], walks: int) -> str:
    """What the laws say of members of this class: the first violation in stories, scenes and random plays."""
    try:
        for name in names():
            play_story(name, machine)
        for scene in SCENES:
            scene(machine)
        for seed in range(walks):
            Walk(some_stage(seed, machine)).play()
    except Violation as found:
        return str(found)
    return ""


@pytest.mark.parametrize("machine", BUGS, ids=lambda machine: machine.__name__)
def test_each_planted_mistake_is_found(machine: type[RaftNode]) -> None:
    found = violation(machine, 250)
    assert found, f"nobody noticed: {machine.__doc__}"
    assert "seed" in found.splitlines()[0]


@pytest.mark.parametrize("machine", [RaftNode, ProbesEmptyHanded], ids=lambda machine: machine.__name__)
def test_without_a_mistake_nothing_is_found(machine: type[RaftNode]) -> None:
    assert violation(machine, 120) == ""


def test_the_plays_are_worth_their_time() -> None:
    """Random plays commit, read, elect, restore snapshots and change the group; otherwise they would prove little."""
    acknowledged = served = terms = compacted = changed = 0
    for seed in range(40):
        stage = some_stage(seed)
        Walk(stage).play()
        leader = stage.leader()
        assert leader is not None, f"seed {seed}"
        acknowledged += len(stage.acknowledged)
        served += len(stage.served)
        terms += len(stage.leaders)
        compacted += sum(node.log.offset > 0 for node in stage.nodes())
        changed += leader.members.voters != stage.hosts["m1"].first_members.voters
    assert min(acknowledged / 200, served / 80, terms / 120, compacted / 20, changed / 4) > 1


def test_the_same_seed_plays_the_same_and_a_copy_goes_on_alike() -> None:
    first, second = some_stage(5), some_stage(5)
    for stage in (first, second):
        Walk(stage).play(60)
    assert [host.describe() for host in first.hosts.values()] == [host.describe() for host in second.hosts.values()]
    twin = copy.deepcopy(first)
    for stage in (first, twin):
        stage.crash("m1")
        stage.tick(40)
        stage.propose("m2", "after")
    assert [host.describe() for host in first.hosts.values()] == [host.describe() for host in twin.hosts.values()]
    assert first.served == twin.served
    assert [host.describe() for host in first.hosts.values()] != [host.describe() for host in second.hosts.values()]
