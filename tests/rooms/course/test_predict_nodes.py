"""Guessing nodes: what is kept, what is refused, how it is judged and drawn, in code and in the form."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.course import again, compare_nodes, guess_of, guessed, predict_nodes, reveal_nodes, use
from cp_sim.course.lesson import node_question
from cp_sim.course.lessons.clusters_06 import exam, six, workshop
from cp_sim.course.manifest import pod
from cp_sim.course.panel import node_panel
from cp_sim.course.predict_nodes import outcomes
from cp_sim.course.progress import _Kept
from cp_sim.course.wants import wants
from tests.rooms.course.learner import cluster_of

pytestmark = pytest.mark.usefixtures("own_progress")


def created(cluster: Any, *manifests: Any) -> Any:
    cluster.apply(list(manifests))
    return cluster.settle()


def workshop_in_use(seed: int = 7) -> Any:
    cluster = workshop(seed)
    use(cluster)
    return cluster


def test_the_question_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CP_STATIC", "1")
    workshop_in_use()
    told = repr(predict_nodes("06-first"))
    assert "web: 500m cpu, 512Mi memory" in told
    assert "The nodes: control-plane-1, worker-1, worker-2, worker-3; or `nowhere`" in told
    assert 'predict_nodes("06-first", {"web": "…"})' in told
    predict_nodes("06-first", {"web": "worker-2"})
    assert "You said: web → worker-2" in repr(predict_nodes("06-first"))
    again("06-scheduler")


def test_a_guess_is_kept_and_compared() -> None:
    cluster = workshop_in_use()
    assert "nothing to compare" in repr(compare_nodes("06-first"))
    assert "Noted" in repr(predict_nodes("06-first", {"web": "worker-1"}))
    assert "Noted" in repr(predict_nodes("06-first", {"web": "worker-3"}))
    _Kept.progress = None  # a kernel's restart
    assert guess_of("06-first") == {"web": "worker-3"}
    assert guess_of("06-first", "web") == "worker-3"
    assert guess_of("06-first", "other") == ""
    created(cluster, pod("web", "500m", "512Mi"))
    told = repr(compare_nodes("06-first"))
    assert "0 of 1 as you said" in told
    assert "web went to worker-2; you said worker-3. worker-3 cannot take default/web: NodeResourcesFit" in told
    assert "a guess comes before it" in repr(predict_nodes("06-first", {"web": "worker-2"}))


def test_after_the_truth_a_guess_stands_for_this_seed_only() -> None:
    cluster = workshop_in_use()
    predict_nodes("06-first", {"web": "worker-1"})
    created(cluster, pod("web", "500m", "512Mi"))
    compare_nodes("06-first")
    workshop_in_use()
    assert "the guess stands" in repr(predict_nodes("06-first", {"web": "worker-2"}))
    assert "Noted" in repr(predict_nodes("06-first", {"web": "worker-1"}))
    workshop_in_use(8)
    assert "Noted" in repr(predict_nodes("06-first", {"web": "worker-2"}))


@pytest.mark.parametrize(
    ("guess", "told"),
    [
        ({}, "Say a node for each pod"),
        ({"wep": "worker-1"}, "There is no pod 'wep' in this question; the pods are plain, picture"),
        ({"plain": "worker-9"}, "There is no node 'worker-9'; the nodes are control-plane-1, worker-1"),
        ({"plain": "worker-1"}, "Say a node for picture, too"),
    ],
)
def test_what_is_no_guess(guess: dict[str, str], told: str) -> None:
    use(exam(7))
    assert told in repr(predict_nodes("06-six", guess))
    assert guess_of("06-six") == {}


def test_any_pods_can_be_guessed() -> None:
    cluster = cluster_of()
    assert "not guessed any node yet" in repr(compare_nodes())
    predict_nodes({"web-1": "worker-1", "web-2": "nowhere"})
    created(cluster, pod("web-1", "1", nodeSelector={"kubernetes.io/hostname": "worker-1"}), pod("web-2", "9"))
    assert "2 of 2 as you said" in repr(compare_nodes())
    assert repr(compare_nodes()).startswith("✔")
    predict_nodes({"web-3": "worker-1"})
    assert guess_of() == {"web-3": "worker-1"}


def test_a_tie_counts() -> None:
    cluster = cluster_of(workers=3)
    names = ["worker-1", "worker-2", "worker-3"]
    predict_nodes({f"one-{name}": name for name in names})
    created(cluster, *(pod(f"one-{name}") for name in names))
    found = outcomes(cluster)
    verdicts = {one.verdict for one in found}
    assert verdicts <= {"right", "tied", "wrong"}
    first = cluster.trace.about("pods/default/one-worker-1")
    best = next(record.evidence for record in first if record.verb == "schedule").best
    assert len(best) == 3
    assert found[0].counts
    assert ("≈" in repr(compare_nodes())) == ("tied" in verdicts)


def test_the_picture() -> None:
    cluster = exam(7)
    use(cluster)
    guess = {name["metadata"]["name"]: "worker-1" for name in six(cluster)}
    predict_nodes("06-six", guess)
    created(cluster, *six(cluster))
    view = guessed(cluster, "06-six")
    right = sum(one.counts for one in outcomes(cluster, "06-six"))
    lines = str(view).splitlines()
    assert lines[0] == f"{right} of 6 guesses are right"
    assert lines[1].split()[0] == "POD"
    assert "nowhere" in lines[1]
    dreamer = next(line for line in lines if line.startswith("dreamer"))
    assert "○ no node" in dreamer
    assert dreamer.count("✕ NodeAffinity") == 4
    assert "pods/default/giant@worker-1" in view.ids
    assert view.svg.count("your guess") == 6


def test_the_truth_comes_after_a_guess() -> None:
    cluster = exam(7)
    use(cluster)
    assert "nothing was created" in repr(reveal_nodes("06-six"))
    assert len(cluster.get("pods")) == 1
    assert "Nothing to draw yet: the scheduler has not looked at a pod called plain yet" in str(
        guessed(cluster, "06-six")
    )
    predict_nodes("06-six", {one["metadata"]["name"]: "worker-1" for one in six(cluster)})
    told = repr(reveal_nodes("06-six"))
    assert "of 6 as you said" in told
    assert len(cluster.get("pods")) == 7
    assert repr(reveal_nodes("06-six")) == told
    assert "Nothing to draw yet" not in str(guessed(cluster, "06-six"))


def test_the_form_does_what_the_function_does() -> None:
    use(exam(7))
    panel = node_panel(node_question("06-six"))
    *rows, button, place = panel.children[1:]
    choices = [row.children[1] for row in rows]
    assert "plain" in rows[0].children[0].value
    assert choices[0].options == ("control-plane-1", "worker-1", "worker-2", "worker-3", "worker-4", "nowhere")
    choices[0].value = "worker-2"
    button.click()
    assert "Say a node for picture, too" in place.children[0].value
    for choice in choices:
        choice.value = "worker-3"
    button.click()
    assert "Noted" in place.children[0].value
    assert 'predict_nodes("06-six", {"plain": "worker-3"' in place.children[1].value
    assert guess_of("06-six")["late"] == "worker-3"
    assert [row.children[1].value for row in node_panel(node_question("06-six")).children[1:-2]] == ["worker-3"] * 6


def test_what_a_pod_wants_in_words() -> None:
    assert wants(pod("a")) == "no requests"
    spec: dict[str, Any] = {
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}]
    }
    assert wants(pod("a", "1", nodeSelector={"disk": "ssd"}, **spec)) == (
        "1 cpu; only nodes with disk=ssd; tolerates gpu:NoExecute for 60s"
    )
    affinity: dict[str, Any] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}
    spread = [{"topologyKey": "zone", "maxSkew": 1}]
    assert wants(pod("a", affinity=affinity, topologySpreadConstraints=spread, priorityClassName="high")) == (
        "no requests; keeps away from certain pods; spreads over zone with maxSkew 1; priority class high"
    )
