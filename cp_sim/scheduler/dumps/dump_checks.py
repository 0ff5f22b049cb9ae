"""What a dump of a cluster lacks: things that pods refer to and that are not in it, so that decisions may differ.

Each check returns sentences that name the object, the field and the mend.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.objects import meta, validation
from cp_sim.objects.causes import Cause
from cp_sim.objects.kinds import kind_of
from cp_sim.scheduler.dumps.dump import COMMAND, Dump
from cp_sim.scheduler.prepare import SYSTEM_CLASSES

Object = dict[str, Any]
Found = dict[tuple[str, str], Object]  # (kind, key) -> object

SHOWN = 4


def lacking(dump: Dump) -> list[str]:
    """All that is missing, most important first."""
    found = {(obj["kind"], meta.key(obj)): obj for obj in dump.objects}
    pods = list(dump.pending)
    checks = (_nodes, _waiting, _unknown_nodes, _classes, _claims, _limits, _namespaces, _owners, _invalid)
    return [sentence for check in checks for sentence in check(found, pods)]


def _of(found: Found, kind: str) -> list[Object]:
    return [obj for (of, _), obj in found.items() if of == kind]


def _nodes(found: Found, pods: list[Object]) -> list[str]:
    nodes = _of(found, "Node")
    if not nodes:
        return [f"there is no Node: add the nodes to the dump, as in `{COMMAND} -o json`"]
    bare = [meta.name(node) for node in nodes if not (node.get("status") or {}).get("allocatable")]
    if bare:
        return [f"no status.allocatable in {_names('Node', bare)}: no pod fits there; dump nodes of a running cluster"]
    return []


def _waiting(found: Found, pods: list[Object]) -> list[str]:
    if pods:
        return []
    there = _of(found, "Pod")
    ended = sum(meta.is_finished(pod) for pod in there)
    how = f"{len(there) - ended} are bound and {ended} have ended" if there else "there is none at all"
    return [f"no pod waits for a node ({how}): name a file of pods to place with --pods FILE"]


def _unknown_nodes(found: Found, pods: list[Object]) -> list[str]:
    on: dict[str, int] = {}
    for pod in _of(found, "Pod"):
        node = meta.node_name(pod)
        if node and not meta.is_finished(pod) and ("Node", node) not in found:
            on[node] = on.get(node, 0) + 1
    return [
        f"{count} pod{'s' if count > 1 else ''} stand{'' if count > 1 else 's'} on node {node}, which is not in the "
        "dump: no pod is placed there; add the node, or drop its pods if it is gone"
        for node, count in on.items()
    ]


def _classes(found: Found, pods: list[Object]) -> list[str]:
    said = []
    for name, users in _users(pods, lambda pod: [pod["spec"].get("priorityClassName")]).items():
        unknown = [pod for pod in users if pod["spec"].get("priority") is None]
        if ("PriorityClass", name) not in found and name not in SYSTEM_CLASSES and unknown:
            said.append(
                f"spec.priorityClassName of {_names('Pod', map(meta.key, unknown))}: the PriorityClass {name} is not "
                "in the dump, the priority is taken for 0; add priorityclasses"
            )
    for name, users in _users(pods, lambda pod: [pod["spec"].get("runtimeClassName")]).items():
        unknown = [pod for pod in users if not pod["spec"].get("overhead")]
        if ("RuntimeClass", name) not in found and unknown:
            said.append(
                f"spec.runtimeClassName of {_names('Pod', map(meta.key, unknown))}: the RuntimeClass {name} is not in "
                "the dump, its overhead is taken for nothing; add runtimeclasses"
            )
    return said


def _claims(found: Found, pods: list[Object]) -> list[str]:
    said = []
    for key, users in _users(pods, claims_of).items():
        claim = found.get(("PersistentVolumeClaim", key))
        where = f"spec.volumes of {_names('Pod', map(meta.key, users))}"
        if claim is None:
            said.append(f"{where}: the PersistentVolumeClaim {key} is not in the dump; add persistentvolumeclaims")
            continue
        volume = claim["spec"].get("volumeName")
        name = claim["spec"].get("storageClassName")
        if volume and ("PersistentVolume", volume) not in found:
            said.append(
                f"spec.volumeName of PersistentVolumeClaim {key}: the PersistentVolume {volume} is not in the dump; "
                "add persistentvolumes"
            )
        elif not volume and name and ("StorageClass", name) not in found:
            said.append(
                f"spec.storageClassName of PersistentVolumeClaim {key}: the StorageClass {name} is not in the dump; "
                "add storageclasses"
            )
    return said


def claims_of(pod: Object) -> list[str]:
    """The keys of the claims that a pod mounts."""
    names = [
        (volume.get("persistentVolumeClaim") or {}).get("claimName")
        or (f"{meta.name(pod)}-{volume.get('name')}" if volume.get("ephemeral") else "")
        for volume in pod["spec"].get("volumes") or ()
    ]
    return [f"{meta.namespace(pod)}/{name}" for name in names if name]


def _limits(found: Found, pods: list[Object]) -> list[str]:
    mounting = [meta.key(pod) for pod in pods if any(("PersistentVolumeClaim", key) in found for key in claims_of(pod))]
    if mounting and _of(found, "Node") and not _of(found, "CSINode"):
        return [
            f"there is no CSINode: how many volumes a node takes is not checked for {_names('Pod', mounting)}; "
            "add csinodes"
        ]
    return []


def _namespaces(found: Found, pods: list[Object]) -> list[str]:
    if _of(found, "Namespace"):
        return []
    asking = [meta.key(pod) for pod in pods if "namespaceSelector" in str(pod["spec"].get("affinity") or "")]
    if not asking:
        return []
    return [f"there is no Namespace: the namespaceSelector of {_names('Pod', asking)} matches none; add namespaces"]


def _owners(found: Found, pods: list[Object]) -> list[str]:
    """Pods without constraints of their own are spread by what selects them."""
    lost = []
    for pod in pods:
        owner = meta.controller_of(pod) or {}
        kind, key = owner.get("kind"), f"{meta.namespace(pod)}/{owner.get('name')}"
        if kind in ("ReplicaSet", "StatefulSet") and (kind, key) not in found:
            if not pod["spec"].get("topologySpreadConstraints"):
                lost.append(meta.key(pod))
    if not lost:
        return []
    return [
        f"the owners of {_names('Pod', lost)} are not in the dump, so that default spreading may not see them: "
        "add replicasets,statefulsets,services"
    ]


def _invalid(found: Found, pods: list[Object]) -> list[str]:
    """What the API server would refuse; only of pods that were never sent to one."""
    said = []
    for pod in pods:
        if not meta.uid(pod):
            causes: list[Cause] = validation.on_create(kind_of(pod), pod)
            said += [f"the API server would refuse Pod {meta.key(pod)}: {cause}" for cause in causes[:SHOWN]]
    return said


def _users(pods: list[Object], names: Any) -> dict[str, list[Object]]:
    """{what pods refer to: the pods that do}."""
    found: dict[str, list[Object]] = {}
    for pod in pods:
        for name in names(pod):
            if name:
                found.setdefault(name, []).append(pod)
    return found


def _names(kind: str, names: Iterable[str]) -> str:
    """`Pod a`, `Pods a, b and 3 more`."""
    every = list(names)
    if len(every) == 1:
        return f"{kind} {every[0]}"
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return f"{kind}s {', '.join(every[:SHOWN])}{more}"
