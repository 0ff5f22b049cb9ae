"""The arguments of the default plugins: what is missing filled in, what is wrong refused, plugins made of the rest.

*In Kubernetes:* pkg/scheduler/apis/config/v1/defaults.go, pkg/scheduler/apis/config/validation/
validation_pluginargs.go.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from cp_sim.objects.causes import Causes, Internal, duplicate, forbidden, invalid, not_supported, required
from cp_sim.objects.validation.common import qualified
from cp_sim.scheduler.framework import Plugin
from cp_sim.scheduler.node_terms import node_term
from cp_sim.scheduler.plugins import (
    DefaultPreemption,
    DynamicResources,
    InterPodAffinity,
    NodeAffinity,
    NodeResourcesBalancedAllocation,
    NodeResourcesFit,
    PodTopologySpread,
    VolumeBinding,
)
from cp_sim.scheduler.plugins.node_resources_fit import LEAST_ALLOCATED, MOST_ALLOCATED, REQUESTED_TO_CAPACITY_RATIO
from cp_sim.scheduler.pod_info import SpreadConstraint

Object = dict[str, Any]

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
STRATEGIES = (LEAST_ALLOCATED, MOST_ALLOCATED, REQUESTED_TO_CAPACITY_RATIO)
DEFAULT_RESOURCES = [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]
MAX_CUSTOM_SCORE = 10


def default_preemption(args: Object, at: str, causes: Causes) -> Plugin:
    """DefaultPreemptionArgs."""
    percentage = args.get("minCandidateNodesPercentage", 10)
    absolute = args.get("minCandidateNodesAbsolute", 100)
    percentage_at, absolute_at = f"{at}.minCandidateNodesPercentage", f"{at}.minCandidateNodesAbsolute"
    if not 0 <= percentage <= 100:
        causes.append(invalid(percentage_at, percentage, "not in valid range [0, 100]"))
    if absolute < 0:
        causes.append(invalid(absolute_at, absolute, "not in valid range [0, inf)"))
    if percentage == absolute == 0:
        text = "cannot be zero at the same time as "
        causes.append(invalid(percentage_at, 0, text + "minCandidateNodesAbsolute"))
        causes.append(invalid(absolute_at, 0, text + "minCandidateNodesPercentage"))
    return DefaultPreemption(percentage, absolute)


def dynamic_resources(args: Object, at: str, causes: Causes) -> Plugin:
    """DynamicResourcesArgs; without claims no filter takes long enough for a timeout to matter."""
    if args.get("filterTimeout", 0) < 0:
        causes.append(invalid(f"{at}.filterTimeout", duration(args["filterTimeout"]), "must be zero or positive"))
    if args.get("bindingTimeout", 1000) < 1000:
        causes.append(invalid(f"{at}.bindingTimeout", duration(args["bindingTimeout"]), "must be at least 1 second"))
    return DynamicResources()


def duration(time_ms: int) -> Internal:
    """A duration in a sentence: the JSON text of a metav1.Duration."""
    return Internal(f'"{time_ms / 1000:g}s"')


def inter_pod_affinity(args: Object, at: str, causes: Causes) -> Plugin:
    """InterPodAffinityArgs."""
    weight = args.get("hardPodAffinityWeight", 1)
    if not 0 <= weight <= 100:
        causes.append(invalid(f"{at}.hardPodAffinityWeight", weight, "not in valid range [0, 100]"))
    return InterPodAffinity(weight, args.get("ignorePreferredTermsOfExistingPods", False))


def node_affinity(args: Object, at: str, causes: Causes) -> Plugin:
    """NodeAffinityArgs."""
    added = args.get("addedAffinity") or {}
    where = f"{at}.addedAffinity"
    terms = None
    if REQUIRED in added:
        terms = tuple(added[REQUIRED].get("nodeSelectorTerms") or ())
        for place, term in enumerate(terms):
            node_term(term, f"{where}.{REQUIRED}.nodeSelectorTerms[{place}]", causes)
    preferred = tuple({"weight": 0, "preference": {}, **one} for one in added.get(PREFERRED) or ())
    for place, one in enumerate(preferred):
        node_term(one["preference"], f"{where}.{PREFERRED}[{place}]", causes)
    return NodeAffinity(terms, preferred)


def node_resources_balanced_allocation(args: Object, at: str, causes: Causes) -> Plugin:
    """NodeResourcesBalancedAllocationArgs."""
    resources = with_weights(args.get("resources"))
    seen: list[str] = []
    for place, one in enumerate(resources):
        where = f"{at}.resources[{place}]"
        if one["name"] in seen:
            causes.append(duplicate(f"{where}.name", one["name"]))
        if one["weight"] != 1:
            causes.append(invalid(f"{where}.weight", one["weight"], "must be 1"))
        seen.append(one["name"])
    return NodeResourcesBalancedAllocation(tuple(seen))


def with_weights(resources: list[Object] | None) -> list[Object]:
    """The resources to score by; none are cpu and memory, no weight is 1."""
    return [{"name": one.get("name", ""), "weight": one.get("weight") or 1} for one in resources or DEFAULT_RESOURCES]


def node_resources_fit(args: Object, at: str, causes: Causes) -> Plugin:
    """NodeResourcesFitArgs."""
    ignored, groups = args.get("ignoredResources") or [], args.get("ignoredResourceGroups") or []
    for place, name in enumerate(ignored):
        qualified(name, f"{at}.ignoredResources[{place}]", causes)
    for place, name in enumerate(groups):
        where = f"{at}.ignoredResourceGroups[{place}]"
        if "/" in name:
            causes.append(invalid(where, name, "resource group name can't contain '/'"))
        qualified(name, where, causes)
    strategy = args.get("scoringStrategy", {"type": LEAST_ALLOCATED})
    kind, where = strategy.get("type", ""), f"{at}.scoringStrategy"
    if kind not in STRATEGIES:
        causes.append(not_supported(f"{where}.type", kind, STRATEGIES))
    resources = with_weights(strategy.get("resources"))
    for place, one in enumerate(resources):
        if not 0 < one["weight"] <= 100:
            text = f"resource weight of {one['name']} not in valid range (0, 100]"
            causes.append(invalid(f"{where}.resources[{place}].weight", one["weight"], text))
    shape = _ratio(strategy, where, causes)
    weights = tuple((one["name"], one["weight"]) for one in resources)
    return NodeResourcesFit(kind, weights, shape, tuple(ignored), tuple(groups))


def _ratio(strategy: Object, at: str, causes: Causes) -> tuple[tuple[int, int], ...]:
    """The points of RequestedToCapacityRatio's function."""
    where, given = f"{at}.requestedToCapacityRatio", strategy.get("requestedToCapacityRatio")
    if strategy.get("type") != REQUESTED_TO_CAPACITY_RATIO:
        if given is not None:
            causes.append(forbidden(where, "must be nil when type is not RequestedToCapacityRatio"))
        return ()
    if given is None:
        causes.append(required(where, "must be specified when type is RequestedToCapacityRatio"))
        return ()
    points = [(one.get("utilization", 0), one.get("score", 0)) for one in given.get("shape") or ()]
    check_shape(points, f"{where}.shape", causes)
    return tuple(points)


def check_shape(points: list[tuple[int, int]], at: str, causes: Causes) -> None:
    """The points of a scoring function: utilization rises from 0 to 100 at most, scores go up to 10."""
    if not points:
        causes.append(required(at, "at least one point must be specified"))
    for place, (before, after) in enumerate(pairwise(points), 1):
        if before[0] >= after[0]:
            text = "values must be sorted in increasing order"
            causes.append(invalid(f"{at}[{place}].utilization", after[0], text))
            break
    for place, (utilization, score) in enumerate(points):
        if not 0 <= utilization <= 100:
            causes.append(invalid(f"{at}[{place}].utilization", utilization, "not in valid range [0, 100]"))
        if not 0 <= score <= MAX_CUSTOM_SCORE:
            causes.append(invalid(f"{at}[{place}].score", score, f"not in valid range [0, {MAX_CUSTOM_SCORE}]"))


def pod_topology_spread(args: Object, at: str, causes: Causes) -> Plugin:
    """PodTopologySpreadArgs."""
    kind, constraints = args.get("defaultingType") or "System", args.get("defaultConstraints") or []
    if kind not in ("System", "List"):
        causes.append(not_supported(f"{at}.defaultingType", kind, ("System", "List")))
    elif kind == "System" and constraints:
        causes.append(invalid(f"{at}.defaultingType", kind, "when .defaultConstraints are not empty"))
    seen: list[tuple[str, str]] = []
    for place, one in enumerate(constraints):
        _constraint(one, f"{at}.defaultConstraints[{place}]", causes)
        what = (one.get("topologyKey", ""), one.get("whenUnsatisfiable", ""))
        if what in seen:
            causes.append(duplicate(f"{at}.defaultConstraints[{place}]", f"{{{what[0]}, {what[1]}}}"))
        seen.append(what)
    if kind == "System":
        return PodTopologySpread()
    return PodTopologySpread(
        tuple((one.get("whenUnsatisfiable", ""), _spread(one)) for one in constraints),
    )


def _constraint(one: Object, at: str, causes: Causes) -> None:
    if one.get("maxSkew", 0) <= 0:
        causes.append(invalid(f"{at}.maxSkew", one.get("maxSkew", 0), "not in valid range (0, inf)"))
    if not one.get("topologyKey"):
        causes.append(required(f"{at}.topologyKey", "can not be empty"))
    else:
        qualified(one["topologyKey"], f"{at}.topologyKey", causes)
    when = one.get("whenUnsatisfiable")
    if not when:
        causes.append(required(f"{at}.whenUnsatisfiable", "can not be empty"))
    elif when not in ("DoNotSchedule", "ScheduleAnyway"):
        causes.append(not_supported(f"{at}.whenUnsatisfiable", when, ("DoNotSchedule", "ScheduleAnyway")))
    if one.get("labelSelector") is not None:
        text = "constraint must not define a selector, as they deduced for each pod"
        causes.append(forbidden(f"{at}.labelSelector", text))


def _spread(one: Object) -> SpreadConstraint:
    return SpreadConstraint(
        one.get("maxSkew", 0),
        one.get("topologyKey", ""),
        None,
        one.get("minDomains") or 1,
        one.get("nodeAffinityPolicy", "Honor") != "Ignore",
        one.get("nodeTaintsPolicy", "Ignore") == "Honor",
    )


def volume_binding(args: Object, at: str, causes: Causes) -> Plugin:
    """VolumeBindingArgs.  The feature gate StorageCapacityScoring, which `shape` needs, is off by default."""
    timeout_s = args.get("bindTimeoutSeconds", 600)
    if timeout_s < 0:
        text = "invalid BindTimeoutSeconds, should not be a negative value"
        causes.append(invalid(f"{at}.bindTimeoutSeconds", timeout_s, text))
    if "shape" in args:
        text = "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring"
        causes.append(invalid(f"{at}.shape", args["shape"], text))
    return VolumeBinding(timeout_s)


MAKERS: dict[str, Callable[[Object, str, Causes], Plugin]] = {
    "DefaultPreemption": default_preemption,
    "DynamicResources": dynamic_resources,
    "InterPodAffinity": inter_pod_affinity,
    "NodeAffinity": node_affinity,
    "NodeResourcesBalancedAllocation": node_resources_balanced_allocation,
    "NodeResourcesFit": node_resources_fit,
    "PodTopologySpread": pod_topology_spread,
    "VolumeBinding": volume_binding,
}
