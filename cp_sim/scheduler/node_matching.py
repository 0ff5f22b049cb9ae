"""Which nodes a pod's node selector and node affinity mean.

*In Kubernetes:* k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.selectors import integer
from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo

Object = dict[str, Any]


def has_requirements(pod: PodInfo) -> bool:
    """Whether the pod says anything about the nodes it may go to."""
    return pod.facts.node_selector is not None or pod.facts.required_nodes is not None


def required(pod: PodInfo, nodes: Nodes) -> Column:
    """Which nodes match both the pod's nodeSelector and its required node affinity."""
    matching = columns.flags(len(nodes), True)
    for key, value in (pod.facts.node_selector or {}).items():
        matching = matching & label_is(nodes, key, [value])
    if pod.facts.required_nodes is not None:
        matching = matching & any_term(pod.facts.required_nodes, nodes)
    return matching


def any_term(terms: tuple[Object, ...], nodes: Nodes) -> Column:
    """Which nodes match at least one of the node selector terms."""
    matching = columns.flags(len(nodes))
    for term in terms:
        matching = matching | matches_term(term, nodes)
    return matching


def matches_term(term: Object, nodes: Nodes) -> Column:
    """Which nodes match every part of a node selector term; a term without parts matches none."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return columns.flags(len(nodes))
    matching = columns.flags(len(nodes), True)
    for field in fields:
        matching = matching & _matches_field(field, nodes)
    for expression in expressions:
        matching = matching & _matches_expression(expression, nodes)
    return matching


def _matches_field(field: Object, nodes: Nodes) -> Column:
    """`metadata.name` with In or NotIn; nothing else exists."""
    if field.get("key") != "metadata.name":
        return columns.flags(len(nodes))
    named = nodes.named(set(field.get("values") or ()))
    return named if field.get("operator") == "In" else ~named


def _matches_expression(expression: Object, nodes: Nodes) -> Column:
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or []
    if operator == "In":
        return label_is(nodes, key, values)
    if operator == "NotIn":
        # One that cannot be parsed matches nothing, rather than everything.
        if not values or any(names.label_value(value) for value in values):
            return columns.flags(len(nodes))
        return ~label_is(nodes, key, values)
    if operator == "Exists":
        return nodes.labels(key) >= 0
    if operator == "DoesNotExist":
        return nodes.labels(key) < 0
    return _compares(nodes, key, operator, values)


def label_is(nodes: Nodes, key: str, values: list[str]) -> Column:
    """Which nodes have one of the values at a label."""
    label = nodes.table.label(key)
    ids = nodes.labels(key)
    matching = columns.flags(len(nodes))
    for value in values:
        number = label.index.get(value)
        if number is not None:
            matching = matching | (ids == number)
    return matching


def matches_labels(selector: Object, nodes: Nodes) -> Column:
    """Which nodes a label selector matches; an empty one matches all."""
    matching = columns.flags(len(nodes), True)
    for key, value in (selector.get("matchLabels") or {}).items():
        matching = matching & label_is(nodes, key, [value])
    for expression in selector.get("matchExpressions") or ():
        matching = matching & _matches_expression(expression, nodes)
    return matching


def _compares(nodes: Nodes, key: str, operator: str, values: list[str]) -> Column:
    """Gt and Lt: both sides have to be whole numbers."""
    bound = integer(values[0]) if len(values) == 1 else None
    if bound is None:
        return columns.flags(len(nodes))
    numbers = nodes.table.label(key).numbers()
    wanted = [number is not None and (number > bound if operator == "Gt" else number < bound) for number in numbers]
    return columns.looked_up(columns.of([int(one) for one in wanted]), nodes.labels(key)) > 0
