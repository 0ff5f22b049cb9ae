"""The room against recorded answers: what was filled in, refused, patched and selected, word for word."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from cp_sim.objects import defaults, patches, selectors, strict, validation
from cp_sim.objects.kinds import KINDS, Kind
from cp_sim.objects.schema import root
from cp_sim.objects.wire_text import encode_patched
from tests.rooms.objects.golden import differences, rows

# What the registry and admission fill in after defaulting is not this room's.
_REGISTRY: dict[str, tuple[str, ...]] = {
    "pods": ("priority", "preemptionPolicy", "tolerations", "serviceAccount", "serviceAccountName"),
    "services": ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"),
    "namespaces": ("finalizers",),
    "nodes": ("taints",),
    "jobs.batch": ("selector",),
}
_METADATA = (
    "managedFields", "uid", "creationTimestamp", "resourceVersion", "generation", "namespace", "name",
    "deletionTimestamp", "deletionGracePeriodSeconds",
)  # fmt: skip


def _comparable(kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
    """A copy without what the registry fills in."""
    made: dict[str, Any] = json.loads(json.dumps(obj))
    for field in ("status", "apiVersion", "kind"):
        made.pop(field, None)
    metadata = made.get("metadata", {})
    dropped: tuple[str, ...] = _METADATA
    if kind.plural.startswith("persistentvolume"):
        dropped += ("finalizers",)
    if kind.plural == "daemonsets":
        dropped += ("annotations",)
    if kind.plural == "jobs":
        dropped += ("labels",)
        (made["spec"]["template"].get("metadata") or {}).pop("labels", None)
    for field in dropped:
        metadata.pop(field, None)
    for field in _REGISTRY.get(kind.resource, ()):
        (made.get("spec") or {}).pop(field, None)
    return made


def _decoded(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    return defaults.apply(kind, strict.decode(kind, body).object)


def test_defaults_are_those_that_were_recorded() -> None:
    cases = rows("defaults")
    assert len({case["resource"] for case in cases}) >= 30
    for case in cases:
        kind = KINDS[case["resource"]]
        made = _comparable(kind, _decoded(kind, case["body"]))
        found = differences(made, _comparable(kind, case["want"]))
        assert not found, f"{kind.resource} {json.dumps(case['body'])[:200]}: {found}"


def test_what_was_read_back_is_left_as_it_is() -> None:
    for case in rows("defaults"):
        kind = KINDS[case["resource"]]
        once = _decoded(kind, case["body"])
        assert _decoded(kind, once) == once, kind.resource
        assert strict.decode(kind, once).object is once, kind.resource


def test_refusals_have_the_recorded_causes_in_the_recorded_order() -> None:
    cases = rows("invalid")
    assert len(cases) > 450
    wrong: Counter[str] = Counter()
    for case in cases:
        kind, obj = KINDS[case["resource"]], case["object"]
        causes = validation.on_create(kind, obj)
        name = (obj.get("metadata") or {}).get("name", "")
        same = [cause.wire() for cause in causes] == case["causes"]
        if not same or validation.message(kind, name, causes) != case["message"]:
            wrong[f"{kind.resource}: {[str(cause) for cause in causes]}, recorded {case['message']}"] += 1
    assert not wrong, "\n".join(wrong)


def test_what_was_accepted_is_accepted() -> None:
    cases = rows("valid")
    assert len({case["resource"] for case in cases}) >= 28
    for case in cases:
        causes = validation.on_create(KINDS[case["resource"]], case["object"])
        assert not causes, f"{case['resource']}: {[str(cause) for cause in causes]}"


def test_refused_updates_have_the_recorded_causes() -> None:
    cases = rows("update")
    assert len(cases) > 120
    for case in cases:
        kind = KINDS[case["resource"]]
        causes = validation.on_update(kind, case["new"], case["old"], case["subresource"])
        assert [cause.wire() for cause in causes] == case["causes"], f"{kind.resource} {case['new']['metadata']}"


def test_patches_end_in_the_recorded_object_or_error() -> None:
    apply = {
        "json-patch": lambda kind, old, patch: patches.json_patch(old, patch),
        "merge-patch": lambda kind, old, patch: patches.merge_patch(old, patch),
        "strategic-merge-patch": patches.strategic_patch,
    }
    seen: Counter[str] = Counter()
    for case in rows("patch"):
        kind, type_ = KINDS[case["resource"]], case["type"]
        before = json.dumps(case["old"])
        seen[type_] += 1
        if "error" in case:
            with pytest.raises(patches.PatchError) as caught:
                apply[type_](kind, case["old"], case["patch"])
            assert str(caught.value) == case["error"]
            continue
        made = _decoded(kind, apply[type_](kind, case["old"], case["patch"]))
        made.pop("status", None)
        made["metadata"].pop("managedFields", None)
        found = differences(made, case["want"])
        assert not found, f"{kind.resource} {type_} {json.dumps(case['patch'])}: {found}"
        assert json.dumps(case["old"]) == before, "a patch edited what it was given"
    assert min(seen[type_] for type_ in apply) > 40


def test_bodies_that_cannot_be_read_have_the_recorded_message() -> None:
    cases = rows("decode")
    assert len(cases) > 100
    for case in cases:
        kind = KINDS[case["resource"]]
        try:
            problems = strict.decode(kind, strict.parse_json(case["body"])).problems
            message = strict.message(kind, strict.strict_error(problems))
        except strict.DecodeError as problem:
            message = strict.message(kind, str(problem))
        assert message == case["message"]


def test_patched_objects_are_shown_with_the_recorded_order_of_fields() -> None:
    cases = rows("patched_text")
    assert len(cases) > 60
    for case in cases:
        kind = KINDS[case["resource"]]
        struct = root("autoscaling/v1", "Scale") if case["scale"] else root(kind.api_version, kind.kind)
        assert encode_patched(struct, case["object"], case["patch"]) == case["text"], kind.resource


def test_selectors_parse_or_fail_as_recorded() -> None:
    failures = 0
    for case in rows("selectors"):
        error = None
        try:
            if case["labels"]:
                selectors.parse_labels(case["labels"])
            if case["fields"]:
                parsed = selectors.parse_fields(case["fields"])
                if case["resource"]:
                    parsed.check(KINDS[case["resource"]])
        except selectors.SelectorError as problem:
            error = str(problem)
        if case["error"] is not None or error is not None:
            failures += 1
            assert error == case["error"], case
    assert failures > 60
