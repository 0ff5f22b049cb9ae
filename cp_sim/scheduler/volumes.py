"""What pods mount, and what stands behind it: claims, volumes, storage classes, disks.

*In Kubernetes:* k8s.io/component-helpers/storage/volume, pkg/scheduler/framework/plugins/volumebinding/binder.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import edit, meta, quantity
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.pod_info import PodInfo

Object = dict[str, Any]

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
CLASSES = "storageclasses.storage.k8s.io"
CSI_NODES = "csinodes.storage.k8s.io"
CSI_DRIVERS = "csidrivers.storage.k8s.io"
ATTACHMENTS = "volumeattachments.storage.k8s.io"
CAPACITIES = "csistoragecapacities.storage.k8s.io"

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


class VolumeError(Exception):
    """A claim cannot be used; the message is the reason."""


def claim_names(pod: PodInfo, ephemeral: bool = True) -> list[tuple[str, bool]]:
    """(claim name, whether it was made for the pod) of every claim that the pod mounts."""
    found = []
    for volume in pod.facts.volumes:
        if volume.get("persistentVolumeClaim"):
            found.append((volume["persistentVolumeClaim"].get("claimName") or "", False))
        elif ephemeral and volume.get("ephemeral"):
            found.append((f"{pod.name}-{volume['name']}", True))
    return found


def claim(cache: Cache, namespace: str, name: str) -> Object:
    """The claim of that name.  *Raises* `VolumeError` with the text of the API."""
    found = cache.get(CLAIMS, f"{namespace}/{name}")
    if found is None:
        raise VolumeError(f'persistentvolumeclaim "{name}" not found')
    return found


def check_owner(pod: PodInfo, made: Object) -> None:
    """*Raises* `VolumeError` unless an ephemeral claim was made for this pod."""
    owner = meta.controller_of(made)
    if owner is None or owner.get("uid") != pod.uid:
        whose = f"{meta.namespace(made)}/{meta.name(made)}"
        raise VolumeError(f"PVC {whose} was not created for pod {pod.key} (pod is not owner)")


def class_of(obj: Object) -> str:
    """The storage class of a claim or volume, empty for none."""
    return meta.annotations(obj).get(OLD_CLASS) or obj["spec"].get("storageClassName") or ""


def volume_of(made: Object) -> str:
    """The name of the volume that a claim is bound to, or wants to be bound to."""
    return made["spec"].get("volumeName") or ""


def is_bound(made: Object) -> bool:
    """Whether a claim is bound for good."""
    return bool(volume_of(made)) and BIND_COMPLETED in meta.annotations(made)


def waits_for_consumer(cache: Cache, made: Object) -> bool:
    """Whether a claim is bound only when a pod that uses it is placed."""
    found = cache.get(CLASSES, class_of(made))
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def size_of(resources: Object | None) -> int:
    """The storage in a resource list, in billionths of a byte."""
    return quantity.parse((resources or {}).get("storage") or 0).nano


def wanted_size(made: Object) -> int:
    """How much storage a claim asks for, in billionths of a byte."""
    return size_of((made["spec"].get("resources") or {}).get("requests"))


def is_for(volume: Object, made: Object) -> bool:
    """Whether a volume's claimRef names this claim."""
    reference = volume["spec"].get("claimRef") or {}
    if reference.get("name") != meta.name(made) or reference.get("namespace") != meta.namespace(made):
        return False
    return not reference.get("uid") or reference["uid"] == meta.uid(made)


def promised_to(volume: Object, made: Object) -> Object:
    """The volume with its claimRef set to a claim (`GetBindVolumeToClaim`)."""
    reference = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": meta.namespace(made),
        "name": meta.name(made),
        "uid": meta.uid(made),
        "resourceVersion": meta.resource_version(made),
    }
    given = edit.put(volume, "spec.claimRef", reference)
    return edit.put(given, ("metadata", "annotations", BOUND_BY_CONTROLLER), "yes")


def node_terms(volume: Object) -> list[Object] | None:
    """The node selector terms of a volume, None where it can be used everywhere."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return None if required is None else required.get("nodeSelectorTerms") or []


def mounts(pod: PodInfo, made: Object, ephemeral: bool = True) -> bool:
    """Whether a pod mounts this claim."""
    names = [name for name, _ in claim_names(pod, ephemeral)]
    return meta.namespace(made) == pod.namespace and meta.name(made) in names
