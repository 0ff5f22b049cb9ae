"""The `Status` objects with which requests end that went wrong: reasons, codes, details and texts of the real server.

Source of the facts: `k8s.io/apimachinery/pkg/api/errors`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.apiserver.request import ApiError

Status = dict[str, Any]


def status(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> Status:
    """A `Status` of a failed request; an empty `reason` or no `details` are left out."""
    made: Status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    if reason:
        made["reason"] = reason
    if details is not None:
        made["details"] = details
    made["code"] = code
    return made


def details_of(name: str, group: str, kind: str, **more: Any) -> dict[str, Any]:
    """`details` with what is empty left out."""
    made: dict[str, Any] = {}
    if name:
        made["name"] = name
    if group:
        made["group"] = group
    if kind:
        made["kind"] = kind
    made.update(more)
    return made


def qualified(plural: str, group: str) -> str:
    """How messages name a resource: `pods`, `deployments.apps`."""
    return f"{plural}.{group}" if group else plural


def not_found(plural: str, group: str, name: str) -> ApiError:
    """404: there is no object of that name."""
    text = f'{qualified(plural, group)} "{name}" not found'
    return ApiError(status(404, "NotFound", text, details_of(name, group, plural)))


def no_such_path() -> ApiError:
    """404: a known group has no such resource (or the resource no such subresource)."""
    return ApiError(status(404, "NotFound", "the server could not find the requested resource", {}))


def already_exists(plural: str, group: str, name: str, prefix: str = "") -> ApiError:
    """409: an object of that name is there already."""
    text = f'{prefix}{qualified(plural, group)} "{name}" already exists'
    return ApiError(status(409, "AlreadyExists", text, details_of(name, group, plural)))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(plural: str, group: str, name: str, why: str = MODIFIED) -> ApiError:
    """409: the object is not as the caller thought."""
    text = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return ApiError(status(409, "Conflict", text, details_of(name, group, plural)))


def forbidden(plural: str, group: str, name: str, why: str) -> ApiError:
    """403: the caller may not, or admission does not let it."""
    who = qualified(plural, group)
    subject = f'{who} "{name}"' if name else who
    text = f"{subject} is forbidden: {why}"
    return ApiError(status(403, "Forbidden", text, details_of(name, group, plural)))


def forbidden_path(why: str) -> ApiError:
    """403 for a path that is no resource."""
    return ApiError(status(403, "Forbidden", f"forbidden: {why}", {}))


def unauthorized() -> ApiError:
    """401: nobody knows the caller."""
    return ApiError(status(401, "Unauthorized", "Unauthorized"))


def bad_request(message: str) -> ApiError:
    """400: the request itself is malformed."""
    return ApiError(status(400, "BadRequest", message))


def method_not_allowed() -> ApiError:
    """405: not this verb here."""
    return ApiError(
        status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})
    )


def unsupported_media_type(supported: Iterable[str]) -> ApiError:
    """415: a body in a format that the verb does not take."""
    listed = ", ".join(supported)
    text = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return ApiError(status(415, "UnsupportedMediaType", text))


def not_acceptable(supported: Iterable[str]) -> ApiError:
    """406: an answer in a format that the server does not speak."""
    listed = ", ".join(supported)
    return ApiError(status(406, "NotAcceptable", f"only the following media types are accepted: {listed}"))


def internal(message: str, *, bare: bool = True) -> ApiError:
    """500; most of these are errors that the server did not expect and carry no reason."""
    if bare:
        return ApiError(status(500, "", message))
    return ApiError(
        status(500, "InternalError", f"Internal error occurred: {message}", {"causes": [{"message": message}]})
    )


def timeout(message: str, **more: Any) -> ApiError:
    """504: the server gave up waiting."""
    return ApiError(status(504, "Timeout", f"Timeout: {message}", more))


def too_many_requests(message: str, **more: Any) -> ApiError:
    """429: not now."""
    return ApiError(status(429, "TooManyRequests", message, more))


def too_large_resource_version(asked: int, current: int) -> ApiError:
    """504: the watch cache did not reach that revision in time."""
    return timeout(
        f"Too large resource version: {asked}, current: {current}",
        causes=[{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        retryAfterSeconds=1,
    )


def expired(message: str) -> ApiError:
    """410: that much history is gone."""
    return ApiError(status(410, "Expired", message))


def invalid(kind: str, group: str, name: str, causes: list[dict[str, str]]) -> ApiError:
    """422: the object does not pass validation; `causes` are {reason, message, field}."""
    subject = f'{kind}.{group} "{name}"' if group else f'{kind} "{name}"'
    texts: list[str] = []
    for cause in causes:
        text = f"{cause['field']}: {cause['message']}"
        if text not in texts:
            texts.append(text)
    if not texts:
        why = "<nil>"
    elif len(texts) == 1:
        why = texts[0]
    else:
        why = "[" + ", ".join(texts) + "]"
    made = details_of(name, group, kind)
    made["causes"] = causes
    return ApiError(status(422, "Invalid", f"{subject} is invalid: {why}", made))
