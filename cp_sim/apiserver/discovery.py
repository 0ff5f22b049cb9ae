"""Paths that are no resource: versions and discovery, by which clients learn what the server serves.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/discovery`, also in its aggregated form.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any

from cp_sim.apiserver import errors, health
from cp_sim.apiserver.decoding import header
from cp_sim.apiserver.request import HttpRequest
from cp_sim.apiserver.work import Done, Work
from cp_sim.objects.kinds import Kind

Object = dict[str, Any]
SERVER = "172.18.0.2:6443"
_CUSTOM_VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]


@cache
def facts() -> Object:
    """What the real server says of its version and its OpenAPI paths."""
    raw = resources.files("cp_sim.apiserver").joinpath("data", "facts.json.gz").read_bytes()
    found: Object = json.loads(gzip.decompress(raw))
    return found


def answer(server: Any, work: Work, http: HttpRequest) -> Any:
    """The answer for a path that is no resource, or what the store has to be asked first.

    Raises:
        ApiError: 404 or 405.
    """
    path = http.path.rstrip("/") or "/"
    if health.is_path(path):
        return health.start(server, work, path, http.query)
    body = content(server, path, http)
    if body is None:
        if path.startswith("/api") and _known_group(server, path):
            raise errors.no_such_path()
        from cp_sim.apiserver.rest import PlainNotFound

        raise PlainNotFound()
    if http.method != "GET":
        raise errors.method_not_allowed()
    return Done(body)


def content(server: Any, path: str, http: HttpRequest) -> Any:
    """The body of a discovery path, None if there is none."""
    if path == "/version":
        return {**facts()["version"], "buildDate": "2026-05-12T00:00:00Z"}
    if path in ("/api", "/apis"):
        if "as=APIGroupDiscoveryList" in header(http.headers, "accept").partition(",")[0]:
            if "v=v2;" in header(http.headers, "accept").partition(",")[0] + ";":
                return aggregated(server, path == "/api")
        return api_versions() if path == "/api" else groups(server)
    if path == "/":
        return {"paths": paths(server)}
    if path == "/openapi/v3":
        return openapi_index()
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) == 2:
        return resource_list(server, parts[1]) if parts[1] == "v1" else None
    if parts[0] == "apis" and len(parts) == 2:
        return group(server, parts[1])
    if parts[0] == "apis" and len(parts) == 3:
        return resource_list(server, f"{parts[1]}/{parts[2]}")
    return None


def _known_group(server: Any, path: str) -> bool:
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        return True
    return len(parts) > 2 and parts[1] in versions(server)


def openapi_index() -> str:
    """The index of the OpenAPI v3 documents, as text."""
    found = {}
    for path in facts()["openapi_v3_paths"]:
        digest = hashlib.sha512(path.encode()).hexdigest().upper()
        found[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return json.dumps({"paths": found}, separators=(",", ":"))


def paths(server: Any) -> list[str]:
    """All paths that the server's root tells of."""
    found = [
        "/.well-known/openid-configuration",
        "/api",
        "/api/v1",
        "/apis",
        "/apis/",
        "/flagz",
        "/metrics",
        "/metrics/slis",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/openid/v1/jwks",
        "/statusz",
        "/version",
        *health.paths(),
    ]
    for name, listed in versions(server).items():
        found += [f"/apis/{name}", *(f"/apis/{name}/{version}" for version in listed)]
    return sorted(found)


# -- groups and versions ---------------------------------------------------------------------------------------------


def versions(server: Any) -> dict[str, list[str]]:
    """Group -> its versions, the preferred one first."""
    found: dict[str, list[str]] = {}
    for kind in server.catalog.kinds():
        if kind.group:
            listed = found.setdefault(kind.group, [])
            if kind.version not in listed:
                listed.append(kind.version)
    return found


def api_versions() -> Object:
    """`GET /api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": SERVER}],
    }


def groups(server: Any) -> Object:
    """`GET /apis`."""
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(name, listed) for name, listed in versions(server).items()],
    }


def group(server: Any, name: str) -> Object | None:
    """`GET /apis/GROUP`."""
    listed = versions(server).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, listed)} if listed else None


def _group(name: str, listed: list[str]) -> Object:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in listed]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


# -- resources -------------------------------------------------------------------------------------------------------


def resource_list(server: Any, api_version: str) -> Object | None:
    """`GET /apis/GROUP/VERSION`."""
    kinds = [kind for kind in server.catalog.kinds() if kind.api_version == api_version]
    if not kinds:
        return None
    entries: list[Object] = []
    for kind in kinds:
        entries.append(_resource(kind))
        entries += [_subresource(kind, sub) for sub in kind.subresources]
    if not kinds[0].custom:
        entries.sort(key=lambda entry: entry["name"])
    made: Object = {"kind": "APIResourceList", "groupVersion": api_version, "resources": entries}
    if api_version != "v1":
        made["apiVersion"] = "v1"
    return made


def _resource(kind: Kind) -> Object:
    made: Object = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(_CUSTOM_VERBS) if kind.custom else sorted(kind.verbs),
    }
    if kind.short_names:
        made["shortNames"] = list(kind.short_names)
    if kind.categories:
        made["categories"] = list(kind.categories)
    if kind.store_prefix and kind.plural != "componentstatuses":
        made["storageVersionHash"] = kind.storage_version_hash
    return made


def _subresource(kind: Kind, sub: Any) -> Object:
    made: Object = {
        "name": f"{kind.plural}/{sub.name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": sub.kind,
        "verbs": sorted(sub.verbs),
    }
    if (sub.group, sub.version) != (kind.group, kind.version):
        if sub.group:
            made["group"] = sub.group
        made["version"] = sub.version
    return made


def aggregated(server: Any, core: bool) -> Object:
    """Everything in one answer (`APIGroupDiscoveryList`)."""
    found: dict[str, dict[str, list[Kind]]] = {}
    for kind in server.catalog.kinds():
        if bool(kind.group) != core:
            found.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
    items = []
    for name, listed in found.items():
        entries = [
            {
                "version": version,
                "freshness": "Current",
                "resources": [_aggregated(kind) for kind in sorted(kinds, key=lambda one: one.plural)],
            }
            for version, kinds in listed.items()
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": entries})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated(kind: Kind) -> Object:
    made: Object = {
        "resource": kind.plural,
        "responseKind": _response_kind(kind, kind.kind, kind.group, kind.version),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(_CUSTOM_VERBS) if kind.custom else sorted(kind.verbs),
    }
    if kind.short_names:
        made["shortNames"] = list(kind.short_names)
    if kind.categories:
        made["categories"] = list(kind.categories)
    if kind.subresources:
        made["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": _response_kind(kind, sub.kind, sub.group, sub.version),
                "verbs": sorted(sub.verbs),
            }
            for sub in sorted(kind.subresources, key=lambda one: one.name)
        ]
    return made


def _response_kind(kind: Kind, name: str, group_name: str, version: str) -> Object:
    same = (group_name, version) == (kind.group, kind.version) and not kind.custom
    return {"group": "" if same else group_name, "version": "" if same else version, "kind": name}
