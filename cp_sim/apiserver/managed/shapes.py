"""What the schema says of a value, as far as owning its parts goes: which lists are sets or maps, what is one piece.

*In Kubernetes:* `sigs.k8s.io/structured-merge-diff/schema`, made from OpenAPI with its `x-kubernetes-` extensions.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from cp_sim.objects.schema import Field, Struct

# Types that are owned as one piece wherever they stand (`x-kubernetes-map-type: atomic` of OpenAPI v1.36).
_ATOMIC = frozenset(
    [
        "admissionregistration.v1.MatchResources",
        "admissionregistration.v1.NamedRuleWithOperations",
        "admissionregistration.v1.ParamKind",
        "admissionregistration.v1.ParamRef",
        "admissionregistration.v1.Variable",
        "autoscaling.v1.CrossVersionObjectReference",
        "core.v1.ConfigMapKeySelector",
        "core.v1.EndpointAddress",
        "core.v1.EndpointPort",
        "core.v1.FileKeySelector",
        "core.v1.LocalObjectReference",
        "core.v1.NodeSelector",
        "core.v1.NodeSelectorTerm",
        "core.v1.ObjectFieldSelector",
        "core.v1.ObjectReference",
        "core.v1.ResourceFieldSelector",
        "core.v1.ScopeSelector",
        "core.v1.SecretKeySelector",
        "core.v1.SecretReference",
        "core.v1.TopologySelectorTerm",
        "core.v1.TypedLocalObjectReference",
        "discovery.v1.EndpointPort",
        "networking.v1.ServiceBackendPort",
        "rbac.v1.RoleRef",
        "rbac.v1.Subject",
        "meta.v1.LabelSelector",
        "meta.v1.OwnerReference",
    ]
)
# Keys of list items that the server fills in before items are told apart.
_KEY_DEFAULTS = {"protocol": "TCP"}


class Shape:
    """One type.  `kind` is scalar, list, map, or any (then the value itself decides, and lists are one piece).

    `fields` are the declared fields of a map, `item` the type of everything else in a map or list (None: nothing
    else is allowed); `keys` are the keys of an associative list, `is_set` marks a set; `atomic` what is owned as
    one piece.
    """

    __slots__ = ("kind", "atomic", "keys", "is_set", "_fields", "_item", "_source", "go_type")

    def __init__(
        self, kind: str, *, atomic: bool = False, keys: tuple[str, ...] = (), is_set: bool = False, source: Any = None
    ) -> None:
        self.kind = kind
        self.atomic = atomic
        self.keys = keys
        self.is_set = is_set
        self._source = source
        self._fields: dict[str, Shape] | None = None
        self._item: Shape | None = None
        self.go_type = ""

    @property
    def has_fields(self) -> bool:
        """Whether the map declares its fields by name."""
        return isinstance(self._source, Struct) or (isinstance(self._source, dict) and "properties" in self._source)

    def field(self, name: str) -> Shape | None:
        """The type of what stands under `name`; None if the schema does not know it."""
        source = self._source
        if isinstance(source, Struct):
            found = source.fields.get(name)
            return of_field(found) if found is not None else None
        if isinstance(source, dict):
            found = (source.get("properties") or {}).get(name)
            if found is not None:
                return of_openapi_cached(id(found), found)
            if source.get("x-kubernetes-preserve-unknown-fields"):
                return ANY
            extra = source.get("additionalProperties")
            return of_openapi_cached(id(extra), extra) if isinstance(extra, dict) else None
        if isinstance(source, Field):
            assert source.item is not None
            return of_field(source.item)
        return ANY

    def named(self, name: str) -> bool:
        """Whether `name` is a declared field (and no key of a free map)."""
        source = self._source
        if isinstance(source, Struct):
            return name in source.fields
        if isinstance(source, dict):
            return name in (source.get("properties") or {})
        return False

    def item(self) -> Shape:
        """The type of a list's items."""
        source = self._source
        if isinstance(source, Field) and source.item is not None:
            return of_field(source.item)
        if isinstance(source, dict) and isinstance(source.get("items"), dict):
            return of_openapi_cached(id(source["items"]), source["items"])
        return ANY

    def key_default(self, key: str) -> Any:
        """What a missing key of a list item counts as."""
        source = self._source
        if isinstance(source, Field):
            return _KEY_DEFAULTS.get(key)
        if isinstance(source, dict):
            inner = ((source.get("items") or {}).get("properties") or {}).get(key) or {}
            return inner.get("default")
        return None

    def __deepcopy__(self, _memo: Any) -> Shape:
        return self


def _scalar(name: str) -> Shape:
    made = Shape("scalar")
    made.go_type = name
    return made


SCALAR = Shape("scalar")
_NUMERIC = "numeric (int or float)"
_SCALARS = {
    "string": _scalar("string"),
    "time": _scalar("string"),
    "microtime": _scalar("string"),
    "bytes": _scalar("string"),
    "int32": _scalar(_NUMERIC),
    "int64": _scalar(_NUMERIC),
    "float": _scalar(_NUMERIC),
    "bool": _scalar("boolean"),
}
_OPENAPI_SCALARS = {
    "string": _SCALARS["string"],
    "integer": _SCALARS["int64"],
    "number": _SCALARS["float"],
    "boolean": _SCALARS["bool"],
}
ANY = Shape("any")
PIECE = Shape("any", atomic=True)


@cache
def of_struct(struct: Struct, atomic: bool = False) -> Shape:
    """The type of a struct."""
    return Shape("map", atomic=atomic, source=struct)


@cache
def of_field(field: Field) -> Shape:
    """The type of a field of a built-in kind."""
    if field.code == "@":
        assert field.struct is not None
        return of_struct(field.struct, field.map_type == "atomic" or field.struct.name in _ATOMIC)
    if field.code == "[":
        if field.list_type == "map":
            return Shape("list", keys=field.map_keys, source=field)
        if field.list_type == "set":
            return Shape("list", is_set=True, source=field)
        return Shape("list", atomic=True, source=field)
    if field.code == "{":
        return Shape("map", atomic=field.map_type == "atomic", source=field)
    if field.code == "any":
        return PIECE
    return _SCALARS.get(field.code, SCALAR)


def of_openapi_cached(_identity: int, schema: Any) -> Shape:
    """The type of a part of a custom resource's schema."""
    return of_openapi(schema)


def of_openapi(schema: Any) -> Shape:
    """The type that an OpenAPI v3 schema describes."""
    if not isinstance(schema, dict):
        return ANY
    type_ = schema.get("type")
    if type_ == "array":
        how = schema.get("x-kubernetes-list-type")
        if how == "map":
            return Shape("list", keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()), source=schema)
        return Shape("list", is_set=how == "set", atomic=how not in ("set",), source=schema)
    if type_ == "object" or "properties" in schema:
        if not schema.get("properties") and "additionalProperties" not in schema:
            return ANY
        return Shape("map", atomic=schema.get("x-kubernetes-map-type") == "atomic", source=schema)
    if schema.get("x-kubernetes-int-or-string"):
        return SCALAR
    return _OPENAPI_SCALARS.get(type_ or "", ANY)


def resolve(shape: Shape, value: Any) -> Shape:
    """The type as the value shows it where the schema leaves it open."""
    if shape.kind != "any":
        return shape
    if isinstance(value, dict):
        return Shape("map", atomic=shape.atomic)
    if isinstance(value, list):
        return Shape("list", atomic=True)
    return SCALAR
