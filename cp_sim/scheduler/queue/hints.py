"""Queueing hints of the plugins that look at other pods: can this change let in a pod that was rejected?

*In Kubernetes:* `isSchedulableAfterPodChange` and `isSchedulableAfterNodeChange` in
pkg/scheduler/framework/plugins/interpodaffinity/plugin.go and podtopologyspread/plugin.go.
*Simplified:* a term with a namespaceSelector is taken to mean pods of every namespace; that can only wake too many.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta, selectors
from cp_sim.scheduler.pod_info import AffinityTerm, PodInfo, SpreadConstraint
from cp_sim.scheduler.queue.queueing import Change, is_own, takes_room

Object = dict[str, Any]
Terms = tuple[AffinityTerm, ...]


# -- InterPodAffinity ------------------------------------------------------------------------------------------------


def for_pod_affinity(pod: PodInfo, change: Change) -> bool:
    """A pod that came helps whoever wants its company, one that left whoever it kept away or was kept away by."""
    if change.kind.startswith("nodes/"):
        return _node_for_affinity(pod, change.old, change.new)
    if is_own(pod, change):
        return True
    old, new = change.old, change.new
    if not all(takes_room(one) for one in (old, new) if one is not None):
        return False
    towards, away = pod.facts.affinity, pod.facts.anti_affinity
    if new is None:
        return _any_means(away, old) or _any_means(_anti_affinity(old), pod.object)
    if old is None:
        return _all_mean(towards, new)
    joins = _all_mean(towards, new) and not _all_mean(towards, old)
    return joins or (_any_means(away, old) and not _any_means(away, new))


def _node_for_affinity(pod: PodInfo, old: Object | None, new: Object) -> bool:
    """A new node helps where it has the topology wanted, or where others are to be kept away from; a changed one where
    it moved from one domain to another.
    """
    after = meta.labels(new)
    if old is None:
        return bool(pod.facts.anti_affinity) or any(term.topology_key in after for term in pod.facts.affinity)
    before = meta.labels(old)
    moved_in = any(
        after.get(term.topology_key, "") != before.get(term.topology_key) and term.topology_key in after
        for term in pod.facts.affinity
    )
    return moved_in or any(
        term.topology_key in before and after.get(term.topology_key) != before[term.topology_key]
        for term in pod.facts.anti_affinity
    )


def _means(term: AffinityTerm, other: Object) -> bool:
    inside = term.namespace_selector is not None or meta.namespace(other) in term.namespaces
    return inside and selectors.matches(term.selector, meta.labels(other))


def _all_mean(terms: Terms, other: Object) -> bool:
    return bool(terms) and all(_means(term, other) for term in terms)


def _any_means(terms: Terms, other: Object) -> bool:
    return any(_means(term, other) for term in terms)


def _anti_affinity(other: Object) -> Terms:
    """The required anti-affinity of a pod that is only known as an object."""
    has_any = ((other["spec"].get("affinity") or {}).get("podAntiAffinity")) or {}
    return PodInfo(other).facts.anti_affinity if has_any else ()


# -- PodTopologySpread -----------------------------------------------------------------------------------------------


def for_spread(pod: PodInfo, change: Change, constraints: tuple[SpreadConstraint, ...]) -> bool:
    """A pod helps if it counts for a constraint of the waiting one, a node if it is a domain of all of them."""
    if change.kind.startswith("nodes/"):
        return _node_for_spread(change.old, change.new, constraints)
    own = is_own(pod, change)
    for one in (change.old, change.new):
        if one is not None and not own and not (takes_room(one) and meta.namespace(one) == pod.namespace):
            return False
    if change.old is None or change.new is None:
        return any(selectors.matches(one.selector, meta.labels(change.new or change.old)) for one in constraints)
    before, after = change.old["spec"].get("tolerations") or [], change.new["spec"].get("tolerations") or []
    if own and before != after and any(one.honor_taints for one in constraints):
        return True
    was, now = meta.labels(change.old), meta.labels(change.new)
    return any(selectors.matches(one.selector, was) != selectors.matches(one.selector, now) for one in constraints)


def _node_for_spread(old: Object | None, new: Object | None, constraints: tuple[SpreadConstraint, ...]) -> bool:
    keys = [one.topology_key for one in constraints]
    before, after = (meta.labels(one) if one is not None else {} for one in (old, new))
    was, now = all(key in before for key in keys), all(key in after for key in keys)
    if old is None or new is None:
        return now if old is None else was
    if was != now:
        return True
    moved = any(before.get(key) != after.get(key) for key in keys)
    return now and (moved or (old.get("spec") or {}).get("taints") != (new.get("spec") or {}).get("taints"))
