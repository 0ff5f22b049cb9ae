"""The kinds whose objects the garbage collector and the namespace controller look after."""

from __future__ import annotations

from functools import lru_cache

from cp_sim.objects.kinds import KINDS

# Events come and go by themselves; the real garbage collector leaves them out as well.
IGNORED = frozenset(("events", "events.events.k8s.io", "componentstatuses"))
# Not served by every API server, and owned by nobody.
NEEDED = frozenset(("list", "watch", "delete"))


@lru_cache(maxsize=1)
def collected() -> tuple[str, ...]:
    """The resources that can be listed, watched and deleted, each once whatever versions it has."""
    return tuple(
        resource
        for resource, kind in KINDS.items()
        if set(kind.verbs) >= NEEDED and resource not in IGNORED and kind.storage in ("", resource)
    )


@lru_cache(maxsize=1)
def namespaced() -> tuple[str, ...]:
    """Those of them that live in namespaces."""
    return tuple(resource for resource in collected() if KINDS[resource].namespaced)


@lru_cache(maxsize=512)
def resource_of(api_version: str, kind: str) -> str:
    """The resource of an owner reference's kind, empty if there is no such kind.

    Any version of the group will do.
    """
    group = api_version.rpartition("/")[0]
    for resource, known in KINDS.items():
        if known.kind == kind and known.group == group and "get" in known.verbs and known.storage in ("", resource):
            return resource
    return ""
