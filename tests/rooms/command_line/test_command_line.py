"""`cp-sim schedule` and `cp-sim replay`: files in, answers out, one sentence for what cannot be read."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from cp_sim.__main__ import main


def node(name: str, cpu: str) -> dict[str, Any]:
    capacity = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name}}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def pod(name: str, cpu: str, node_name: str = "") -> dict[str, Any]:
    container = {"name": "web", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}
    spec: dict[str, Any] = {"containers": [container], **({"nodeName": node_name} if node_name else {})}
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": "Pending"}}


SCENARIO = {
    "name": "two nodes",
    "objects": [node("small", "1"), node("large", "4"), pod("there", "3500m", "large")],
    "pending": [pod("fits", "900m"), pod("too-big", "2")],
}


def answers(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_scenarios_are_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    path = tmp_path / f"scenarios.{ending}"
    lines = (json.dumps(SCENARIO) + "\n").encode() * 2
    path.write_bytes(gzip.compress(lines) if ending.endswith("gz") else lines)
    assert main(["schedule", str(path)]) == 0
    found = answers(capsys)
    assert [answer["name"] for answer in found] == ["two nodes", "two nodes"]
    assert [(entry["pod"], entry["node"]) for entry in found[0]["got"]] == [
        ("default/fits", "small"),
        ("default/too-big", None),
    ]
    assert found[0]["got"][1]["message"].startswith("0/2 nodes are available: 2 Insufficient cpu.")


def test_a_dump_of_a_cluster_is_decided(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    dump = {"apiVersion": "v1", "kind": "List", "items": SCENARIO["objects"] + SCENARIO["pending"]}  # type: ignore[operator]
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(dump, indent=2)))
    assert main(["schedule", "-"]) == 0
    assert [entry["node"] for entry in answers(capsys)[0]["got"]] == ["small", None]


def test_a_trace_is_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "traces.jsonl"
    operations = [
        {"i": 0, "op": "put", "req": {"key": "/a", "value": "1"}},
        {"i": 1, "op": "range", "req": {"key": "/a"}},
    ]
    path.write_text(json.dumps({"trace": 0, "ops": operations}) + "\n")
    assert main(["replay", str(path)]) == 0
    found = answers(capsys)[0]["ops"]
    assert found[0]["resp"]["rev"] == 2
    assert "1" in found[1]["resp"]["kvs"][0]


@pytest.mark.parametrize(
    ("command", "text", "words"),
    [
        ("schedule", '{"objects": []}\n', "is neither a scenario"),
        ("schedule", '{"objects": [], "pending": []}\n{"objects": ', "line 2 of"),
        ("schedule", "kind: Pod\n", "neither JSON lines nor a JSON document"),
        ("schedule", "[1, 2]\n", "is neither a scenario"),
        ("schedule", '{"objects": [3], "pending": []}\n', "cannot be scheduled"),
        ("replay", "nonsense\n", "line 1 is not JSON"),
        ("replay", "{}\n", 'it has no list "ops"'),
    ],
)
def test_what_cannot_be_read_gets_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, text: str, words: str
) -> None:
    path = tmp_path / "input.jsonl"
    path.write_text(text)
    assert main([command, str(path)]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert told.startswith("cp-sim: ")
    assert len(told.splitlines()) == 1


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "no-such-file.jsonl"]) == 1
    assert "no-such-file.jsonl cannot be read" in capsys.readouterr().err


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage: cp-sim" in capsys.readouterr().out
