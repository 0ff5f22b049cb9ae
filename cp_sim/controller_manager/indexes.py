"""How the shared caches are filed: who finds pods by what, so that no change makes anybody look at all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.client.informer import Informer, by_controller, by_node, by_owner
from cp_sim.objects.meta import controller_of, labels, namespace, owners, uid

Object = dict[str, Any]


def orphans(obj: Object) -> Iterable[str]:
    """Index: the namespace of an object that has no controller; those are the ones that can be adopted."""
    return () if controller_of(obj) else (namespace(obj),)


def by_uid(obj: Object) -> Iterable[str]:
    """Index: the object's own uid."""
    return (uid(obj),)


def by_label(obj: Object) -> Iterable[str]:
    """Index: `namespace/key=value` for every label."""
    inside = namespace(obj)
    return [f"{inside}/{label}={value}" for label, value in labels(obj).items()]


def by_selector(obj: Object) -> Iterable[str]:
    """Index of Services: `namespace/key=value` of the first pair of the selector."""
    selector = (obj.get("spec") or {}).get("selector") or {}
    inside = namespace(obj)
    for label in sorted(selector):
        return (f"{inside}/{label}={selector[label]}",)
    return ()


def selected(informer: Informer, inside: str, selector: dict[str, str]) -> list[Object]:
    """The cached objects of a namespace that carry all these labels, found through the rarest pair."""
    if not selector:
        return informer.list(inside)
    candidates: list[Object] | None = None
    for label in sorted(selector):
        filed = informer.where("label", f"{inside}/{label}={selector[label]}")
        if candidates is None or len(filed) < len(candidates):
            candidates = filed
    wanted = selector.items()
    return [obj for obj in candidates or () if wanted <= labels(obj).items()]


def file_pods(informer: Informer) -> Informer:
    """The indexes that the controllers want of pods (and of other owned things)."""
    return informer.index("controller", by_controller).index("orphans", orphans).index("node", by_node)


def file_owned(informer: Informer) -> Informer:
    """The indexes by owner."""
    return informer.index("controller", by_controller).index("orphans", orphans).index("owner", by_owner)


def is_owned(obj: Object) -> bool:
    """Whether the object has any owner."""
    return bool(owners(obj))
