from __future__ import annotations

import pytest

from cp_sim.taints import changed_taints, format_taint, parse_taint

ROLE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
GPU = {"key": "gpu", "value": "yes", "effect": "NoExecute"}


def test_taints_are_read_and_written_as_kubectl_does() -> None:
    for text in ("gpu=yes:NoExecute", "node-role.kubernetes.io/control-plane:NoSchedule"):
        assert format_taint(parse_taint(text)) == text


def test_adding_and_removing() -> None:
    assert changed_taints([ROLE], ["gpu=yes:NoExecute"]) == [ROLE, GPU]
    assert changed_taints([ROLE, GPU], ["node-role.kubernetes.io/control-plane:NoSchedule-"]) == [GPU]
    assert changed_taints([ROLE, GPU], ["gpu-"]) == [ROLE]
    assert changed_taints([GPU], ["gpu=yes:NoExecute-"]) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("spot:NoSchedule-", 'taint "spot:NoSchedule" not found'),
        ("gpu", "is not a taint"),
        ("gpu:Never", "the effect of a taint is"),
        ("gpu:Never-", "the effect of a taint is"),
        ("gpu=no:NoExecute", "there is already a taint"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(change: str, sentence: str) -> None:
    before = [dict(GPU)]
    with pytest.raises(ValueError, match=sentence):
        changed_taints(before, [change])
    assert before == [GPU]
