"""The vocabulary: what everybody asks of an object, so that no other room spells `.get("metadata", {})`."""

from typing import Any

Object = dict[str, Any]


def name(obj: Object) -> str:
    """`metadata.name`, empty if there is none."""
    return (obj.get("metadata") or {}).get("name") or ""


def namespace(obj: Object) -> str:
    """`metadata.namespace`, empty for what belongs to the whole cluster."""
    return (obj.get("metadata") or {}).get("namespace") or ""


def key(obj: Object) -> str:
    """`namespace/name`, or only `name` for what belongs to the whole cluster."""
    metadata = obj.get("metadata") or {}
    inside = metadata.get("namespace")
    return f"{inside}/{metadata.get('name', '')}" if inside else metadata.get("name") or ""


def split_key(text: str) -> tuple[str, str]:
    """(namespace, name) of a key; the namespace is empty where the key has none."""
    inside, _, last = text.rpartition("/")
    return inside, last


def uid(obj: Object) -> str:
    """`metadata.uid`."""
    return (obj.get("metadata") or {}).get("uid") or ""


def labels(obj: Object) -> dict[str, str]:
    """`metadata.labels`, empty if there are none.  Read only."""
    return (obj.get("metadata") or {}).get("labels") or {}


def annotations(obj: Object) -> dict[str, str]:
    """`metadata.annotations`, empty if there are none.  Read only."""
    return (obj.get("metadata") or {}).get("annotations") or {}


def resource_version(obj: Object) -> str:
    """`metadata.resourceVersion`, empty for an object that was never stored."""
    return (obj.get("metadata") or {}).get("resourceVersion") or ""


def revision(obj: Object) -> int:
    """The store's revision that wrote this object, 0 for one that was never stored."""
    return int(resource_version(obj) or 0)


def generation(obj: Object) -> int:
    """`metadata.generation`, 0 where the kind has none."""
    return (obj.get("metadata") or {}).get("generation") or 0


def finalizers(obj: Object) -> list[str]:
    """`metadata.finalizers`, empty if there are none.  Read only."""
    return (obj.get("metadata") or {}).get("finalizers") or []


def is_deleting(obj: Object) -> bool:
    """Whether deletion was asked for (`metadata.deletionTimestamp` is set)."""
    return bool((obj.get("metadata") or {}).get("deletionTimestamp"))


def owners(obj: Object) -> list[Object]:
    """`metadata.ownerReferences`, empty if there are none.  Read only."""
    return (obj.get("metadata") or {}).get("ownerReferences") or []


def controller_of(obj: Object) -> Object | None:
    """The owner reference whose `controller` is true, or None."""
    for owner in owners(obj):
        if owner.get("controller"):
            return owner
    return None


def owner_reference(owner: Object, *, controller: bool = True) -> Object:
    """A reference to `owner` as controllers write it into what they create."""
    reference: Object = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name(owner),
        "uid": uid(owner),
    }
    if controller:
        reference |= {"controller": True, "blockOwnerDeletion": True}
    return reference


def condition(obj: Object, type_: str) -> Object | None:
    """The entry of `status.conditions` of that type, or None."""
    for entry in (obj.get("status") or {}).get("conditions") or ():
        if entry.get("type") == type_:
            return entry
    return None


def is_true(obj: Object, type_: str) -> bool:
    """Whether the condition of that type has status `"True"`."""
    entry = condition(obj, type_)
    return entry is not None and entry.get("status") == "True"


def is_ready(obj: Object) -> bool:
    """Whether condition `Ready` is true (nodes, pods)."""
    return is_true(obj, "Ready")


def phase(obj: Object) -> str:
    """`status.phase`, empty if there is none."""
    return (obj.get("status") or {}).get("phase") or ""


def is_finished(pod: Object) -> bool:
    """Whether a pod has run to its end: phase Succeeded or Failed."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Whether a pod counts for its controller: neither finished nor being deleted."""
    return not is_finished(pod) and not is_deleting(pod)


def node_name(pod: Object) -> str:
    """`spec.nodeName`, empty for a pod that is not bound."""
    return (pod.get("spec") or {}).get("nodeName") or ""
