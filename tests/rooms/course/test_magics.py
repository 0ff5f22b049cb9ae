"""`%kubectl` in IPython, the forms of a live notebook, and the deck."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.course import current, use
from cp_sim.course.deck import answer, ask, question, scene
from cp_sim.course.magics import run
from cp_sim.course.progress import _Kept, progress

IPython = pytest.importorskip("IPython")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("CP_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("CP_STATIC", raising=False)
    made = InteractiveShell()
    made.run_line_magic("load_ext", "cp_sim.course")
    yield made
    use()
    current.watch_names({})
    _Kept.progress = None


def test_the_magic_speaks_to_the_cluster_of_the_notebook(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_line_magic("kubectl", "get pods")
    assert "there is no cluster yet" in capsys.readouterr().err
    shell.user_ns["other"] = Cluster(workers=1, seed=1)
    shell.run_line_magic("kubectl", "get nodes -o name")
    assert capsys.readouterr().out == "node/control-plane-1\nnode/worker-1\n"
    shell.user_ns["cluster"] = Cluster(workers=2, seed=1)
    shell.run_line_magic("kubectl", "get nodes -o name")
    assert capsys.readouterr().out.endswith("node/worker-2\n")
    use(shell.user_ns["other"])
    shell.run_line_magic("kubectl", "get nodes -o name")
    assert capsys.readouterr().out.endswith("node/worker-1\n")


def test_a_cell_is_the_standard_input(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["cluster"] = Cluster(workers=1, seed=1)
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: red}\n"
    shell.run_cell_magic("kubectl", "apply -f -", manifest)
    assert capsys.readouterr().out == "configmap/settings created\n"
    shell.run_cell_magic("kubectl", "apply -f -", manifest.replace("\ndata", "\ndate"))
    assert 'unknown field "date"' in capsys.readouterr().out


def test_after_a_change_the_cluster_rests_unless_told_not_to(shell: Any) -> None:
    cluster = shell.user_ns["cluster"] = Cluster(workers=1, seed=1)
    shell.run_line_magic("kubectl", "--no-settle create deployment web --image=nginx")
    assert cluster.get("pods") == []
    shell.run_line_magic("kubectl", "label deployment web a=b")
    assert [pod["status"]["phase"] for pod in cluster.get("pods")] == ["Running"]


def test_looking_does_not_move_time(shell: Any) -> None:
    cluster = shell.user_ns["cluster"] = Cluster(workers=1, seed=1)
    before = cluster.clock.now_ms
    for line in ("get pods", "get nodes -o wide", "describe node worker-1", "explain pod.spec", "get events -A"):
        shell.run_line_magic("kubectl", line)
    assert cluster.clock.now_ms - before < 1000


def test_the_forms_do_what_the_functions_do(shell: Any) -> None:
    from cp_sim.course.exercises import task
    from cp_sim.course.predict import predict

    shell.user_ns["cluster"] = Cluster(workers=2, seed=7)
    shell.run_line_magic("kubectl", "create deployment web --image=nginx --replicas=3")
    form = predict("00-writes")
    _, choice, button, place = form.children
    choice.value = 4
    button.click()
    assert progress()["00-writes"]["answer"] == 4
    assert 'predict("00-writes", 4)' in place.children[1].value
    panel = task("00-arrows")
    dropdowns = panel.children[1:6]
    for dropdown in dropdowns:
        dropdown.value = "kubelet"
    panel.children[6].children[0].click()
    assert "1 of 5 are right" in panel.children[7].children[0].value
    panel.children[6].children[2].click()
    assert "one way to do it" in panel.children[7].children[0].value


@pytest.mark.parametrize("seed", [7, 11])
def test_the_deck_tells_what_happened(seed: int) -> None:
    cluster = Cluster(workers=3, seed=seed)
    assert "6 are new" in repr(answer(cluster, "create deployment web --image=nginx --replicas=6"))
    inside = len(scene(cluster).pods["worker-1"])
    told = repr(answer(cluster, "taint nodes worker-1 repair=disk:NoExecute"))
    assert f"{inside} are gone" in told
    assert "worker-1: 0" in told
    assert "6 pods stayed where they were" in repr(answer(cluster, "wait 60s"))
    assert "Who might say no?" in question("drain worker-1")
    assert "come back" in repr(ask("taint nodes worker-1 repair:NoExecute-", 1))


def test_why_answers_in_one_sentence(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = shell.user_ns["cluster"] = Cluster(workers=2, seed=1)
    shell.run_line_magic("kubectl", "run web-1 --image=nginx")
    capsys.readouterr()
    shell.run_line_magic("why", "pod/web-1 control-plane-1")
    said = capsys.readouterr().out
    assert said == cluster.why_not("pod/web-1", "control-plane-1") + "\n"
    assert said.startswith("control-plane-1 cannot take default/web-1: TaintToleration rejected it: ")
    shell.run_line_magic("why", "web-1")
    assert capsys.readouterr().out.count("\n") == 3
    shell.run_line_magic("why", "-n kube-system etcd-control-plane-1 worker-1")
    assert "static pod" in capsys.readouterr().out
    for wrong, mend in (
        ("web-2 worker-1", "do you mean web-1?"),
        ("web-1 worker-3", "worker-2"),
        ("", "%why POD NODE"),
    ):
        shell.run_line_magic("why", wrong)
        assert mend in capsys.readouterr().err


def test_what_kubectl_does_not_know_is_marked(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["cluster"] = Cluster(workers=2, seed=1)
    shell.run_line_magic("kubectl", "run web-1 --image=nginx")
    capsys.readouterr()
    shell.run_line_magic("kubectl", "describe pod web-1")
    lines = capsys.readouterr().out.splitlines()
    marked = [line for line in lines if line.startswith("# cp-sim: ")]
    assert lines[-len(marked) :] == marked
    assert len(marked) == 4
    assert marked[0].startswith("# cp-sim: web-1 is on worker-")
    assert run("describe pod web-1").text.splitlines() == lines[: -len(marked)]
    for other in ("describe node worker-1", "get pods", "describe pods -n kube-system"):
        shell.run_line_magic("kubectl", other)
        assert "# cp-sim" not in capsys.readouterr().out
