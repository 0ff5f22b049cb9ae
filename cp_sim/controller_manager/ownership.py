"""Adoption and release: which objects belong to a controller, decided by selector and owner reference.

*In Kubernetes:* `BaseControllerRefManager` in `pkg/controller/controller_ref_manager.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cp_sim.client.plan import Patch
from cp_sim.objects.meta import controller_of, is_deleting, name, namespace, owner_reference, uid
from cp_sim.sim import immutable

Object = dict[str, Any]


@immutable
class Claim:
    """What belongs to a controller once the `patches` have been carried out."""

    claimed: tuple[Object, ...]
    patches: tuple[Patch, ...]


def claim(owner: Object, candidates: Iterable[Object], resource: str, matches: Callable[[Object], bool]) -> Claim:
    """Sort `candidates` into those that `owner` controls, adopts, releases, and those that do not concern it.

    An object that belongs to nobody and matches is adopted; one that is owned but does not match any more is released;
    one that another controller owns is left alone.  An owner that is being deleted neither adopts nor releases.
    """
    claimed: list[Object] = []
    patches: list[Patch] = []
    for candidate in candidates:
        controller = controller_of(candidate)
        if controller is not None:
            if controller.get("uid") != uid(owner):
                continue
            if matches(candidate):
                claimed.append(candidate)
            elif not is_deleting(owner):
                patches.append(release(owner, candidate, resource))
        elif not is_deleting(owner) and not is_deleting(candidate) and matches(candidate):
            claimed.append(candidate)
            patches.append(adopt(owner, candidate, resource))
    return Claim(tuple(claimed), tuple(patches))


def adopt(owner: Object, orphan: Object, resource: str) -> Patch:
    """The patch that makes `owner` the controller of `orphan`."""
    patch = {"metadata": {"ownerReferences": [owner_reference(owner)], "uid": uid(orphan)}}
    because = f"{name(orphan)} matches the selector of {name(owner)} and belongs to nobody: adopt it"
    return Patch(resource, namespace(orphan), name(orphan), patch, because=because)


def release(owner: Object, lost: Object, resource: str) -> Patch:
    """The patch that takes `owner` out of the owners of `lost`."""
    patch = {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": uid(owner)}], "uid": uid(lost)}}
    because = f"{name(lost)} does not match the selector of {name(owner)} any more: let it go"
    return Patch(resource, namespace(lost), name(lost), patch, because=because)
