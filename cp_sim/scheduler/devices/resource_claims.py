"""The resource claims of pods, and the extended resources that device classes stand for.

*In Kubernetes:* k8s.io/dynamic-resource-allocation/resourceclaim, extendeddynamicresources.go in
pkg/scheduler/framework/plugins/dynamicresources.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.devices.device_allocation import DeviceId
from cp_sim.scheduler.pod_info import PodInfo

Object = dict[str, Any]

CLAIMS = "resourceclaims.resource.k8s.io"
SLICES = "resourceslices.resource.k8s.io"
CLASSES = "deviceclasses.resource.k8s.io"

IMPLICIT = "deviceclass.resource.kubernetes.io/"
EXTENDED_CLAIM = "<extended-resources>"
MOST_CONSUMERS = 256  # ResourceClaimReservedForMaxSize


class ClaimError(Exception):
    """A claim of the pod cannot be used; the message is the reason."""


def are_known(cache: Cache) -> bool:
    """Whether claims are looked at in this cluster at all."""
    return CLAIMS in cache.others


def claims_of(cache: Cache, pod: PodInfo) -> list[Object]:
    """The claims that the pod names or that were made for it.  *Raises* `ClaimError`."""
    found = []
    made = {one.get("name"): one for one in (pod.object.get("status") or {}).get("resourceClaimStatuses") or ()}
    for reference in pod.spec.get("resourceClaims") or ():
        name, own = reference.get("resourceClaimName"), False
        if not name:
            told = made.get(reference.get("name"))
            if told is None:
                raise ClaimError(f'pod "{pod.key}": ResourceClaim not created yet')
            name, own = told.get("resourceClaimName"), True
        if not name:
            continue  # its template asks for nothing
        key = f"{pod.namespace}/{name}"
        claim = cache.get(CLAIMS, key)
        if claim is None:
            raise ClaimError(f'could not find ResourceClaim "{key}"')
        if meta.is_deleting(claim):
            raise ClaimError(f'resourceclaim "{name}" is being deleted')
        owner = meta.controller_of(claim)
        if own and (owner is None or owner.get("uid") != pod.uid):
            raise ClaimError(f"ResourceClaim {key} was not created for pod {pod.key} (pod is not owner)")
        found.append(claim)
    return found


def allocation_of(claim: Object) -> Object | None:
    """What is allocated for a claim, None for nothing yet."""
    found: Object | None = (claim.get("status") or {}).get("allocation")
    return found


def is_in_use(claim: Object, pod: PodInfo) -> bool:
    """Whether so many others use the claim that this pod cannot."""
    users = (claim.get("status") or {}).get("reservedFor") or ()
    return len(users) >= MOST_CONSUMERS and all(one.get("uid") != pod.uid for one in users)


def taken(cache: Cache) -> set[DeviceId]:
    """The devices that claims have, or will have when the pods placed before are bound."""
    found = {device for devices in cache.allocating.values() for device in devices}
    for claim in cache.listed(CLAIMS):
        for one in ((allocation_of(claim) or {}).get("devices") or {}).get("results") or ():
            if not one.get("adminAccess"):
                found.add((one["driver"], one["pool"], one["device"]))
    return found


def class_for(cache: Cache, resource: str) -> str | None:
    """The name of the device class that provides an extended resource; of several the newest."""
    if resource.startswith(IMPLICIT):
        name = resource[len(IMPLICIT) :]
        return name if cache.get(CLASSES, name) is not None else None
    every = [one for one in cache.listed(CLASSES) if (one.get("spec") or {}).get("extendedResourceName") == resource]
    every.sort(key=meta.name)
    every.sort(key=lambda one: one["metadata"].get("creationTimestamp") or "", reverse=True)
    return meta.name(every[0]) if every else None


def delegated(cache: Cache, pod: PodInfo) -> dict[str, str]:
    """{extended resource that the pod asks for: device class that can provide it}."""
    if not cache.others.get(CLASSES):
        return {}
    found = {}
    for resource, amount in pod.facts.requests.items():
        if amount and "/" in resource:
            name = class_for(cache, resource)
            if name is not None:
                found[resource] = name
    return found


def extended_claim(pod: PodInfo, classes: dict[str, str]) -> Object:
    """The claim for extended resources that a node provides by devices; it is made for each node in thought."""
    requests = [
        {"name": f"request-{place}", "exactly": {"deviceClassName": name, "count": pod.facts.requests[resource]}}
        for place, (resource, name) in enumerate(sorted(classes.items()))
    ]
    metadata = {"name": EXTENDED_CLAIM, "namespace": pod.namespace, "uid": f"extended/{pod.uid}"}
    return {"metadata": metadata, "spec": {"devices": {"requests": requests}}}
