"""Exercises, predictions and progress: wrong first, helped, then right; and every solution solves its exercise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.course import again, check, compare, current, hint, predict, read_code, score, solution, task, use
from cp_sim.course.kubectl import Kubectl
from cp_sim.course.lesson import LESSONS, lesson_of
from cp_sim.course.lessons.lesson_00 import _actor, letters
from cp_sim.course.looking import on_node
from cp_sim.course.progress import Progress, _Kept, progress


@pytest.fixture(autouse=True)
def _own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("CP_STATIC", raising=False)
    monkeypatch.setenv("CP_PROGRESS", str(tmp_path / "progress.json"))
    yield
    use()
    _Kept.progress = None


def cluster_of(seed: int = 7, **options: Any) -> Cluster:
    made = Cluster(workers=2, seed=seed, **options)
    use(made)
    return made


def kubectl(line: str, stdin: str = "") -> str:
    return Kubectl(current.current()).run(line, stdin=stdin).text


def run_cells(text: str) -> None:
    """Carry out a solution as it would stand in cells."""
    body: list[str] = []
    for line in text.split("\n"):
        if line.startswith("%%kubectl"):
            body = [line.removeprefix("%%kubectl ")]
        elif line.startswith("%kubectl"):
            if body:
                kubectl(body[0], "\n".join(body[1:]))
            body = []
            kubectl(line.removeprefix("%kubectl "))
        elif body and not line.startswith("#"):
            body.append(line)
    if body:
        kubectl(body[0], "\n".join(body[1:]))


# -- lesson 00 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_arrows_of_any_seed_can_be_named(seed: int) -> None:
    cluster = cluster_of(seed)
    assert "run the experiment first" in repr(check("00-arrows", {"A": "you"}))
    kubectl("create deployment web --image=nginx --replicas=3")
    asked = letters(cluster)
    assert len(asked) == 5, f"seed {seed}"
    right = {letter: _actor(write) for letter, write in asked.items()}
    assert sorted(right.values()) == sorted(
        ["you", "deployment-controller", "replicaset-controller", "kube-scheduler", "kubelet"]
    )
    assert "Hint" not in repr(hint("00-arrows"))
    wrong = dict(right, A="kubelet" if right["A"] != "kubelet" else "you")
    first, second, third = (repr(check("00-arrows", wrong)) for _ in range(3))
    assert "4 of 5 are right. Look at A again." in first
    assert "Ask yourself" in second
    assert "Hint: Arrow A" in second
    assert 'solution("00-arrows")' in third
    assert "done" in repr(check("00-arrows", right))


def test_the_order_of_the_arrows_depends_on_the_seed() -> None:
    orders = set()
    for seed in range(5):
        cluster = cluster_of(seed)
        kubectl("create deployment web --image=nginx --replicas=3")
        orders.add(tuple(write.verb + write.plural for write in letters(cluster).values()))
    assert len(orders) > 1


def test_no_node() -> None:
    other = cluster_of()
    assert "no Deployment" in repr(check("00-no-node", other))
    kubectl("create deployment web --image=nginx --replicas=3")
    assert "3 of 3 pods have a node" in repr(check("00-no-node", other))
    other = cluster_of(components=("etcd", "apiserver"))
    kubectl("create deployment web --image=nginx --replicas=3")
    assert "there are 0 pods" in repr(check("00-no-node", other))
    other = cluster_of(components=("etcd", "apiserver", "controller-manager", "kubelet"))
    kubectl("create deployment web --image=nginx --replicas=3")
    assert "done" in repr(check("00-no-node", other))


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_freeze(seed: int) -> None:
    cluster = cluster_of(seed)
    assert "no Deployment called api" in repr(check("00-freeze"))
    kubectl("--no-settle create deployment api --image=nginx")
    assert "not stored yet" in repr(check("00-freeze"))
    while not cluster.get("pods"):
        cluster.step()
    assert "done" in repr(check("00-freeze"))
    cluster.settle()
    assert "you went too far" in repr(check("00-freeze"))


def test_predictions_of_lesson_00() -> None:
    cluster = cluster_of()
    assert "number of an option" in repr(predict("00-writes", 9))
    assert "Noted" in repr(predict("00-writes", 1))
    assert "Noted" in repr(predict("00-writes", 2))
    assert "nothing to compare" in repr(compare("00-writes"))
    kubectl("create deployment web --image=nginx --replicas=3")
    told = repr(compare("00-writes", cluster))
    assert "You said: 2." in told
    assert "It was: 4." in told
    assert "the answer stands" in repr(predict("00-writes", 4))
    assert "prediction not what happened" in repr(score("00-start"))
    cluster_of(components=("etcd", "apiserver"))
    kubectl("create deployment web --image=nginx --replicas=3")
    assert "It was: 3." in repr(compare("00-quiet"))


# -- lesson 07 ---------------------------------------------------------------------------------------------------------


def test_one_pod() -> None:
    cluster = cluster_of()
    assert "no pod of yours" in repr(check("07-one-pod"))
    key = "  tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]\n"
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec:\n"
        + key
        + "  containers: [{name: main, image: nginx}]\n"
    )
    kubectl("apply -f -", pod.replace("NAME", "keyed"))
    assert "put it elsewhere" in repr(check("07-one-pod"))
    cluster.untaint("control-plane-1", "node-role.kubernetes.io/control-plane")
    assert "lost its taint" in repr(check("07-one-pod"))
    cluster.taint("control-plane-1", "node-role.kubernetes.io/control-plane:NoSchedule")
    run_cells(lesson_of("07").exercises[0].solution)
    assert "done" in repr(check("07-one-pod"))
    pinned = pod.replace("spec:\n" + key, "spec:\n  nodeName: control-plane-1\n").replace("NAME", "pinned")
    kubectl("apply -f -", pinned)
    assert "There are 2 pods" in repr(check("07-one-pod"))
    kubectl("delete pod single")
    assert "went around the scheduler" in repr(check("07-one-pod"))


def test_ninety_seconds() -> None:
    cluster = cluster_of()
    assert "No node has a taint" in repr(check("07-ninety"))
    cluster.taint("worker-1", "repair:NoExecute")
    assert "no pod there has a toleration" in repr(check("07-ninety"))
    cluster.untaint("worker-1", "repair")
    right = lesson_of("07").exercises[1].solution
    run_cells(right.replace("tolerationSeconds: 90", "tolerationSeconds: 30"))
    assert "leaves 30 s after the taint came" in repr(check("07-ninety"))
    kubectl("taint nodes worker-2 repair-")
    kubectl("delete pod patient --ignore-not-found")
    run_cells(right)
    before = cluster.clock.now_ms
    assert "done" in repr(check("07-ninety"))
    assert cluster.clock.now_ms == before
    assert [pod["metadata"]["name"] for pod in on_node(cluster, "worker-2")] == ["patient"]
    cluster.run("40s")
    assert "90 s after the taint came" in repr(check("07-ninety"))


def test_drain_with_a_budget() -> None:
    cluster_of()
    assert "no Deployment called shop" in repr(check("07-drain"))
    kubectl("create deployment shop --image=nginx --replicas=4")
    assert "No disruption budget" in repr(check("07-drain"))
    kubectl("create pdb shop --selector=app=shop --min-available=3")
    assert "still takes pods" in repr(check("07-drain"))
    kubectl("drain worker-1")
    assert "done" in repr(check("07-drain"))


def test_a_budget_that_came_too_late_or_asked_for_too_little() -> None:
    cluster_of()
    kubectl("create deployment shop --image=nginx --replicas=4")
    kubectl("create pdb shop --selector=app=shop --min-available=1")
    kubectl("drain worker-1")
    assert "moments with only" in repr(check("07-drain"))


def test_a_drain_that_the_budget_stops() -> None:
    cluster_of()
    kubectl("create deployment shop --image=nginx --replicas=4")
    kubectl("create pdb shop --selector=app=shop --min-available=4")
    assert "global timeout reached" in kubectl("drain worker-1")
    assert "still on worker-1" in repr(check("07-drain"))


def test_the_spare_wheel() -> None:
    cluster = cluster_of()
    right = lesson_of("07").exercises[3].solution
    deployment = right.partition("\n")[2]
    assert "carries no taint" in repr(check("07-spare"))
    cluster.taint("worker-2", "spare:NoSchedule")
    assert "with the effect NoSchedule" in repr(check("07-spare"))
    cluster.untaint("worker-2", "spare")
    run_cells(deployment)
    kubectl("taint nodes worker-2 spare:PreferNoSchedule")
    told = repr(check("07-spare"))
    assert "while worker-1 still had room" in told or "They are on" in told
    assert "does a sign move anybody who is inside" in told
    kubectl("delete deployment line")
    assert "There are 0 pods" in repr(check("07-spare"))
    run_cells(deployment.replace("1500m", "100m"))
    assert "asks for 100m of cpu" in repr(check("07-spare"))
    kubectl("delete deployment line")
    run_cells(deployment.replace("    spec:\n", "    spec:\n      nodeSelector: {kubernetes.io/os: linux}\n"))
    assert "sent there by a selector" in repr(check("07-spare"))
    kubectl("delete deployment line")
    run_cells(deployment)
    assert "done" in repr(check("07-spare"))


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_solution_of_the_spare_wheel(seed: int) -> None:
    cluster_of(seed)
    run_cells(lesson_of("07").exercises[3].solution)
    assert repr(check("07-spare")).startswith("✔"), f"seed {seed}"


def test_predictions_of_lesson_07() -> None:
    cluster = cluster_of()
    assert "Answer with a number" in repr(predict("07-empty", "none"))
    predict("07-empty", 0)
    assert "nothing to compare" in repr(compare("07-empty"))
    kubectl("create deployment web --image=nginx --replicas=6")
    assert repr(compare("07-empty")).startswith("✔")
    assert "not cordoned" in repr(compare("07-cordon"))
    cluster.cordon("worker-1")
    assert "It was: 2." in repr(compare("07-cordon"))


# -- progress ----------------------------------------------------------------------------------------------------------


def test_progress_outlives_the_kernel(tmp_path: Path) -> None:
    cluster_of()
    check("07-one-pod")
    predict("07-empty", 3)
    _Kept.progress = None
    assert progress()["07-one-pod"]["attempts"] == 1
    assert progress()["07-empty"]["answer"] == 3
    again("07-taints")
    assert progress()["07-empty"] == {}
    assert json.loads((tmp_path / "progress.json").read_text()) == {"version": 1, "entries": {}}


def test_two_notebooks_keep_each_others_progress(tmp_path: Path) -> None:
    one, two = Progress(tmp_path / "p.json"), Progress(tmp_path / "p.json")
    one.note("00-arrows", done=True)
    two.note("07-drain", done=True)
    assert set(Progress(tmp_path / "p.json").entries) == {"00-arrows", "07-drain"}


@pytest.mark.parametrize("text", ["{", "[]", '{"entries": 3}', ""])
def test_a_broken_file_is_set_aside(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text)
    kept = Progress(file)
    assert kept.entries == {}
    assert "set aside" in kept.trouble
    assert file.with_suffix(".broken").read_text() == text
    kept.note("00-arrows", done=True)
    assert Progress(file)["00-arrows"] == {"done": True}


def test_where_nothing_can_be_written_progress_is_kept_in_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    kept = Progress(blocked / "p.json")
    kept.note("00-arrows", done=True)
    assert kept["00-arrows"] == {"done": True}
    assert "cannot be kept" in kept.trouble


def test_static_notebooks_keep_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CP_STATIC", "1")
    cluster_of()
    check("07-one-pod")
    assert not (tmp_path / "progress.json").exists()


# -- the words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(LESSONS))
def test_every_exercise_says_what_it_wants(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CP_STATIC", "1")
    lesson = lesson_of(number)
    assert 2 <= len(lesson.exercises) <= 4
    for exercise in lesson.exercises:
        assert exercise.name.startswith(number + "-")
        assert exercise.question.endswith("?")
        assert exercise.solution
        assert exercise.hint
        assert exercise.title in repr(task(exercise.name))
        assert exercise.solution.split("\n")[0] in repr(solution(exercise.name))


def test_unknown_names_are_told_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match="this lesson has 07-one-pod"):
        check("07-nosuch")
    with pytest.raises(LookupError, match="the lessons are 00, 02, 06, 07, 08, 12, 13"):
        check("99-nosuch")


def test_without_a_cluster_a_check_says_how_to_make_one() -> None:
    use()
    current.watch_names({})
    assert "there is no cluster yet" in repr(check("07-one-pod"))


def test_the_lines_that_did_it() -> None:
    source = read_code(lesson_of, "module = ", "raise LookupError")
    assert source.place == "cp_sim/course/lesson.py: lesson_of"
    assert source.text.startswith("module = ")
    assert "raise" in source.text.split("\n")[-1]
