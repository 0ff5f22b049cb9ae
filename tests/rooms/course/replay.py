"""Plays the recorded sessions of the real kubectl against a simulated cluster, and says where the words agree.

    PYTHONPATH=. python -m tests.rooms.course.replay [SESSION ...] [--show] [--write]

The recordings (`tests/golden/kubectl/sessions.jsonl.gz`) come from kubectl 1.37.1 and a real control plane v1.36.2 with
a stand-in kubelet that writes no events; so the events of ours are left out here.  `agreeing.json` pins the steps that
must go on agreeing.
"""

from __future__ import annotations

import gzip
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from cp_sim import Cluster, world
from cp_sim.course.kubectl import Invocation, Kubectl, Outcome
from cp_sim.course.kubectl.config import Context
from cp_sim.kubelet import NodeSpec
from cp_sim.kubelet.heartbeats import Heartbeats
from tests.rooms.course.normal import normal

GOLDEN = Path(__file__).parents[2] / "golden" / "kubectl"
SESSIONS = GOLDEN / "sessions.jsonl.gz"
AGREEING = GOLDEN / "agreeing.json"


def sessions() -> list[dict[str, Any]]:
    """All recorded sessions."""
    with gzip.open(SESSIONS, "rt") as lines:
        return [json.loads(line) for line in lines]


def recorded_cluster() -> Any:
    """A cluster like the recorded one: the same nodes, zones and addresses, no cloud, no events of kubelets."""
    role = world.CONTROL_PLANE_ROLE
    taint = {"key": role, "effect": "NoSchedule"}
    control_plane = NodeSpec(
        "control-plane-1",
        labels={role: ""},
        taints=[taint],
        static_pods=(),
        addresses=["127.0.0.11"],
        control_plane=True,
    )
    workers = [NodeSpec(f"worker-{n}", zone="abc"[n - 1], addresses=[f"127.0.0.1{n + 1}"]) for n in (1, 2, 3)]
    components = [name for name in world.COMPONENTS if name != "cloud-controller-manager"]
    with mock.patch.object(world, "control_plane", return_value=control_plane):
        return Cluster(workers=0, nodes=workers, components=components, callers={"bob": (), "alice": (), "x": ("red",)})


class RecordedKubectl(Kubectl):
    """A kubectl with the recorded kubeconfig; other commands may run while one of its commands waits."""

    def __init__(self, cluster: Any, namespace: str, files: dict[str, str]) -> None:
        super().__init__(cluster, namespace=namespace, files=files)
        self.config.users = ["admin", "bob"]
        self.config.contexts["as-bob"] = Context("course", "bob", namespace)
        self.during: list[tuple[int, str]] = []

    def interrupt(self) -> None:
        """Run the commands that are due."""
        now = self.cluster.clock.now_ms
        while self.during and self.during[0][0] <= now:
            _, line = self.during.pop(0)
            during, self.during = self.during, []
            self.run(line)
            self.during = during


def play(session: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Outcome | None, str]]:
    """(step, outcome, what broke) for each step of a session."""
    with mock.patch.object(Heartbeats, "emit", return_value=None):
        cluster = recorded_cluster()
        namespace = session["namespace"]
        for node in cluster.get("nodes"):
            cluster.annotate(
                f"node/{node['metadata']['name']}", "volumes.kubernetes.io/controller-managed-attach-detach-"
            )
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        cluster.run("1s")
        cluster.settle()
        kubectl = RecordedKubectl(cluster, namespace, session["files"])
        passed = Invocation.pass_time

        def pass_time(invocation: Invocation, duration_ms: int) -> None:
            passed(invocation, duration_ms)
            kubectl.interrupt()

        with mock.patch.object(Invocation, "pass_time", pass_time):
            for step in session["steps"]:
                yield _step(kubectl, session, step)


def _step(kubectl: RecordedKubectl, session: dict[str, Any], step: dict[str, Any]) -> tuple[Any, Outcome | None, str]:
    now = kubectl.cluster.clock.now_ms
    try:
        kubectl.cluster.run(int(1000 * step.get("sleep_before", 1)))
        kubectl.during = [(now + 1200 + 600 * i, line) for i, line in enumerate(step.get("during") or ())]
        words = shlex.split(step["cmd"])
        if step.get("stop_after"):
            words.append(f"--request-timeout={int(step['stop_after'])}s")
        outcome = kubectl.run(words, stdin=session["files"].get(step.get("stdin", ""), ""))
        kubectl.cluster.settle()
        return step, outcome, ""
    except Exception as error:
        return step, None, f"{type(error).__name__}: {error}"


def agrees(session: dict[str, Any], step: dict[str, Any], outcome: Outcome | None) -> bool:
    """Whether an outcome says what the recording says."""
    if outcome is None:
        return False
    spared = "\n".join(session["files"].values()) + "\n" + "\n".join(each["cmd"] for each in session["steps"])
    masks = {"mask_nodes": session["nodes_masked"]}
    out, err = normal(outcome.stdout, spared, **masks), normal(outcome.stderr, spared, **masks)
    if step["match"] == "unstable":
        return True
    if step["match"] == "partial":
        return all(line in out.split("\n") for line in step.get("common_stdout") or ()) and all(
            line in err.split("\n") for line in step.get("common_stderr") or ()
        )
    if (outcome.code != 0) != (step["rc"] != 0) and not step.get("stop_after"):
        return False
    if step["match"] == "any-order":
        return sorted(out.split("\n")) == sorted(step["norm_stdout"].split("\n")) and sorted(err.split("\n")) == sorted(
            step["norm_stderr"].split("\n")
        )
    return out == step["norm_stdout"] and err == step["norm_stderr"]


def measure(names: list[str]) -> dict[str, list[int]]:
    """The places of the agreeing steps, by session."""
    agreeing = {}
    for session in sessions():
        if names and session["name"] not in names:
            continue
        results = list(play(session))
        agreeing[session["name"]] = [
            i for i, (step, outcome, _) in enumerate(results) if agrees(session, step, outcome)
        ]
        print(f"{session['name']:24} {len(agreeing[session['name']]):3} of {len(results)}", flush=True)
        for i, (step, outcome, broke) in enumerate(results):
            if (names or "--show" in sys.argv) and i not in agreeing[session["name"]]:
                _show(step, outcome, broke)
    total = sum(len(session["steps"]) for session in sessions() if session["name"] in agreeing)
    print(f"{sum(map(len, agreeing.values()))} of {total} steps agree")
    return agreeing


def _show(step: dict[str, Any], outcome: Outcome | None, broke: str) -> None:
    print(f"$ {step['cmd']}  (wanted rc {step['rc']}, got {outcome.code if outcome else broke})")
    for stream in ("stdout", "stderr"):
        wanted, got = (
            step[f"norm_{stream}"].split("\n"),
            normal(getattr(outcome, stream, "") or "", mask_nodes="<NODE>" in step["norm_stdout"]).split("\n"),
        )
        for k in range(max(len(wanted), len(got))):
            pair = (wanted[k] if k < len(wanted) else None, got[k] if k < len(got) else None)
            if pair[0] != pair[1]:
                print(f"    {stream} line {k}\n      wanted {pair[0]!r}\n      got    {pair[1]!r}")
                break


if __name__ == "__main__":
    words = sys.argv[1:]
    found = measure([word for word in words if not word.startswith("--")])
    if "--write" in words:
        AGREEING.write_text(json.dumps(found) + "\n")
