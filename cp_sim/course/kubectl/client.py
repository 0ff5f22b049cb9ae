"""The REST side of kubectl: requests, warnings, errors, and which types of objects the server knows.

It knows the cluster only by `cluster.request`, as kubectl knows it only by HTTP.
Sources: k8s.io/client-go/{rest,discovery,restmapper}, kubernetes/kubectl pkg/util.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cp_sim.course.kubectl.errors import KubectlError, StatusError, failure, unreachable
from cp_sim.sim import immutable

Object = dict[str, Any]
TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)
_VERSION_FIELDS = (
    "major", "minor", "emulationMajor", "emulationMinor", "minCompatibilityMajor", "minCompatibilityMinor",
    "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform",
)  # fmt: skip
PATCH_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


@immutable
class Type:
    """One type of objects, as discovery tells it."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """`deployments.apps`; only the plural in the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def shown_name(self) -> str:
        """The lower-case kind with its group, as it stands in kubectl's answers: `deployment.apps`."""
        return f"{self.kind.lower()}.{self.group}" if self.group else self.kind.lower()

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """Where the group's paths begin: `/apis/apps/v1`, or `/api/v1`."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def described(self) -> str:
        """As client-go writes it: `apps/v1, Resource=deployments`."""
        return f"{self.group}/{self.version}, Resource={self.plural}"

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of an object or, without a name, of the collection."""
        parts = [self.root]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        return "/".join([*parts, self.plural, *([name] if name else []), *([subresource] if subresource else [])])


class Client:
    """Requests of one user to one cluster.

    `warn` is called with each warning that comes with an answer; `wrote` tells whether anything was sent that may have
    changed the cluster.
    """

    def __init__(
        self, cluster: Any, user: str, headers: dict[str, Any], types: Types, warn: Callable[[str], None]
    ) -> None:
        self.cluster = cluster
        self.user = user
        self.headers = headers
        self.types = types
        self.warn = warn
        self.wrote = False

    def raw(self, method: str, path: str, *, query: Any = None, headers: Any = None, body: Any = None) -> Any:
        """The answer to one request, whatever it is: `.status`, `.headers`, `.body`.

        Raises:
            KubectlError: no server answered.
        """
        parts = urlsplit(path)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True)) | (query or {})
        sent = {**self.headers, **(headers or {})}
        if method not in ("GET", "HEAD"):
            self.wrote = True
        answer = self.cluster.request(method, parts.path, query=asked, headers=sent, body=body, user=self.user)
        if not answer.status:
            raise unreachable(str(answer.body.get("message", "")))
        for warning in _warnings(answer.headers):
            self.warn(warning)
        return answer

    def call(self, method: str, path: str, *, query: Any = None, headers: Any = None, body: Any = None) -> Any:
        """The body of the answer.

        Raises:
            StatusError: the server refused.
        """
        answer = self.raw(method, path, query=query, headers=headers, body=body)
        if answer.status >= 400:
            raise StatusError(status_of(answer))
        return answer.body

    def get(self, type_: Type, namespace: str, name: str, **query: str) -> Object:
        """One object.

        Raises:
            KubectlError: there is none, or it may not be read.
        """
        if not name:
            raise failure("resource name may not be empty")
        return dict(self.call("GET", type_.path(namespace, name), query=query))

    def list(self, type_: Type, namespace: str = "", **query: str) -> list[Object]:
        """All objects of a type (in a namespace), with `kind` and `apiVersion` filled in."""
        query = {key: value for key, value in query.items() if value}
        body = self.call("GET", type_.path(namespace), query={**query, "limit": "500"})
        found = list(body.get("items") or [])
        while body.get("metadata", {}).get("continue"):
            query["continue"] = body["metadata"]["continue"]
            body = self.call("GET", type_.path(namespace), query={**query, "limit": "500"})
            found += body.get("items") or []
        return [{"apiVersion": type_.api_version, "kind": type_.kind, **item} for item in found]

    def patch(
        self, type_: Type, namespace: str, name: str, patch: Any, kind: str = "strategic", **query: Any
    ) -> Object:
        """The object after the patch; `subresource` may be among `query`."""
        path = type_.path(namespace, name, query.pop("subresource", ""))
        body = patch if isinstance(patch, str) else json.dumps(patch)
        headers = {"content-type": PATCH_TYPES[kind]}
        return dict(self.call("PATCH", path, query=query, headers=headers, body=body))

    def type_of(self, name: str) -> Type:
        """The type that a word on the command line means: `po`, `pods`, `deploy`, `deployments.v1.apps`.

        Raises:
            KubectlError: there is no such type.
        """
        return self.types.find(self, name)

    def kind_of(self, api_version: str, kind: str) -> Type | None:
        """The type of a manifest, or None."""
        return self.types.of_kind(self, api_version, kind)


class Types:
    """What discovery found, asked once for each cluster and again when a type is missing."""

    def __init__(self) -> None:
        self.known: list[Type] = []
        self.fresh = False

    def all(self, client: Client, *, again: bool = False) -> list[Type]:
        """All types, core group first."""
        if not self.known or (again and not self.fresh):
            self.known = discover(client)
            self.fresh = True
        return self.known

    def find(self, client: Client, name: str) -> Type:
        """See `Client.type_of`."""
        for again in (False, True):
            found = _match(self.all(client, again=again), name.lower())
            if found:
                return found
        plural, dot, group = name.partition(".")
        inside = f' in group "{group}"' if dot else ""
        raise failure(f'the server doesn\'t have a resource type "{plural}"{inside}')

    def of_kind(self, client: Client, api_version: str, kind: str) -> Type | None:
        """See `Client.kind_of`."""
        for again in (False, True):
            for type_ in self.all(client, again=again):
                if type_.kind == kind and type_.api_version == api_version:
                    return type_
        return None


def discover(client: Client) -> list[Type]:
    """All types that the server serves, one version of each group."""
    types = _read_group("", "v1", client.call("GET", "/api/v1"))
    for group in client.call("GET", "/apis").get("groups") or []:
        version = group["preferredVersion"]["version"]
        answer = client.raw("GET", f"/apis/{group['name']}/{version}")
        if answer.status < 400:
            types += _read_group(group["name"], version, answer.body)
    return types


def _read_group(group: str, version: str, body: Object) -> list[Type]:
    return [
        Type(
            group=group,
            version=version,
            plural=entry["name"],
            singular=entry.get("singularName") or entry["kind"].lower(),
            kind=entry["kind"],
            namespaced=bool(entry.get("namespaced")),
            short_names=tuple(entry.get("shortNames") or ()),
            categories=tuple(entry.get("categories") or ()),
            verbs=tuple(entry.get("verbs") or ()),
        )
        for entry in body.get("resources") or []
        if "/" not in entry["name"]
    ]


def _match(types: list[Type], name: str) -> Type | None:
    plural, _, rest = name.partition(".")
    version, _, group = rest.partition(".")
    for type_ in types:
        if plural not in (type_.plural, type_.singular, type_.kind.lower(), *type_.short_names):
            continue
        by_version = version == type_.version and group == type_.group
        if not rest or rest == type_.group or by_version or (type_.group.startswith(rest + ".")):
            return type_
    return None


def in_order(version: Object) -> Object:
    """What the server tells of its version, in the order of Go's struct `version.Info`."""
    return {field: version[field] for field in _VERSION_FIELDS if field in version}


def status_of(answer: Any) -> Object:
    """The `Status` of a refusal; made up from the text where the server sent none."""
    if isinstance(answer.body, dict) and answer.body.get("kind") == "Status":
        return answer.body
    if answer.status == 404:
        message = "the server could not find the requested resource"
        return {"kind": "Status", "reason": "NotFound", "code": 404, "message": message}
    return {"kind": "Status", "code": answer.status, "message": str(answer.body).strip()}


def _warnings(headers: Any) -> list[str]:
    found: list[str] = []
    for key, value in (headers or {}).items():
        if key.lower() == "warning":
            found += [value] if isinstance(value, str) else list(value)
    return [_unquote(text) for text in found]


def _unquote(text: str) -> str:
    start = text.find('"')
    if start < 0:
        return text
    return text[start + 1 : text.rfind('"')].replace('\\"', '"').replace("\\\\", "\\")


def check_user(flags: Any, user: str) -> None:
    """Refuse `--as-group` without `--as`."""
    if flags["as-group"] and not flags["as"]:
        raise failure(f"requesting uid, groups or user-extra for {user} without impersonating a user")


def not_mapped(source: str, manifest: Object) -> KubectlError:
    """The refusal of a manifest whose kind the server does not know."""
    metadata = manifest.get("metadata") or {}
    return failure(
        f'resource mapping not found for name: "{metadata.get("name") or ""}" '
        f'namespace: "{metadata.get("namespace") or ""}" from "{source}": '
        f'no matches for kind "{manifest.get("kind")}" in version "{manifest.get("apiVersion")}"\n'
        "ensure CRDs are installed first"
    )
