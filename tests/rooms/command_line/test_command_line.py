"""`cp-sim replay`, and what all commands do: files in, answers out, one sentence for what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cp_sim.__main__ import main


def answers(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


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
