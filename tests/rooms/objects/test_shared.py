"""Parts that pods have in common: read once, judged once, and never mixed up."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cp_sim.objects import defaults, strict
from cp_sim.objects.causes import Causes, required
from cp_sim.objects.kinds import KINDS
from cp_sim.objects.shared import Same, check_once

PODS = KINDS["pods"]
Object = dict[str, Any]


def pod(image: str = "nginx", cpu: Any = "1", **spec: Any) -> Object:
    box = {"name": "web", "image": image, "resources": {"requests": {"cpu": cpu}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [box], **spec}}


def read(body: Object, shared: bool = True) -> Object:
    return strict.decode(PODS, copy.deepcopy(body), shared=shared).object


def test_what_is_written_alike_is_one_object_and_equal_to_what_is_read_alone() -> None:
    body = pod(cpu="0.5", tolerations=[{"operator": "Exists"}])
    one, other, alone = read(body), read(body), read(body, shared=False)
    assert one == other == alone
    for field in ("containers", "tolerations"):
        assert one["spec"][field] is other["spec"][field]
        assert one["spec"][field] is not alone["spec"][field]
    filled = [defaults.apply(PODS, obj) for obj in (one, other, alone)]
    assert filled[0] == filled[1] == filled[2]
    assert filled[0]["spec"]["containers"] is filled[1]["spec"]["containers"]


@pytest.mark.parametrize("changed", [{"image": "nginx:1"}, {"cpu": 1}, {"cpu": 1.0}, {"cpu": "1000m"}])
def test_what_is_written_otherwise_is_another_object(changed: Object) -> None:
    one, other = read(pod()), read(pod(**changed))
    assert one["spec"]["containers"] is not other["spec"]["containers"]
    assert other == read(pod(**changed), shared=False)


def test_nobody_who_edits_what_he_sent_changes_what_others_share() -> None:
    mine = pod(image="edited")
    first = strict.decode(PODS, mine, shared=True).object
    mine["spec"]["containers"][0]["image"] = "later"
    assert first["spec"]["containers"][0]["image"] == "edited"
    assert read(pod(image="edited"))["spec"]["containers"][0]["image"] == "edited"


def test_faults_are_told_with_the_path_at_which_they_stand() -> None:
    wrong = {**pod(), "spec": {"containers": [{"name": 5}]}}
    with pytest.raises(strict.DecodeError) as alone:
        read(wrong, shared=False)
    for _ in range(2):
        with pytest.raises(strict.DecodeError) as together:
            read(wrong)
        assert str(together.value) == str(alone.value)
        assert strict.decode(PODS, pod(tolerations=[{"colour": 1}]), shared=True).problems == (
            'unknown field "spec.tolerations[0].colour"',
        )


def test_only_the_same_object_counts_as_judged() -> None:
    judged: list[str] = []

    def check(given: Object, at: str, causes: Causes) -> None:
        judged.append(at)
        if not given.get("name"):
            causes.append(required(f"{at}.name"))

    good, bad = {"name": "a"}, {"name": ""}
    found: Causes = []
    check_once(check, good, "x", found)
    check_once(check, good, "y", found)
    assert (judged, found) == ([""], [])
    check_once(check, dict(good), "z", found)
    assert judged == ["", ""]
    for place in ("p", "q"):
        check_once(check, bad, place, found)
    assert [cause.field for cause in found] == ["p.name", "q.name"]
    assert Same(good) == Same(good) != Same(dict(good))
