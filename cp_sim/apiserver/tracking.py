"""Which writes are tracked in `metadata.managedFields`, and as whose.

*In Kubernetes:* every write is.  *Simplified:* writes of components count only where somebody has applied the
object, so that the ten thousand pods of a scale run do not carry a second description of themselves.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from cp_sim.apiserver.managed import manager
from cp_sim.apiserver.managed.manager import Writer
from cp_sim.apiserver.managed.shapes import ANY, Shape, of_struct
from cp_sim.apiserver.work import Work
from cp_sim.objects import strict
from cp_sim.objects.kinds import Kind
from cp_sim.objects.schema import root

Object = dict[str, Any]

_STATUS = (("f:status",),)
_SPEC = (("f:spec",),)
# What a write to the status cannot change, where it is more than the spec.
_STATUS_RESETS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pods": (*_SPEC, ("f:metadata", "f:deletionTimestamp"), ("f:metadata", "f:ownerReferences")),
    "deployments.apps": (*_SPEC, ("f:metadata", "f:labels")),
    "customresourcedefinitions.apiextensions.k8s.io": (("f:metadata",), *_SPEC),
}


def wanted(work: Work, live: Object | None) -> bool:
    """Whether a write is tracked."""
    if work.outside is not None or work.call.options.get("fieldManager"):
        return True
    if live is None:
        return False
    entries = (live.get("metadata") or {}).get("managedFields") or ()
    return any(entry.get("operation") == "Apply" for entry in entries)


def writer(server: Any, work: Work, operation: str = "Update") -> Writer:
    """Who writes."""
    kind, call = work.kind, work.call
    assert kind is not None
    subresource = call.subresource if call.subresource in ("status", "scale", "ephemeralcontainers", "resize") else ""
    return Writer(
        manager_name(work),
        operation,
        kind.api_version,
        subresource,
        reset_by(kind, subresource),
        "" if subresource == "scale" else server.loop.clock.timestamp(),
    )


def manager_name(work: Work) -> str:
    """The name under which a write counts: given, or the first word of the client's own name."""
    given = work.call.options.get("fieldManager")
    if given:
        return str(given)
    if work.outside is not None:
        for key, value in work.outside.headers.items():
            if key.lower() == "user-agent" and value:
                return str(value).partition("/")[0][:128]
        return "cp-sim"
    if work.user.name == "system:apiserver":
        return "kube-apiserver"
    return work.user.name.rpartition(":")[2] or "unknown"


def reset_by(kind: Kind, subresource: str) -> tuple[tuple[str, ...], ...]:
    """The paths that a write cannot change."""
    if subresource == "status":
        if kind.custom:
            return (("f:metadata",), *_everything_but_status(kind))
        return _STATUS_RESETS.get(kind.storage, _SPEC)
    return _STATUS if kind.has_status else ()


def _everything_but_status(kind: Kind) -> tuple[tuple[str, ...], ...]:
    return _SPEC


def shape_of(server: Any, kind: Kind) -> Shape:
    """The type of a kind's objects."""
    if kind.custom:
        return _custom_shape(server, kind)
    struct = root(kind.api_version, kind.kind)
    return of_struct(struct) if struct is not None else ANY


def _custom_shape(server: Any, kind: Kind) -> Shape:
    definition = server.catalog.definitions.get(f"{kind.plural}.{kind.group}") or {"spec": {"versions": []}}
    version: dict[str, Any] = next((one for one in definition["spec"]["versions"] if one["name"] == kind.version), {})
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if not schema:
        return ANY
    metadata = root("v1", "ConfigMap")
    assert metadata is not None
    return CustomShape(schema, of_struct(metadata.fields["metadata"].struct))  # type: ignore[arg-type]


class CustomShape(Shape):
    """The type of custom objects: their schema, with the metadata that all objects have."""

    __slots__ = ("metadata",)

    def __init__(self, schema: Any, metadata: Shape) -> None:
        super().__init__("map", source=schema)
        self.metadata = metadata

    def field(self, name: str) -> Shape | None:
        """The type of a top-level field."""
        if name == "metadata":
            return self.metadata
        if name in ("apiVersion", "kind"):
            from cp_sim.apiserver.managed.shapes import SCALAR

            return SCALAR
        return super().field(name)

    def named(self, name: str) -> bool:
        """Whether it is declared."""
        return name in ("metadata", "apiVersion", "kind") or super().named(name)


@cache
def _blank(api_version: str, name: str, kind: Kind) -> Object:
    return strict.decode(kind, {"apiVersion": api_version, "kind": name}).object


def blank(kind: Kind) -> Object:
    """An object of the kind with nothing in it, as Go writes one."""
    if kind.custom:
        return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {}}
    return _blank(kind.api_version, kind.kind, kind)


def on_create(server: Any, work: Work, obj: Object) -> Object:
    """A new object with its first entry."""
    kind = work.kind
    assert kind is not None
    if not wanted(work, None):
        return obj
    return manager.update(shape_of(server, kind), blank(kind), obj, writer(server, work), creating=True)


def on_update(server: Any, work: Work, new: Object, live: Object) -> Object:
    """A changed object with its entries."""
    kind = work.kind
    assert kind is not None
    if not wanted(work, live):
        entries = live["metadata"].get("managedFields")
        if new["metadata"].get("managedFields") == entries:
            return new
        metadata = {key: value for key, value in new["metadata"].items() if key != "managedFields"}
        if entries:
            metadata["managedFields"] = entries
        return {**new, "metadata": metadata}
    return manager.update(shape_of(server, kind), live, new, writer(server, work), creating=False)
