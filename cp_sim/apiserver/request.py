"""What a caller asks of the API server, and what comes back: the messages between layer 3 and everybody above."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cp_sim.sim import immutable


@immutable
class User:
    """Who asks, as authentication found out."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(slots=True)
class HttpRequest:
    """A REST call as it stands on the wire, e.g. `GET /api/v1/nodes?limit=5`.

    `body` is a JSON value (dict or list) or the raw text of one.  `caller` names a known caller: `admin`, `alice`,
    `node-1`, `system:kube-scheduler`, ...
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    caller: str = "admin"


@dataclass(slots=True)
class Call:
    """The same call as components make it, without the detour over paths and text.

    `verb` is one of get, list, watch, create, update, patch, delete, deletecollection.  `resource` is the plural, with
    the group where it has one (`pods`, `deployments.apps`).  `options` holds the query of the REST call
    (`labelSelector`, `fieldSelector`, `resourceVersion`, `limit`, `fieldManager`, ...), for delete also
    `gracePeriodSeconds`, `propagationPolicy` and `preconditions`; `patch_type` is one of json, merge, strategic, apply.
    """

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    body: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    patch_type: str = ""


@dataclass(slots=True)
class Request:
    """One request on its way to the API server; answered by a `Response` with the same `token` to `reply_to`."""

    reply_to: str
    token: int
    user: str
    call: Call | HttpRequest


@immutable
class Response:
    """The answer: HTTP status, headers, and a body (a JSON dict, or text for the few plain-text endpoints).

    `ok` is status < 400; otherwise the body is a Kubernetes `Status` object.  An answer to `watch` has `watching=True`
    and is followed by `WatchChange`s with the same token until the caller sends `StopWatch`.

    Status 0 says that no server has answered: the connection was refused, has broken, or took too long; the body's
    `message` is the text of the client's library (see `unanswered`).
    """

    token: int
    status: int
    body: Any
    headers: dict[str, Any]
    watching: bool = False

    @property
    def ok(self) -> bool:
        """Whether the request was carried out."""
        return 0 < self.status < 400


def unanswered(token: int, text: str) -> Response:
    """The answer that no server gave; `text` is what the client's library says, e.g. `connect: connection refused`."""
    return Response(token, 0, {"message": text}, {})


@immutable
class WatchChange:
    """One change in a watch: `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR (then `object` is a `Status`)."""

    token: int
    type: str
    object: dict[str, Any]


@immutable
class StopWatch:
    """The caller of watch `token` does not want any more of it."""

    reply_to: str
    token: int


@immutable
class WatchClosed:
    """The watch `token` has ended (its `timeoutSeconds` are over); no further changes come."""

    token: int


class ApiError(Exception):
    """A request was refused; `status` is the Kubernetes `Status` object that says why."""

    def __init__(self, status: dict[str, Any]) -> None:
        super().__init__(status.get("message", "the request was refused"))
        self.status = status

    @property
    def code(self) -> int:
        """The HTTP status code, e.g. 404."""
        return int(self.status.get("code", 500))

    @property
    def reason(self) -> str:
        """The machine-readable reason, e.g. `NotFound`."""
        return str(self.status.get("reason", ""))
