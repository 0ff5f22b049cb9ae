"""DaemonSet: one pod on every node that it fits.

*In Kubernetes:* `pkg/controller/daemon/daemon_controller.go` and `update.go`.  *Simplified:* without `maxSurge` and
without back-off for pods that fail again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cp_sim.client.plan import Action, Create, Delete, Emit, SlowStart, Together, Update
from cp_sim.controller_manager import pods as podlib
from cp_sim.controller_manager.deployment.hash import template_hash
from cp_sim.controller_manager.deployment.revisions import meaning
from cp_sim.controller_manager.deployment.sizes import scaled
from cp_sim.controller_manager.tainteviction import tolerates
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import (
    generation,
    is_deleting,
    is_finished,
    is_ready,
    key,
    labels,
    name,
    namespace,
    owner_reference,
    phase,
)
from cp_sim.objects.selectors import matches_node_selector
from cp_sim.sim import immutable

Object = dict[str, Any]

HASH = "controller-revision-hash"
GENERATION = "deprecated.daemonset.template.generation"
POD_GENERATION = "pod-template-generation"
BURST = 250
# (key, effect) of what every daemon's pod tolerates, in this order.
TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
HOST_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


# -- pods and nodes --------------------------------------------------------------------------------------------------


def tolerations(template: Object) -> list[Object]:
    """The template's tolerations and those that every daemon's pod gets."""
    own = list(get(template, "spec.tolerations") or ())
    added = [*TOLERATED, HOST_NETWORK] if get(template, "spec.hostNetwork") else TOLERATED
    for taint, effect in added:
        one = {"key": taint, "operator": "Exists", "effect": effect}
        if one not in own:
            own.append(one)
    return own


def pod_for(owner: Object, node: str, hashed: str) -> Object:
    """The pod for one node: bound to it by its affinity, so that the scheduler places it."""
    pod = podlib.from_template(get(owner, "spec.template") or {}, owner)
    pod = put(pod, ("metadata", "labels", HASH), hashed)
    pod = put(pod, ("metadata", "labels", POD_GENERATION), template_generation(owner))
    pod = put(pod, "spec.tolerations", tolerations(get(owner, "spec.template") or {}))
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    return put(pod, ("spec", "affinity", "nodeAffinity", required), {"nodeSelectorTerms": [here]})


def template_generation(owner: Object) -> str:
    """How often the template has changed, as the API server counts it."""
    return str((get(owner, "metadata.annotations") or {}).get(GENERATION) or generation(owner))


def target_node(pod: Object) -> str:
    """The node that a daemon's pod is on, or is meant for."""
    bound = get(pod, "spec.nodeName")
    if bound:
        return str(bound)
    required = get(pod, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name":
                return str(field["values"][0])
    return ""


def belongs(owner: Object, node: Object) -> tuple[bool, bool]:
    """(whether a pod should be started on the node, whether one that is there may stay).

    *In Kubernetes:* `NodeShouldRunDaemonPod`.
    """
    template = get(owner, "spec.template") or {}
    wanted = get(template, "spec.nodeName")
    selector = get(template, "spec.nodeSelector") or {}
    affinity = get(template, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    if (wanted and wanted != name(node)) or not selector.items() <= labels(node).items():
        return False, False
    if affinity is not None and not matches_node_selector(affinity, labels(node), name(node)):
        return False, False
    against = [
        taint["effect"]
        for taint in get(node, "spec.taints") or ()
        if taint.get("effect") in ("NoSchedule", "NoExecute")
        and not any(tolerates(toleration, taint) for toleration in tolerations(template))
    ]
    return not against, "NoExecute" not in against


# -- what to do ------------------------------------------------------------------------------------------------------


@immutable
class Work:
    """What one sync does to pods, and why."""

    creations: tuple[Object, ...] = ()
    deletions: tuple[Object, ...] = ()
    events: tuple[Emit, ...] = ()

    @property
    def actions(self) -> list[Action]:
        """The requests: deletions at once, creations with a slow start."""
        found: list[Action] = list(self.events)
        if self.creations:
            found.append(SlowStart(tuple(Create(pod, "a node needs its pod") for pod in self.creations)))
        if self.deletions:
            found.append(Together(tuple(_deletion(pod) for pod in self.deletions)))
        return found

    @property
    def because(self) -> str:
        """One sentence."""
        return f"create {len(self.creations)} and delete {len(self.deletions)} pods"


def _deletion(pod: Object) -> Delete:
    return Delete("pods", namespace(pod), name(pod), because=f"it has no business on {target_node(pod)} any more")


def manage(owner: Object, nodes: Sequence[Object], pods: Mapping[str, Sequence[Object]], hashed: str) -> Work:
    """Which nodes need a pod, which pods are too many, have failed or have no business where they are."""
    creations: list[Object] = []
    deletions: list[Object] = []
    events: list[Emit] = []
    known = set()
    for node in nodes:
        known.add(name(node))
        start, stay = belongs(owner, node)
        there = pods.get(name(node), ())
        if start and not there:
            creations.append(pod_for(owner, name(node), hashed))
        elif not stay:
            deletions += [pod for pod in there if not is_deleting(pod)]
        else:
            living = []
            for pod in there:
                if is_deleting(pod):
                    continue
                if is_finished(pod):
                    deletions.append(pod)
                    events.append(_finished(owner, pod))
                else:
                    living.append(pod)
            deletions += sorted(living, key=_age)[1:]
    for node_name, there in pods.items():
        if node_name and node_name not in known:
            deletions += [pod for pod in there if not is_deleting(pod) and not get(pod, "spec.nodeName")]
    return Work(tuple(creations[:BURST]), tuple(deletions[:BURST]), tuple(events))


def _finished(owner: Object, pod: Object) -> Emit:
    where = f"daemon pod {key(pod)} on node {target_node(pod)}"
    if phase(pod) == "Failed":
        return Emit(owner, "Warning", "FailedDaemonPod", f"Found failed {where}, will try to kill it")
    return Emit(owner, "Normal", "SucceededDaemonPod", f"Found succeeded {where}, will try to delete it")


def _age(pod: Object) -> tuple[str, str]:
    return pod["metadata"].get("creationTimestamp") or "", name(pod)


def replace_old(
    owner: Object, nodes: Sequence[Object], pods: Mapping[str, Sequence[Object]], hashed: str, now_ms: int
) -> Work:
    """Delete pods of the former template, as many as may be unavailable; their successors come when they are gone."""
    if get(owner, "spec.updateStrategy.type") == "OnDelete":
        return Work()
    min_ready_s = get(owner, "spec.minReadySeconds") or 0
    wanted = [node for node in nodes if belongs(owner, node)[0]]
    most = scaled(get(owner, "spec.updateStrategy.rollingUpdate.maxUnavailable", 1), len(wanted), up=True)
    unavailable = 0
    broken: list[Object] = []
    candidates: list[Object] = []
    for node in wanted:
        there = [pod for pod in pods.get(name(node), ()) if not is_deleting(pod)]
        if len(there) != 1:
            unavailable += 1
            continue
        available = podlib.is_available(there[0], min_ready_s, now_ms)
        unavailable += not available
        if not is_updated(owner, there[0], hashed):
            (candidates if available else broken).append(there[0])
    return Work(deletions=(*broken, *candidates[: max(0, most - unavailable)]))


def is_updated(owner: Object, pod: Object, hashed: str) -> bool:
    """Whether a pod has the present template."""
    return labels(pod).get(HASH) == hashed or labels(pod).get(POD_GENERATION) == template_generation(owner)


# -- history and status ------------------------------------------------------------------------------------------------


def revision(owner: Object, existing: Sequence[Object]) -> tuple[str, tuple[Action, ...]]:
    """(the hash of the present template, the write of its ControllerRevision if it has none yet or an old number)."""
    template = get(owner, "spec.template") or {}
    newest = max((one.get("revision") or 0 for one in existing), default=0)
    for one in existing:
        if meaning({**(get(one, "data.spec.template") or {}), "$patch": ""}) == meaning(template):
            hashed = labels(one).get(HASH, "")
            if (one.get("revision") or 0) == newest:
                return hashed, ()
            return hashed, (Update({**one, "revision": newest + 1}, "", "an old template is wanted again"),)
    hashed = template_hash(meaning(template), get(owner, "status.collisionCount"))
    made = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{name(owner)}-{hashed}",
            "namespace": namespace(owner),
            "labels": {**(get(template, "metadata.labels") or {}), HASH: hashed},
            "annotations": get(owner, "metadata.annotations") or {},
            "ownerReferences": [owner_reference(owner)],
        },
        "data": {"spec": {"template": {**template, "$patch": "replace"}}},
        "revision": newest + 1,
    }
    return hashed, (Create(made, "keep this template, so that one can go back to it"),)


def old_revisions(
    owner: Object, existing: Sequence[Object], pods: Mapping[str, Sequence[Object]], hashed: str
) -> tuple[Action, ...]:
    """The deletion of ControllerRevisions beyond the history limit that no pod uses any more, oldest first."""
    limit = get(owner, "spec.revisionHistoryLimit")
    living = {labels(pod).get(HASH) for there in pods.values() for pod in there} | {hashed}
    old = sorted((one for one in existing if labels(one).get(HASH) != hashed), key=_number)
    surplus = len(old) - (10 if limit is None else limit)
    dead = [one for one in old if labels(one).get(HASH) not in living]
    because = "this template is old, unused and beyond the history limit"
    return tuple(
        Delete("controllerrevisions.apps", namespace(one), name(one), because=because)
        for one in dead[: max(0, surplus)]
    )


def _number(one: Object) -> int:
    return one.get("revision") or 0


def with_status(
    owner: Object, nodes: Sequence[Object], pods: Mapping[str, Sequence[Object]], hashed: str, now_ms: int
) -> Object:
    """The DaemonSet with its status brought up to date; itself if it says so already."""
    min_ready_s = get(owner, "spec.minReadySeconds") or 0
    desired = current = misplaced = ready = available = updated = 0
    for node in nodes:
        start, _ = belongs(owner, node)
        there = sorted(pods.get(name(node), ()), key=_age)
        desired += start
        if not start:
            misplaced += bool(there)
        elif there:
            current += 1
            ready += is_ready(there[0])
            available += podlib.is_available(there[0], min_ready_s, now_ms)
            updated += is_updated(owner, there[0], hashed)
    status: Object = {
        "currentNumberScheduled": current,
        "numberMisscheduled": misplaced,
        "desiredNumberScheduled": desired,
        "numberReady": ready,
        "observedGeneration": generation(owner),
    }
    optional = {
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
        "numberUnavailable": desired - available,
        "collisionCount": get(owner, "status.collisionCount"),
    }
    status.update({field: count for field, count in optional.items() if count})
    return owner if get(owner, "status") == status else put(owner, "status", status)
