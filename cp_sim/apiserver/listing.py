"""Lists: options and their errors, pages with continue tokens, and the list objects themselves.

*In Kubernetes:* `k8s.io/apimachinery/pkg/apis/meta/internalversion/validation`, `k8s.io/apiserver/pkg/storage`
(continue tokens), the cacher.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cp_sim.apiserver import errors, selection
from cp_sim.apiserver.work import Work
from cp_sim.sim import immutable


@immutable
class ListOptions:
    """What a list asks for.  `revision` None means the latest; `exact` a revision that must be that very one."""

    labels: Any = None
    fields: Any = None
    limit: int = 0
    revision: int | None = None
    match: str = ""
    exact: int = 0
    start: str = ""
    prefix: str = ""
    continued: bool = False


def parse(work: Work) -> ListOptions:
    """The options of a list request.

    Raises:
        ApiError: 400 or 422 with the real texts.
    """
    call, kind = work.call, work.kind
    assert kind is not None
    options = call.options
    limit = _limit(options)
    labels = selection.label_selector(options)
    fields = selection.field_selector(kind, options)
    check_match(options, watching=False)
    text = options.get("resourceVersion") or ""
    token = options.get("continue") or ""
    prefix = f"{call.namespace}/" if kind.namespaced and call.namespace else ""
    if token:
        if text not in ("", "0"):
            raise errors.bad_request("specifying resource version is not allowed when using continue")
        revision, start = decode_continue(token, prefix)
        return ListOptions(labels, fields, limit, None, "", max(revision, 0), start, prefix, True)
    match = options.get("resourceVersionMatch") or ""
    if not text:
        return ListOptions(labels, fields, limit, None, match, prefix=prefix)
    revision = selection.revision_of_list(text)
    exact = revision if match == "Exact" or (not match and limit and revision) else 0
    return ListOptions(labels, fields, limit, revision, "Exact" if exact else match, exact, prefix=prefix)


def _limit(options: dict[str, Any]) -> int:
    text = options.get("limit") or ""
    if isinstance(text, int):
        return max(text, 0)
    if not text:
        return 0
    try:
        return max(selection.go_int(text), 0)
    except ValueError as error:
        raise errors.bad_request(str(error)) from None


_MATCHES = ("Exact", "NotOlderThan", "")


def check_match(options: dict[str, Any], watching: bool) -> None:
    """`ValidateListOptions`: how resourceVersionMatch, resourceVersion, continue and sendInitialEvents go together.

    Raises:
        ApiError: 422 about `ListOptions.meta.k8s.io`.
    """
    match = options.get("resourceVersionMatch") or ""
    revision = options.get("resourceVersion") or ""
    initial = options.get("sendInitialEvents")
    causes: list[dict[str, str]] = []
    if watching and initial in (None, "") and match:
        causes.append(_forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
    elif initial not in (None, ""):
        if not watching:
            causes.append(_forbidden("sendInitialEvents is forbidden for list", "sendInitialEvents"))
        elif match != "NotOlderThan":
            causes.append(_forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    elif match:
        if not revision:
            causes.append(_forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if options.get("continue"):
            causes.append(_forbidden("resourceVersionMatch is forbidden when continue is provided"))
        if match not in _MATCHES:
            listed = ", ".join(f'"{one}"' for one in _MATCHES)
            causes.append(
                {
                    "reason": "FieldValueNotSupported",
                    "message": f'Unsupported value: "{match}": supported values: {listed}',
                    "field": "resourceVersionMatch",
                }
            )
        if match == "Exact" and revision == "0":
            causes.append(_forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if causes:
        raise errors.invalid("ListOptions", "meta.k8s.io", "", causes)


def _forbidden(text: str, field: str = "resourceVersionMatch") -> dict[str, str]:
    return {"reason": "FieldValueForbidden", "message": f"Forbidden: {text}", "field": field}


# -- continue tokens -------------------------------------------------------------------------------------------------


def encode_continue(revision: int, last: str, prefix: str) -> str:
    """The token that goes on after key `last` at `revision`."""
    start = last[len(prefix) :] + "\0"
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_continue(token: str, prefix: str) -> tuple[int, str]:
    """(revision, first key) of a token; revision -1 asks for the latest state.

    Raises:
        ApiError: 400, the token is not one of this server.
    """
    why = "continue key is not valid: "
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise errors.bad_request(f"invalid continue token: {why}illegal base64 data at input byte 0") from None
    try:
        made = json.loads(raw)
    except ValueError:
        first = raw[:1].decode("latin-1")
        shown = first if " " < first < "\x7f" else f"\\x{raw[0]:02x}" if raw else ""
        text = f"invalid character '{shown}' looking for beginning of value" if raw else "unexpected end of JSON input"
        raise errors.bad_request(f"invalid continue token: {why}{text}") from None
    if made.get("v") != "meta.k8s.io/v1":
        text = f'server does not recognize this encoded version "{made.get("v", "")}"'
        raise errors.bad_request(f"invalid continue token: {why}{text}")
    return int(made.get("rv", 0)), prefix + str(made.get("start", ""))


# -- making the list -------------------------------------------------------------------------------------------------


def make(server: Any, work: Work, asked: ListOptions) -> dict[str, Any]:
    """The list object.

    Raises:
        ApiError: 410 where that much history is gone.
    """
    kind = work.kind
    assert kind is not None
    cache = server.cache(kind)
    if asked.exact:
        objects = cache.at(asked.exact)
        if objects is None:
            raise errors.expired(TOO_OLD_TOKEN if asked.continued else TOO_OLD)
        revision, keys = asked.exact, None
    else:
        objects, revision, keys = cache.objects, server.revision, cache.keys(asked.prefix)
    if keys is None:
        keys = sorted(key for key in objects if key.startswith(asked.prefix))
    items: list[dict[str, Any]] = []
    more = remaining = 0
    last = ""
    for place, key in enumerate(keys):
        if asked.start and key < asked.start:
            continue
        obj = objects[key]
        if not selected(obj, asked.labels, asked.fields):
            continue
        if asked.limit and len(items) == asked.limit:
            more, remaining = 1, len(keys) - place
            break
        items.append(obj)
        last = key
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if kind.custom:
        metadata["continue"] = ""
    if more:
        metadata["continue"] = encode_continue(revision, last, asked.prefix)
        if asked.labels is None and asked.fields is None:
            metadata["remainingItemCount"] = remaining
    return {
        "kind": kind.list_kind,
        "apiVersion": kind.api_version,
        "metadata": metadata,
        "items": [server.in_version(kind, item) for item in items],
    }


TOO_OLD = "The resourceVersion for the provided list is too old."
TOO_OLD_TOKEN = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


def selected(obj: dict[str, Any], labels: Any, fields: Any) -> bool:
    """Whether an object passes both selectors."""
    if labels is not None and not labels.matches(obj["metadata"].get("labels")):
        return False
    return fields is None or bool(fields.matches(obj))
