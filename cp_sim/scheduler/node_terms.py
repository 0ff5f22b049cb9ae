"""What is wrong with a node selector term of a configuration, in the words of the scheduler's own parser.

*In Kubernetes:* k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go and `NewRequirement` in
k8s.io/apimachinery/pkg/labels/selector.go; other words than the API server has for the same mistakes in a pod.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, invalid, not_supported
from cp_sim.objects.selectors import integer

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")


def node_term(term: dict[str, Any], at: str, causes: Causes) -> None:
    """One `NodeSelectorTerm`."""
    for place, one in enumerate(term.get("matchExpressions") or ()):
        _expression(one, f"{at}.matchExpressions[{place}]", causes)
    for place, one in enumerate(term.get("matchFields") or ()):
        where, values = f"{at}.matchFields[{place}]", one.get("values") or []
        if one.get("operator") not in ("In", "NotIn"):
            causes.append(not_supported(f"{where}.operator", one.get("operator", ""), ("In", "NotIn")))
        elif len(values) != 1:
            causes.append(invalid(f"{where}.values", values, "must have one element"))


def _expression(one: dict[str, Any], at: str, causes: Causes) -> None:
    key, operator, values = one.get("key", ""), one.get("operator", ""), one.get("values") or []
    if operator not in OPERATORS:
        causes.append(not_supported(f"{at}.operator", operator, OPERATORS))
        return
    for problem in names.qualified_name(key):
        causes.append(invalid(f"{at}.key", key, problem))
    problem = ""
    if operator in ("In", "NotIn") and not values:
        problem = "for 'in', 'notin' operators, values set can't be empty"
    elif operator in ("Exists", "DoesNotExist") and values:
        problem = "values set must be empty for exists and does not exist"
    elif operator in ("Gt", "Lt") and len(values) != 1:
        problem = "for 'Gt', 'Lt' operators, exactly one value is required"
    if problem:
        causes.append(invalid(f"{at}.values", values, problem))
    for place, value in enumerate(values):
        if operator in ("Gt", "Lt") and integer(value) is None:
            text = "for 'Gt', 'Lt' operators, the value must be an integer"
            causes.append(invalid(f"{at}.values[{place}]", value, text))
        for problem in names.label_value(value):
            causes.append(invalid(f"{at}.values[{place}][{key}]", value, problem))
