"""What the replicated store promises, whatever fails: held against random plays, and against members with a mistake.

Linearizability (of writes, conditions and reads), durability, exactly-once, equal members and one leader after healing;
watches that are ordered, unique, reliable, atomic, resumable and bookmarkable; leases that live as long as was said.
The judge is `store_play.py`.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cp_sim.etcd.etcd import Etcd
from tests.laws.store_bugs import BUGS
from tests.laws.store_play import KEYS, SCENES, WATCHES, Play, Violation, random_play, take_step

# How many plays a planted mistake may survive before the law counts as too weak.
PATIENCE = 60

members = st.integers(0, 4)
keys = st.sampled_from(KEYS)


class Members(RuleBasedStateMachine):
    """A play whose steps hypothesis chooses, so that a failure shrinks to the few that matter."""

    @initialize(count=st.sampled_from((3, 5)), seed=st.integers(0, 1_000))
    def begin(self, count, seed):
        self.play = Play(count, seed)
        for number, token in enumerate(WATCHES):
            self.play.watch(number, token)

    @rule(what=st.integers(0, 99), number=members, key=keys, detail=st.integers(0, (1 << 16) - 1))
    def step(self, what, number, key, detail):
        take_step(self.play, what, number, key, detail)

    def teardown(self):
        if hasattr(self, "play"):
            self.play.finish()


Members.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=list(HealthCheck),
)
TestMembers = Members.TestCase


@pytest.mark.parametrize("seed", range(20))
def test_the_store_keeps_its_promises(seed):
    play = random_play(seed, count=3 if seed % 3 else 5)
    assert any(operation.done for operation in play.operations.values()), f"seed {seed}: nothing was done"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("seed", range(5))
def test_the_scenes_end_well(scene, seed):
    scene(seed, Etcd)


def test_the_plays_are_eventful():
    """Members die, leaders change, requests fail, snapshots travel: else the laws would hold of nothing."""
    verbs, failed, snapshots = [], 0, 0
    for seed in range(10):
        play = random_play(seed)
        verbs += [record.verb for record in play.group.loop.trace]
        failed += sum(bool(one.answer and one.answer.error) for one in play.operations.values())
        snapshots += sum(one.disk.snapshot is not None for one in play.group.up)
    assert verbs.count("become leader") > 20
    assert verbs.count("crash") > 10
    assert failed > 10
    assert snapshots > 10


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_mistake_is_found(bug):
    for seed in range(PATIENCE):
        for play in (*SCENES, random_play):
            found = told(play, seed, bug)
            if found:
                assert f"seed {seed}" in found
                return
    pytest.fail(f"{bug.__name__} survived {PATIENCE} plays: {bug.__doc__}")


def told(play, seed, bug):
    """What the judge says of a play with a mistake; empty if it saw nothing."""
    try:
        play(seed, bug)
    except Violation as violation:
        return str(violation)
    return ""


def test_the_same_seed_plays_the_same():
    def story(seed):
        play = random_play(seed)
        return [(record.time_ms, record.actor, record.verb) for record in play.group.loop.trace], [
            repr(operation) for operation in play.operations.values()
        ]

    assert story(3) == story(3)
    assert story(3) != story(4)
