"""`matchLabelKeys` and `mismatchLabelKeys` of a pod's rules, written into their label selectors.

*In Kubernetes:* `mutatePodAffinity` and `mutateTopologySpreadConstraints` in pkg/registry/core/pod/strategy.go: the API
server does it once, when the pod is created, so that the scheduler only ever reads selectors.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def merged(spec: Object, labels: dict[str, str]) -> Object:
    """A pod's spec with its label keys written into the selectors; itself where nothing has to be.

    What stands in a selector already is not written again, so that a stored pod stays as it is.
    """
    constraints = spec.get("topologySpreadConstraints")
    if constraints and any(one.get("matchLabelKeys") for one in constraints):
        spec = {**spec, "topologySpreadConstraints": [_with_keys(one, labels) for one in constraints]}
    if spec.get("affinity"):
        affinity = _affinity(spec["affinity"], labels)
        if affinity is not spec["affinity"]:
            spec = {**spec, "affinity": affinity}
    return spec


def _affinity(given: Object, labels: dict[str, str]) -> Object:
    made = given
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = given.get(kind)
        if not rules or not any(_has_keys(term) for term in _terms(rules)):
            continue
        filled = dict(rules)
        if rules.get(REQUIRED):
            filled[REQUIRED] = [_with_keys(term, labels) for term in rules[REQUIRED]]
        if rules.get(PREFERRED):
            filled[PREFERRED] = [
                {**one, "podAffinityTerm": _with_keys(one.get("podAffinityTerm") or {}, labels)}
                for one in rules[PREFERRED]
            ]
        made = {**made, kind: filled}
    return made


def _terms(rules: Object) -> list[Object]:
    preferred = [one.get("podAffinityTerm") or {} for one in rules.get(PREFERRED) or ()]
    return [*(rules.get(REQUIRED) or ()), *preferred]


def _has_keys(term: Object) -> bool:
    return bool(term.get("matchLabelKeys") or term.get("mismatchLabelKeys"))


def _with_keys(term: Object, labels: dict[str, str]) -> Object:
    """A term or constraint with the pod's own label values in its selector; without a selector it matches nothing,
    and stays so.
    """
    selector = term.get("labelSelector")
    if selector is None:
        return term
    present = selector.get("matchExpressions") or []
    more: list[Object] = []
    for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(field) or ():
            wanted = {"key": key, "operator": operator, "values": [labels.get(key)]}
            if key in labels and wanted not in present:
                more.append(wanted)
    return {**term, "labelSelector": {**selector, "matchExpressions": [*present, *more]}} if more else term
