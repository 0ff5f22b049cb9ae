"""What resources there are: the built-in kinds, and the custom ones that a cluster defines.

*In Kubernetes:* the API server's scheme and installer, and the apiextensions-apiserver for CustomResourceDefinitions.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.watch_cache import Change
from cp_sim.objects.kinds import BY_PATH, KINDS, Kind, of_definition

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
RBAC = tuple(
    f"{plural}.rbac.authorization.k8s.io" for plural in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
)

# First two path segments of a store key -> kind; a prefix of one segment stands alone.
_BY_PREFIX: dict[str, Kind] = {}
for _kind in KINDS.values():
    if _kind.store_prefix:
        _BY_PREFIX.setdefault(_kind.store_prefix.removeprefix("/registry/"), KINDS[_kind.storage])

_VERSIONS = frozenset(kind.api_version for kind in KINDS.values())


class Catalog:
    """The resources this server serves."""

    # The resources whose changes the server itself follows.
    observed = frozenset((DEFINITIONS, *RBAC))

    def __init__(self) -> None:
        self.custom: dict[str, Kind] = {}  # plural.group -> storage version
        self.by_path: dict[tuple[str, str], Kind] = {}
        self.definitions: dict[str, dict[str, Any]] = {}
        self._by_prefix: dict[str, Kind] = {}

    def kind_of_resource(self, resource: str) -> Kind:
        """The kind of `pods`, `deployments.apps`, ...

        Raises:
            ApiError: 404, there is no such resource.
        """
        kind = KINDS.get(resource) or self.custom.get(resource)
        if kind is None:
            raise errors.no_such_path()
        return kind

    def kind_at(self, api_version: str, plural: str) -> Kind | None:
        """The kind served at a path, None if there is none."""
        return BY_PATH.get((api_version, plural)) or self.by_path.get((api_version, plural))

    def has_version(self, api_version: str) -> bool:
        """Whether a group version is served at all."""
        return api_version in _VERSIONS or any(version == api_version for version, _ in self.by_path)

    def kind_of_watch(self, watch: Any) -> Kind:
        """The kind, in the version asked for, that a watch is about."""
        return self.kind_at(watch.api_version, watch.plural) or self.kind_of_resource(watch.resource)

    def deprecation(self, kind: Kind) -> list[str]:
        """The warning of a deprecated version of a custom resource."""
        definition = self.definitions.get(f"{kind.plural}.{kind.group}")
        versions = definition["spec"]["versions"] if definition is not None else []
        found: dict[str, Any] = next((one for one in versions if one["name"] == kind.version), {})
        if not found.get("deprecated"):
            return []
        if found.get("deprecationWarning"):
            return [found["deprecationWarning"]]
        newer = [one["name"] for one in versions if one.get("served") and not one.get("deprecated")]
        text = f"{kind.api_version} {kind.kind} is deprecated"
        return [f"{text}; use {kind.group}/{newer[0]} {kind.kind}" if newer else text]

    def kinds(self) -> list[Kind]:
        """All kinds, one entry per version served, built-in ones first."""
        return [*KINDS.values(), *self.by_path.values()]

    def cache_of_key(self, key: str) -> tuple[Kind, str] | None:
        """(kind, `namespace/name`) of a store key; None for a key that is no object."""
        parts = key.split("/", 4)
        if len(parts) < 4:
            return None
        kind = _BY_PREFIX.get(parts[2])
        if kind is not None:
            return kind, key[len(parts[2]) + 11 :]
        prefix = f"{parts[2]}/{parts[3]}"
        kind = _BY_PREFIX.get(prefix) or self._by_prefix.get(prefix)
        return None if kind is None else (kind, key[len(prefix) + 11 :])

    def learn(self, storage: str, change: Change) -> None:
        """A definition has come, changed or gone."""
        if storage != DEFINITIONS:
            return
        if change.object is None:
            self.definitions.pop(change.key, None)
        else:
            self.definitions[change.key] = change.object
        self.custom, self.by_path, self._by_prefix = {}, {}, {}
        for definition in self.definitions.values():
            conditions = (definition.get("status") or {}).get("conditions") or ()
            if not any(entry["type"] == "Established" and entry["status"] == "True" for entry in conditions):
                continue
            for version in definition["spec"]["versions"]:
                if not version.get("served"):
                    continue
                kind = of_definition(definition, version["name"])
                self.by_path[(kind.api_version, kind.plural)] = kind
                if version.get("storage") or kind.resource not in self.custom:
                    self.custom[kind.resource] = kind
                    self._by_prefix[f"{kind.group}/{kind.plural}"] = kind
