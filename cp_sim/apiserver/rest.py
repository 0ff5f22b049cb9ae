"""The REST face: paths, queries and bodies become a `Call`; answers become what HTTP clients expect.

*In Kubernetes:* the request-info resolver and the endpoint handlers of `k8s.io/apiserver/pkg/endpoints`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import authorization, decoding, discovery, errors, impersonation, negotiation
from cp_sim.apiserver.request import ApiError, Call, HttpRequest
from cp_sim.apiserver.work import Done, Work
from cp_sim.objects.kinds import Kind
from cp_sim.sim import immutable

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "GET": "get", "DELETE": "delete"}
PATCH_TYPES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
    "application/apply-patch+cbor": "apply-cbor",
}
NO_CACHE = "no-cache, private"


@immutable
class Target:
    """What a resource path names."""

    api_version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False
    rest: str = ""

    @property
    def group(self) -> str:
        """The API group, empty for the core."""
        return self.api_version.rpartition("/")[0]


def target_of(path: str) -> Target | None:
    """What a path names; None if it is no path of a resource."""
    parts = path.strip("/").split("/") if "//" not in path else path[1:].split("/")
    if parts[0] == "api" and len(parts) > 2:
        api_version, parts = parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        api_version, parts = f"{parts[1]}/{parts[2]}", parts[3:]
    else:
        return None
    watch = parts[0] == "watch" and len(parts) > 1
    if watch:
        parts = parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2 and not (len(parts) == 3 and parts[2] in ("status", "finalize")):
        namespace, parts = parts[1], parts[2:]
    return Target(
        api_version,
        parts[0],
        namespace,
        parts[1] if len(parts) > 1 else "",
        parts[2] if len(parts) > 2 else "",
        watch,
        "/".join(parts[3:]),
    )


# -- in --------------------------------------------------------------------------------------------------------------


def enter(server: Any, work: Work, http: HttpRequest) -> Any:
    """Turn the HTTP request into `work.call`; the answer (or a question to the store) for what is no resource.

    Raises:
        ApiError: the request is refused here already.
    """
    work.state = target = target_of(http.path)
    verb = _verb(http, target)
    work.call = Call(
        verb,
        target.plural if target else http.path,
        target.namespace if target else "",
        target.name if target else "",
        target.subresource if target else "",
        options=dict(http.query),
    )
    impersonation.apply(server, work, http, target)
    if target is None:
        _check_path(server, work, http)
        return discovery.answer(server, work, http)
    kind = server.catalog.kind_at(target.api_version, target.plural)
    work.kind = kind
    _check_resource(server, work, target, kind)
    if kind is None:
        if server.catalog.has_version(target.api_version):
            raise errors.no_such_path()
        raise PlainNotFound()
    _check_shape(target, kind, http)
    negotiation.check(work, http)
    if http.method == "PATCH":
        _patch_type(work, http)
    work.warnings.extend(deprecations(server, kind))
    _take_body(server, work, http)
    return None


class PlainNotFound(ApiError):
    """404 in plain text: nobody serves that path."""

    def __init__(self) -> None:
        super().__init__({"code": 404, "message": "404 page not found\n", "reason": "NotFound"})


def _verb(http: HttpRequest, target: Target | None) -> str:
    method = http.method
    if target is None:
        return _PATH_VERBS.get(method, method.lower())
    verb = _VERBS.get(method, method.lower())
    if verb == "get" and (target.watch or decoding.is_true(http.query.get("watch"))):
        return "watch"
    if verb == "get" and not target.name:
        return "list"
    if verb == "delete" and not target.name:
        return "deletecollection"
    return verb


_PATH_VERBS = {"GET": "get", "POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete", "HEAD": "head"}


def _check_path(server: Any, work: Work, http: HttpRequest) -> None:
    asked = authorization.Attributes(work.user, work.call.verb, path=http.path)
    verdict = server.authorizer.decide(server, asked)
    if not verdict.allowed:
        work.note("authorize", "refused", authorization.denied(asked))
        raise authorization.refusal(asked, verdict)
    work.note("authorize", sentence=verdict.reason)


def _check_resource(server: Any, work: Work, target: Target, kind: Kind | None) -> None:
    """Authorization comes before anybody asks whether the resource exists."""
    namespace = target.namespace
    if target.plural == "namespaces" and not target.group and target.name:
        namespace = target.name
    asked = authorization.Attributes(
        work.user,
        work.call.verb,
        target.group,
        target.plural,
        target.subresource,
        namespace,
        target.name,
        fields=work.call.options.get("fieldSelector") or "",
    )
    verdict = server.authorizer.decide(server, asked)
    if not verdict.allowed:
        work.note("authorize", "refused", authorization.denied(asked))
        raise authorization.refusal(asked, verdict)
    work.note("authorize", sentence=verdict.reason or ("system:masters" if verdict.allowed else ""))


def _check_shape(target: Target, kind: Kind, http: HttpRequest) -> None:
    """Whether the path fits the scope of the kind, and the method the path."""
    if target.rest and target.subresource not in ("proxy",):
        raise errors.no_such_path()
    if kind.namespaced and not target.namespace and target.name:
        raise errors.no_such_path()
    if not kind.namespaced and target.namespace:
        raise errors.no_such_path()
    if "" in (target.namespace, target.name)[: 0 if not target.subresource else 2] and kind.namespaced:
        raise errors.no_such_path()
    if http.method not in _VERBS:
        raise errors.method_not_allowed()
    if target.subresource:
        sub = kind.subresource(target.subresource)
        if sub is None:
            raise errors.no_such_path()
        if _VERBS[http.method] not in sub.verbs:
            raise errors.method_not_allowed()
        return
    if target.name and http.method == "POST":
        raise errors.method_not_allowed()
    if not target.name and http.method in ("PUT", "PATCH"):
        raise errors.method_not_allowed()
    if kind.namespaced and not target.namespace and http.method in ("POST", "DELETE"):
        raise errors.method_not_allowed()
    verb = _VERBS[http.method]
    wanted = {"get": "get" if target.name else "list", "delete": "delete" if target.name else "deletecollection"}
    if wanted.get(verb, verb) not in kind.verbs:
        raise errors.method_not_allowed()


def _patch_type(work: Work, http: HttpRequest) -> None:
    kind = work.kind
    assert kind is not None
    patch_type = PATCH_TYPES.get(decoding.media_type(http.headers))
    if patch_type is None or patch_type == "apply-cbor":
        raise decoding.unsupported_patch()
    if patch_type == "strategic" and kind.custom:
        raise errors.unsupported_media_type(one for one, type_ in PATCH_TYPES.items() if type_ in _CUSTOM_PATCHES)
    work.call.patch_type = patch_type


_CUSTOM_PATCHES = ("json", "merge", "apply")


def deprecations(server: Any, kind: Kind) -> list[str]:
    """What every answer about a deprecated version warns of."""
    if kind.storage == "endpoints":
        return ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]
    return server.catalog.deprecation(kind) if kind.custom else []


def _take_body(server: Any, work: Work, http: HttpRequest) -> None:
    call = work.call
    decoding.check_options(work)
    if call.verb == "patch":
        call.body = decoding.patch_body(work, http, call.patch_type)
    elif call.verb in ("create", "update"):
        call.body = decoding.object_body(server, work, http)
    elif call.verb in ("delete", "deletecollection"):
        decoding.delete_options(work, http)


# -- out -------------------------------------------------------------------------------------------------------------


def leave(server: Any, work: Work, done: Done) -> tuple[Any, dict[str, Any], Done]:
    """(body, headers, what is answered) of a request that was carried out."""
    headers: dict[str, Any] = {"content-type": "application/json", "cache-control": NO_CACHE}
    if work.warnings:
        headers["warning"] = [warning_header(text) for text in work.warnings]
    body = done.body
    if isinstance(body, str):
        headers["content-type"] = "text/plain; charset=utf-8"
        if isinstance(done, Done) and done.code == 204:
            del headers["content-type"]
        return body, headers, done
    if done.watching:
        return None, headers, done
    body, media = negotiation.represent(server, work, body)
    headers["content-type"] = media
    return body, headers, done


def failed(work: Work, error: ApiError) -> dict[str, Any]:
    """The headers of a refusal."""
    headers: dict[str, Any] = {"content-type": "application/json", "cache-control": NO_CACHE}
    if work.warnings:
        headers["warning"] = [warning_header(text) for text in work.warnings]
    retry = (error.status.get("details") or {}).get("retryAfterSeconds")
    if retry:
        headers["retry-after"] = str(retry)
    if isinstance(error, PlainNotFound):
        headers["content-type"] = "text/plain; charset=utf-8"
    return headers


def body_of_error(error: ApiError) -> Any:
    """The body of a refusal: a `Status`, or plain text where nobody serves the path."""
    return error.status["message"] if isinstance(error, PlainNotFound) else error.status


def warning_header(text: str) -> str:
    """`299 - "text"`, as RFC 7234 writes warnings."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'


def watched(server: Any, watch: Any, type_: str, obj: dict[str, Any]) -> dict[str, Any]:
    """One change of a watch in the form its HTTP caller asked for."""
    return negotiation.represent_change(server, watch, type_, obj)
