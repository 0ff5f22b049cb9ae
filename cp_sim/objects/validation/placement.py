"""Where a pod may run: affinity, tolerations, spreading.

Source: `validateAffinity`, `ValidateTolerations`, `validateTopologySpreadConstraints`, `ValidateNodeSelector` in
`pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_supported, required
from cp_sim.objects.validation.common import dns_label, qualified, selector, strict_ip

Object = dict[str, Any]

EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def tolerations(given: list[Object], at: str, causes: Causes) -> None:
    """`spec.tolerations`."""
    for index, toleration in enumerate(given):
        path = f"{at}[{index}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        value, effect = toleration.get("value", ""), toleration.get("effect", "")
        if key:
            for problem in names.qualified_name(key):
                causes.append(invalid(f"{path}.key", key, problem))
        if not key and operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            causes.append(invalid(f"{path}.operator", operator, text))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            causes.append(invalid(f"{path}.effect", effect, text))
        if operator in ("Equal", ""):
            problems = names.label_value(value)
            if problems:
                causes.append(invalid(f"{path}.operator", value, ";".join(problems)))
        elif operator == "Exists":
            if value:
                text = "value must be empty when `operator` is 'Exists'"
                causes.append(invalid(f"{path}.operator", value, text))
        else:
            causes.append(not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
        if effect:
            taint_effect(effect, True, f"{path}.effect", causes)


def taint_effect(effect: str, may_be_empty: bool, at: str, causes: Causes) -> None:
    """The effect of a taint or toleration."""
    if (may_be_empty and not effect) or effect in EFFECTS:
        return
    if not effect:
        causes.append(required(at))
    else:
        causes.append(not_supported(at, effect, ("NoSchedule", "PreferNoSchedule", "NoExecute")))


def affinity(given: Object, at: str, causes: Causes) -> None:
    """`spec.affinity`."""
    node = given.get("nodeAffinity")
    if node is not None:
        path = f"{at}.nodeAffinity"
        if node.get(_REQUIRED) is not None:
            node_selector(node[_REQUIRED], f"{path}.{_REQUIRED}", causes)
        for index, term in enumerate(node.get(_PREFERRED) or ()):
            where = f"{path}.{_PREFERRED}[{index}]"
            _weight(term, where, causes)
            node_term(term.get("preference") or {}, f"{where}.preference", causes, may_be_empty=True)
    for field in ("podAffinity", "podAntiAffinity"):
        given_here = given.get(field)
        if given_here is None:
            continue
        path = f"{at}.{field}"
        for index, term in enumerate(given_here.get(_REQUIRED) or ()):
            _pod_term(term, f"{path}.{_REQUIRED}[{index}]", causes)
        for index, weighted in enumerate(given_here.get(_PREFERRED) or ()):
            where = f"{path}.{_PREFERRED}[{index}]"
            _weight(weighted, where, causes)
            _pod_term(weighted.get("podAffinityTerm") or {}, f"{where}.podAffinityTerm", causes)


def _weight(term: Object, at: str, causes: Causes) -> None:
    weight = term.get("weight", 0)
    if not 1 <= weight <= 100:
        causes.append(invalid(f"{at}.weight", weight, "must be in the range 1-100"))


def node_selector(given: Object, at: str, causes: Causes) -> None:
    """A `NodeSelector`."""
    terms = given.get("nodeSelectorTerms") or []
    if not terms:
        causes.append(required(f"{at}.nodeSelectorTerms", "must have at least one node selector term"))
    for index, term in enumerate(terms):
        node_term(term, f"{at}.nodeSelectorTerms[{index}]", causes)


def node_term(term: Object, at: str, causes: Causes, may_be_empty: bool = False) -> None:
    """One `NodeSelectorTerm`."""
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        _node_requirement(expression, f"{at}.matchExpressions[{index}]", causes)
    for index, expression in enumerate(term.get("matchFields") or ()):
        _node_field(expression, f"{at}.matchFields[{index}]", causes)


def _node_requirement(given: Object, at: str, causes: Causes) -> None:
    operator, values = given.get("operator", ""), given.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            causes.append(required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            causes.append(forbidden(f"{at}.values", text))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            causes.append(required(f"{at}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        causes.append(invalid(f"{at}.operator", operator, "not a valid selector operator"))
    qualified(given.get("key", ""), f"{at}.key", causes)
    for index, value in enumerate(values):
        for problem in names.label_value(value):
            causes.append(invalid(f"{at}.values[{index}]", value, problem))


def _node_field(given: Object, at: str, causes: Causes) -> None:
    operator, values = given.get("operator", ""), given.get("values") or ()
    if operator in ("In", "NotIn"):
        if len(values) != 1:
            text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            causes.append(required(f"{at}.values", text))
    else:
        causes.append(invalid(f"{at}.operator", operator, "not a valid selector operator"))
    key = given.get("key", "")
    if key != "metadata.name":
        causes.append(invalid(f"{at}.key", key, "not a valid field selector key"))
        return
    for index, value in enumerate(values):
        for problem in names.dns_subdomain(value):
            causes.append(invalid(f"{at}.values[{index}]", value, problem))


def _pod_term(term: Object, at: str, causes: Causes) -> None:
    if term.get("labelSelector") is not None:
        selector(term["labelSelector"], f"{at}.labelSelector", causes)
    if term.get("namespaceSelector") is not None:
        selector(term["namespaceSelector"], f"{at}.namespaceSelector", causes)
    for name in term.get("namespaces") or ():
        for problem in names.dns_label(name, "characters"):
            causes.append(invalid(f"{at}.namespace", name, problem))
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        for index, key in enumerate(term.get(field) or ()):
            for problem in names.qualified_name(key):
                causes.append(invalid(f"{at}.{field}[{index}]", key, problem))
    key = term.get("topologyKey", "")
    if not key:
        causes.append(required(f"{at}.topologyKey", "can not be empty"))
    qualified(key, f"{at}.topologyKey", causes)


def spread(given: list[Object], at: str, causes: Causes) -> None:
    """`spec.topologySpreadConstraints`."""
    seen: set[tuple[str, str]] = set()
    for index, one in enumerate(given):
        path = f"{at}[{index}]"
        skew, key = one.get("maxSkew", 0), one.get("topologyKey", "")
        if skew <= 0:
            causes.append(invalid(f"{path}.maxSkew", skew, "must be greater than zero"))
        if not key:
            causes.append(required(f"{path}.topologyKey", "can not be empty"))
        else:
            qualified(key, f"{path}.topologyKey", causes)
        action = one.get("whenUnsatisfiable", "")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            causes.append(not_supported(f"{path}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway")))
        if (key, action) in seen:
            causes.append(duplicate(f"{path}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
        seen.add((key, action))
        domains = one.get("minDomains")
        if domains is not None:
            if domains <= 0:
                causes.append(invalid(f"{path}.minDomains", domains, "must be greater than zero"))
            if action != "DoNotSchedule":
                text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
                causes.append(invalid(f"{path}.minDomains", domains, text))
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            policy = one.get(field)
            if policy is not None and policy not in ("Honor", "Ignore"):
                causes.append(not_supported(f"{path}.{field}", policy, ("Honor", "Ignore")))
        for place, label in enumerate(one.get("matchLabelKeys") or ()):
            for problem in names.qualified_name(label):
                causes.append(invalid(f"{path}.matchLabelKeys[{place}]", label, problem))
        if one.get("labelSelector") is not None:
            selector(one["labelSelector"], f"{path}.labelSelector", causes)


def taints(given: list[Object], at: str, causes: Causes) -> None:
    """`spec.taints` of a node."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(given):
        path = f"{at}[{index}]"
        key, value, effect = taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
        qualified(key, f"{path}.key", causes)
        problems = names.label_value(value)
        if problems:
            causes.append(invalid(f"{path}.value", value, ";".join(problems)))
        taint_effect(effect, False, f"{path}.effect", causes)
        if (key, effect) in seen:
            shown = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": taint.get("timeAdded")}
            text = "taints must be unique by key and effect pair"
            causes.append(duplicate(path, shown, text))
        seen.add((key, effect))


def dns_config(given: Object, policy: str, at: str, causes: Causes) -> None:
    """`spec.dnsConfig`."""

    servers, searches = given.get("nameservers") or (), given.get("searches") or ()
    if policy == "None" and not servers:
        text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        causes.append(required(f"{at}.nameservers", text))
    if len(servers) > 3:
        causes.append(invalid(f"{at}.nameservers", list(servers), "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        strict_ip(server, f"{at}.nameservers[{index}]", causes)
    if len(searches) > 32:
        causes.append(invalid(f"{at}.searches", list(searches), "must not have more than 32 search paths"))
    if sum(map(len, searches)) + max(0, len(searches) - 1) > 2048:
        text = "must not have more than 2048 characters (including spaces) in the search list"
        causes.append(invalid(f"{at}.searches", list(searches), text))
    for index, search in enumerate(searches):
        if search != ".":
            for problem in names.dns_subdomain(search.removesuffix(".").replace("_", "-")):
                causes.append(invalid(f"{at}.searches[{index}]", search, problem))
    for index, option in enumerate(given.get("options") or ()):
        if not option.get("name"):
            causes.append(required(f"{at}.options[{index}]", "must not be empty"))


def hostname(spec: Object, at: str, causes: Causes) -> None:
    """`spec.hostname` and `spec.subdomain`."""
    for field in ("hostname", "subdomain"):
        if spec.get(field):
            dns_label(spec[field], f"{at}.{field}", causes)
