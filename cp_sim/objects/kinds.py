"""Everything that differs from kind to kind, in one table.

The rest of the house asks a `Kind` instead of spelling names: the API server for paths, scope, verbs and habits of the
registry ("does PUT create?"), the store for keys, kubectl for short names.  Sources: the discovery document of
kube-apiserver v1.36, `pkg/registry/*/strategy.go`, `pkg/kubeapiserver/default_storage_factory_builder.go`, and
`pkg/apis/*/v1/conversion.go` for the selectable fields.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from cp_sim.objects.kind_table import FIELDS, GROUPS, HASHED_VERSIONS, OTHER_VERSIONS, STORE_PREFIXES, SUBRESOURCES
from cp_sim.sim import immutable

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class UnknownKind(Exception):
    """No kind answers to that name; the text is kubectl's sentence."""


@immutable
class Subresource:
    """What hangs below an object's path, e.g. `pods/{name}/binding`: its verbs and the kind of its bodies."""

    name: str
    kind: str
    group: str
    version: str
    verbs: tuple[str, ...]


def _follows() -> Any:
    return dataclasses.field(init=False, repr=False, compare=False)


@immutable
class Kind:
    """One kind of object as the API server serves it under one version.

    `storage` is the key of the kind whose form is stored (another one only where two versions share their objects).
    `name_style` is one of subdomain, label, label1035, path.  `fields` are the selectable fields beside
    `metadata.name` and `metadata.namespace`; `field_error` is the text of the refusal of any other, with `{}` for it,
    empty where the generic one holds.

    The last four follow from the others, and are asked for all the time: `api_version` of its objects (`apps/v1`),
    `resource` as in messages and `Call.resource` (`pods`, `deployments.apps`), `title` as in `Pod "web" is invalid`
    (`Pod`, `Deployment.apps`), `has_status`: whether there is a subresource `status`, so that writes to the object
    itself leave its status alone.
    """

    kind: str
    group: str
    version: str
    plural: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    store_prefix: str = ""
    storage: str = ""
    fields: tuple[str, ...] = ()
    field_error: str = ""
    name_style: str = "subdomain"
    has_generation: bool = False
    resets_status_on_create: bool = False
    delete_returns_object: bool = False
    put_creates: bool = False
    put_needs_resource_version: bool = False
    orphans_by_default: bool = False
    custom: bool = False
    singular: str = ""
    list_kind: str = ""
    api_version: str = _follows()
    resource: str = _follows()
    title: str = _follows()
    has_status: bool = _follows()

    def __post_init__(self) -> None:
        group = self.group
        self._fill("api_version", f"{group}/{self.version}" if group else self.version)
        self._fill("resource", f"{self.plural}.{group}" if group else self.plural)
        self._fill("title", f"{self.kind}.{group}" if group else self.kind)
        self._fill("has_status", any(sub.name == "status" for sub in self.subresources))

    def _fill(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)

    @property
    def selectable_fields(self) -> tuple[str, ...]:
        """All fields that a field selector may name."""
        always: tuple[str, ...] = ("metadata.name", "metadata.namespace")
        if not self.namespaced and self.field_error and not self.custom:
            always = ("metadata.name",)
        return always + self.fields

    @property
    def storage_version_hash(self) -> str:
        """`storageVersionHash` of discovery: eight bytes of the SHA-256 of `group/version/Kind` of the stored form."""
        stored = KINDS.get(self.storage, self)
        version = HASHED_VERSIONS.get(stored.resource, stored.version)
        text = f"{stored.group}/{version}/{stored.kind}"
        return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name, or None."""
        for sub in self.subresources:
            if sub.name == name:
                return sub
        return None

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The REST path, e.g. `/apis/apps/v1/namespaces/default/deployments/web/scale`."""
        parts = ["/apis/" + self.group if self.group else "/api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [self.plural] + [part for part in (name, subresource) if part]
        return "/".join(parts)

    def store_key(self, namespace: str = "", name: str = "") -> str:
        """The key in etcd; without a name the prefix of a list, e.g. `/registry/pods/default/`."""
        key = self.store_prefix + "/"
        if self.namespaced and namespace:
            key += namespace + "/"
        return key + name


_STATUS = ("get", "patch", "update")


def _subresources(row: str, kind: str, group: str, version: str) -> tuple[Subresource, ...]:
    """The subresources that a row of the table names, with what `SUBRESOURCES` knows of each."""
    found = []
    for name in row.split():
        words = SUBRESOURCES.get(name)
        if words is None:
            body = (kind, group, version)
            verbs: tuple[str, ...] = _STATUS
        else:
            of, at, verbs = words
            near = at or (group, version)
            body = (of.replace("*", kind), near[0], near[1])
        found.append(Subresource(name, body[0], body[1], body[2], verbs))
    return tuple(found)


def _of_row(group: str, version: str, row: str) -> Kind:
    """A kind from one line of the table: `plural Kind short,names | traits | subresources`."""
    head, traits_text, subresources = (part.strip() for part in row.split("|"))
    plural, kind, *short = head.split()
    traits = traits_text.split()
    resource = f"{plural}.{group}" if group else plural
    styles = [trait[5:] for trait in traits if trait.startswith("name=")]
    fields, error = FIELDS.get(resource, ("", ""))
    if "virtual" in traits:
        verbs: tuple[str, ...] = ("create",)
    elif plural == "componentstatuses":
        verbs = ("get", "list")
    elif plural == "namespaces":
        verbs = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")
    else:
        verbs = ALL_VERBS
    return Kind(
        kind=kind,
        group=group,
        version=version,
        plural=plural,
        namespaced="cluster" not in traits,
        short_names=tuple(short[0].split(",")) if short else (),
        categories=tuple(trait for trait in traits if trait in ("all", "api-extensions")),
        verbs=verbs,
        subresources=_subresources(subresources, kind, group, version),
        store_prefix="" if "virtual" in traits else "/registry/" + STORE_PREFIXES.get(resource, plural),
        storage=resource,
        fields=tuple(fields.split()),
        field_error=error,
        name_style=styles[0] if styles else "subdomain",
        has_generation="generation" in traits,
        resets_status_on_create="status" in subresources.split() and "keeps-status" not in traits,
        delete_returns_object="returned" in traits,
        put_creates="put-creates" in traits,
        put_needs_resource_version="conditional" in traits,
        orphans_by_default="orphans" in traits,
        singular=kind.lower(),
        list_kind=kind + "List",
    )


def _build() -> dict[str, Kind]:
    """All kinds by key, in the order of aggregated discovery."""
    kinds: dict[str, Kind] = {}
    for group, version, rows in GROUPS:
        for row in rows.strip().splitlines():
            kind = _of_row(group, version, row)
            kinds[kind.resource] = kind
    for key, storage, group, version, row in OTHER_VERSIONS:
        like = kinds[storage]
        kind = _of_row(group, version, row)
        kinds[key] = dataclasses.replace(kind, store_prefix=like.store_prefix, storage=storage)
    return kinds


KINDS: dict[str, Kind] = _build()
BY_API: dict[tuple[str, str], Kind] = {(kind.api_version, kind.kind): kind for kind in KINDS.values()}
BY_PATH: dict[tuple[str, str], Kind] = {(kind.api_version, kind.plural): kind for kind in KINDS.values()}


def _names(kind: Kind) -> Iterable[str]:
    """The names a kind answers to, without group."""
    return (kind.plural, kind.singular, kind.kind.lower(), *kind.short_names)


def _index(kinds: Iterable[Kind]) -> dict[str, Kind]:
    """Name -> kind; where several kinds share one, the first of the table wins, as with kubectl."""
    index: dict[str, Kind] = {}
    for kind in kinds:
        for name in _names(kind):
            index.setdefault(name, kind)
            if kind.group:
                index.setdefault(f"{name}.{kind.group}", kind)
            index.setdefault(f"{name}.{kind.version}.{kind.group}", kind)
    return index


_BY_NAME = _index(KINDS.values())


def find(text: str, extra: Iterable[Kind] = ()) -> Kind:
    """The kind that kubectl means by `text`: `po`, `pod`, `Pods`, `deploy`, `deployments.apps`, `hpa.v1.autoscaling`.

    `extra` are custom kinds that a cluster has beside the built-in ones.  *Raises* `UnknownKind`.
    """
    name = text.lower()
    kind = _BY_NAME.get(name)
    if kind is None and extra:
        kind = _index(extra).get(name)
    if kind is None:
        raise UnknownKind(f'the server doesn\'t have a resource type "{text}"')
    return kind


def kind_of(obj: Mapping[str, Any], extra: Iterable[Kind] = ()) -> Kind:
    """The kind of an object by its `apiVersion` and `kind`.  *Raises* `UnknownKind`."""
    wanted = (obj.get("apiVersion") or "", obj.get("kind") or "")
    kind = BY_API.get(wanted)
    if kind is None:
        for candidate in extra:
            if (candidate.api_version, candidate.kind) == wanted:
                return candidate
        raise UnknownKind(f'no matches for kind "{wanted[1]}" in version "{wanted[0]}"')
    return kind


def of_definition(definition: Mapping[str, Any], version: str) -> Kind:
    """The custom kind that a stored CustomResourceDefinition serves under one of its versions.

    *In Kubernetes:* the discovery controller and CR handler of the apiextensions-apiserver.
    """
    spec = definition["spec"]
    names = spec["names"]
    entry = next(one for one in spec["versions"] if one["name"] == version)
    declared = entry.get("subresources") or {}
    group = spec["group"]
    subs = []
    if "status" in declared:
        subs.append(Subresource("status", names["kind"], group, version, _STATUS))
    if "scale" in declared:
        subs.append(Subresource("scale", "Scale", "autoscaling", "v1", _STATUS))
    plural = names["plural"]
    return Kind(
        kind=names["kind"],
        group=group,
        version=version,
        plural=plural,
        namespaced=spec.get("scope") == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(subs),
        store_prefix=f"/registry/{group}/{plural}",
        storage=f"{plural}.{group}",
        fields=tuple(field["jsonPath"].lstrip(".") for field in entry.get("selectableFields") or ()),
        field_error="field label not supported: {}",
        has_generation=True,
        resets_status_on_create="status" in declared,
        put_needs_resource_version=True,
        custom=True,
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or names["kind"] + "List",
    )
