"""Same seed, same story: in every process, in one call or in many, in a fork, and when the journal is replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cp_sim.cluster import Cluster
from cp_sim.sim import shuffled

sys.path.insert(0, str(Path(__file__).parent))
from story import DEPLOYMENT, digest, tell, tell_of_faults

STORY = str(Path(__file__).with_name("story.py"))


def told_in_another_process(hash_seed: str, *args: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, STORY, *args], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_two_processes_tell_the_same_story() -> None:
    assert told_in_another_process("1", "7") == told_in_another_process("2", "7")


def test_the_control_a_sloppy_story_differs_between_processes() -> None:
    assert told_in_another_process("1", "7", "sloppy") != told_in_another_process("2", "7", "sloppy")


def test_two_processes_tell_the_same_story_of_three_control_planes() -> None:
    assert told_in_another_process("1", "7", "replicated") == told_in_another_process("2", "7", "replicated")


def test_another_seed_tells_another_story() -> None:
    digests = set()
    for seed in (1, 2):
        cluster = Cluster(workers=3, seed=seed)
        tell(cluster)
        digests.add(digest(cluster))
    assert len(digests) == 2


def test_a_fork_goes_on_exactly_as_the_original_and_neither_sees_the_other() -> None:
    cluster = Cluster(workers=3, seed=11)
    cluster.apply(DEPLOYMENT)
    cluster.loop.run(400)  # in the middle of things: pods bound, containers starting
    fork = cluster.fork()
    before = digest(cluster)
    assert digest(fork) == before
    fork.scale("deployment/web", 9)
    fork.settle()
    assert digest(cluster) == before, "what happened in the fork was seen in the original"
    second = cluster.fork()
    tell(cluster)
    tell(second)
    assert digest(cluster) == digest(second)


def test_a_fork_shares_the_objects() -> None:
    cluster = Cluster(workers=3, seed=11)
    cluster.apply(DEPLOYMENT)
    cluster.settle()
    fork = cluster.fork()
    mine = {id(value) for value in cluster.etcd.all_values()}
    theirs = {id(value) for value in fork.etcd.all_values()}
    assert mine == theirs


@pytest.mark.parametrize("seed", range(3))
def test_running_in_one_call_or_in_many_is_the_same(seed: int) -> None:
    one, many = Cluster(seed=seed), Cluster(seed=seed)
    for cluster in (one, many):
        cluster.apply(DEPLOYMENT)
    one.run("95s")
    for _ in range(19):
        many.run("5s")
    assert digest(one) == digest(many), f"seed {seed}"


def test_three_control_planes_run_in_one_call_or_in_many_and_in_a_fork() -> None:
    one = Cluster(control_planes=3, seed=4)
    one.apply(DEPLOYMENT)
    one.run("2s")
    many = one.fork()
    for cluster in (one, many):
        cluster.crash(cluster.etcd_leader)
    one.run("60s")
    for _ in range(40):
        many.run("1500ms")
    assert digest(one) == digest(many)


def test_the_journal_of_three_control_planes_replays() -> None:
    cluster = Cluster(control_planes=3, seed=5)
    tell_of_faults(cluster)
    assert digest(cluster.replay()) == digest(cluster)


def test_the_journal_replays_a_whole_session() -> None:
    cluster = Cluster(workers=3, seed=5)
    tell(cluster)
    assert len(cluster.journal) >= 9
    assert digest(cluster.replay()) == digest(cluster)


@pytest.mark.parametrize("seed", range(6))
def test_every_interleaving_ends_in_the_desired_number(seed: int) -> None:
    order = shuffled(seed)
    cluster = Cluster(workers=3, seed=3, order=order)
    cluster.apply(DEPLOYMENT)
    cluster.scale("deployment/web", 6)
    cluster.settle()
    pods = cluster.get("pods")
    cluster.delete("pod/" + pods[seed % len(pods)]["metadata"]["name"])
    cluster.scale("deployment/web", 5)
    cluster.settle()
    assert order.choices > 100, f"order seed {seed} explored nothing"
    running = [pod for pod in cluster.get("pods") if pod["status"]["phase"] == "Running"]
    assert len(running) == 5, f"order seed {seed}: {[pod['metadata']['name'] for pod in running]}"
