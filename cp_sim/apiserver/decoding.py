"""Bodies and options of REST requests: what they mean, and what is wrong with them.

*In Kubernetes:* the codec factory and the option types of `k8s.io/apimachinery`.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from cp_sim.apiserver import errors, golang, structural
from cp_sim.apiserver.request import ApiError, HttpRequest
from cp_sim.apiserver.work import Work
from cp_sim.objects import strict
from cp_sim.objects.kinds import BY_API
from cp_sim.objects.schema import root

MEDIA_TYPES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
SCHEME = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"
_META_SCHEME = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"
_TYPE_META = (
    'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }'
)


def header(headers: dict[str, Any], name: str) -> str:
    """The value of a header, empty if there is none."""
    for key, value in headers.items():
        if key.lower() == name and value is not None:
            return str(value)
    return ""


def media_type(headers: dict[str, Any]) -> str:
    """The media type of the body without its parameters; JSON unless the headers say otherwise."""
    return (header(headers, "content-type") or "application/json").partition(";")[0].strip().lower()


def raw_text(http: HttpRequest) -> str:
    """The body as text."""
    if isinstance(http.body, str):
        return http.body
    return "" if http.body is None else json.dumps(http.body)


# -- objects ---------------------------------------------------------------------------------------------------------


def object_body(server: Any, work: Work, http: HttpRequest) -> dict[str, Any]:
    """The object of a create or update, with unknown fields refused or warned about.

    Raises:
        ApiError: 400, 415.
    """
    if work.call.subresource in _WITHOUT_BODY:
        return {}
    media = media_type(http.headers)
    if media not in MEDIA_TYPES[:2]:
        raise errors.unsupported_media_type(MEDIA_TYPES)
    name, group, version = expected(work)
    value = parse(http, media, name)
    check_kind(server, work, value, name, group, version, http)
    return understood(server, work, value)


_WITHOUT_BODY = frozenset(("exec", "attach", "portforward", "proxy"))


def expected(work: Work) -> tuple[str, str, str]:
    """(kind, group, version) that the body of a request must have."""
    kind, call = work.kind, work.call
    assert kind is not None
    sub = kind.subresource(call.subresource) if call.subresource else None
    if sub is not None:
        return sub.kind, sub.group, sub.version
    return kind.kind, kind.group, kind.version


def parse(http: HttpRequest, media: str, name: str) -> dict[str, Any]:
    """The JSON value of a body.

    Raises:
        ApiError: 400, it does not parse.
    """
    text = raw_text(http)
    prefix = f"the object provided is unrecognized (must be of type {name}): "
    if media == "application/yaml":
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise errors.bad_request(f"{prefix}{yaml_error(error)} ({summary(text, hexadecimal=True)})") from None
    elif isinstance(http.body, dict):
        value = http.body
    else:
        try:
            value = golang.load(text)
        except ValueError as error:
            why = f"couldn't get version/kind; json parse error: {error} ({summary(text)})"
            raise errors.bad_request(prefix + why) from None
    if value is None:
        value = {}
    if not isinstance(value, dict):
        why = (
            "couldn't get version/kind; json parse error: json: cannot unmarshal "
            f"{golang.json_type(value)} into {_TYPE_META} ({summary(text)})"
        )
        raise errors.bad_request(prefix + why)
    return value


def summary(text: str, length: int = 30, hexadecimal: bool = False) -> str:
    """The beginning of a body, as decoders quote it."""
    if not text:
        return "<empty>"
    raw = text.encode()
    more = " ..." if len(raw) > length else ""
    if raw[:1] == b"{" and not hexadecimal:
        return raw[:length].decode(errors="replace") + more
    return raw[:length].hex() + more


def yaml_error(error: yaml.YAMLError) -> str:
    """The sentence of the Go YAML parser: the same words with another way of telling the line."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", "") or "could not parse"
    if problem.startswith("expected <block end>"):
        problem = "did not find expected key"
    elif problem.startswith("expected ',' or"):
        problem = problem.replace("expected", "did not find expected", 1).partition(", but")[0]
    elif problem == "mapping values are not allowed here":
        problem = "mapping values are not allowed in this context"
    line = mark.line if mark is not None else 0
    return f"yaml: line {max(line, 1)}: {problem}"


def check_kind(
    server: Any, work: Work, value: dict[str, Any], name: str, group: str, version: str, http: HttpRequest
) -> None:
    """Whether the body is of the kind that the path takes; missing `kind` and `apiVersion` are fine for built-in kinds.

    Raises:
        ApiError: 400.
    """
    kind = work.kind
    assert kind is not None
    wanted = f"{group}/{version}" if group else version
    given_kind, given_version = value.get("kind"), value.get("apiVersion")
    for field, given in (("kind", given_kind), ("apiVersion", given_version)):
        if given is not None and not isinstance(given, str):
            raise errors.bad_request(
                f"the object provided is unrecognized (must be of type {name}): couldn't get version/kind; json parse "
                f"error: json: cannot unmarshal {golang.json_type(given)} into Go struct field .{field} of type string "
                f"({summary(raw_text(http))})"
            )
    if kind.custom and work.call.subresource != "scale":
        _check_custom(value, name, http)
    given_kind, given_version = given_kind or name, given_version or wanted
    if given_version == wanted and given_kind == name:
        return
    known = BY_API.get((given_version, given_kind)) is not None or kind_of_other(given_version, given_kind)
    if not kind.custom and given_version.count("/") > 1:
        raise errors.bad_request(
            f"the object provided is unrecognized (must be of type {name}): unexpected GroupVersion string: "
            f"{given_version} ({summary(raw_text(http))})"
        )
    if not known and not kind.custom:
        raise errors.bad_request(
            f'{given_kind} in version "{given_version.rpartition("/")[2]}" cannot be handled as a {name}: no kind '
            f'"{given_kind}" is registered for version "{given_version}" in scheme "{SCHEME}"'
        )
    if given_version == wanted and kind.custom:
        cause = {
            "reason": "FieldValueInvalid",
            "message": f"Invalid value: {golang.quoted(given_kind)}: must be {name}",
            "field": "kind",
        }
        title = (value.get("metadata") or {}).get("name") or ""
        raise errors.invalid(given_kind, group, title, [cause])
    if given_version != wanted:
        raise errors.bad_request(
            f"the API version in the data ({given_version}) does not match the expected API version ({wanted})"
        )
    raise errors.bad_request(
        f'{given_kind} in version "{version}" cannot be handled as a {name}: converting (v1.{given_kind}) '
        f"to (core.{name}): unknown conversion"
    )


def kind_of_other(api_version: str, kind: str) -> bool:
    """Whether a kind is registered that has no path of its own."""
    return root(api_version, kind) is not None


def _check_custom(value: dict[str, Any], name: str, http: HttpRequest) -> None:
    prefix = f"the object provided is unrecognized (must be of type {name}): "
    text = raw_text(http)
    for field, word in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        if not value.get(field):
            raise errors.bad_request(f"{prefix}Object '{word}' is missing in '{text}' ({summary(text)})")


def understood(server: Any, work: Work, value: dict[str, Any]) -> dict[str, Any]:
    """The object that a body means; complaints become warnings or a refusal, as fieldValidation asks.

    Raises:
        ApiError: 400, a wrong type or (if strict) an unknown or repeated field.
    """
    kind, call = work.kind, work.call
    assert kind is not None
    name, group, version = expected(work)
    wanted = f"{group}/{version}" if group else version
    value = value if type(value) is not dict else {**value, "kind": name, "apiVersion": wanted}
    value["kind"], value["apiVersion"] = name, wanted
    if kind.custom and call.subresource != "scale":
        decoded = structural.decode(server, kind, value)
    else:
        struct = root(wanted, name)
        try:
            new = call.verb == "create"
            decoded = strict.decode_struct(struct, value, shared=new) if struct is not None else strict.Decoded(value)
        except strict.DecodeError as error:
            raise errors.bad_request(handled(name, version, str(error))) from None
    complain(
        work,
        decoded.problems,
        lambda: errors.bad_request(handled(name, version, strict.strict_error(decoded.problems))),
    )
    return decoded.object


def handled(name: str, version: str, problem: str) -> str:
    """`Pod in version "v1" cannot be handled as a Pod: ...`"""
    return f'{name} in version "{version}" cannot be handled as a {name}: {problem}'


def complain(work: Work, problems: tuple[str, ...], refusal: Any) -> None:
    """Refuse, warn or keep silent about unknown and repeated fields, as `fieldValidation` asks."""
    if not problems:
        return
    how = work.call.options.get("fieldValidation") or "Warn"
    if how == "Strict":
        raise refusal()
    if how == "Warn":
        work.warnings.extend(problems)


# -- patches ---------------------------------------------------------------------------------------------------------


def patch_body(work: Work, http: HttpRequest, patch_type: str) -> Any:
    """The patch itself; JSON is parsed, an apply configuration stays for the room of its own.

    Raises:
        ApiError: 400.
    """
    if patch_type == "apply":
        return raw_text(http)
    if not isinstance(http.body, str):
        value = http.body
    else:
        try:
            value = golang.load(http.body)
        except ValueError as error:
            prefix = "" if patch_type == "strategic" else "error decoding patch: "
            raise errors.bad_request(f"{prefix}{error}") from None
    if patch_type == "json" and not isinstance(value, list):
        raise errors.bad_request(
            f"error decoding patch: json: cannot unmarshal {golang.json_type(value)} "
            "into Go value of type []handlers.jsonPatchOp"
        )
    return value


def unsupported_patch() -> ApiError:
    """415 of a patch."""
    return ApiError(errors.status(415, "UnsupportedMediaType", "415: Unsupported Media Type", {}))


# -- options ---------------------------------------------------------------------------------------------------------

_OPTION_KINDS = {
    "create": "CreateOptions",
    "update": "UpdateOptions",
    "patch": "PatchOptions",
    "delete": "DeleteOptions",
    "deletecollection": "DeleteOptions",
}
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def check_options(work: Work) -> None:
    """The options in the query of a write.

    Raises:
        ApiError: 422 about `CreateOptions.meta.k8s.io` and its sisters.
    """
    call = work.call
    options = call.options
    if call.verb in ("list", "watch"):
        _check_numbers(options)
    name = _OPTION_KINDS.get(call.verb)
    if name is None or name == "DeleteOptions":
        return
    causes: list[dict[str, str]] = []
    if call.patch_type == "apply" and not options.get("fieldManager"):
        causes.append(
            {
                "reason": "FieldValueRequired",
                "message": "Required value: is required for apply patch",
                "field": "fieldManager",
            }
        )
    if call.verb == "patch" and call.patch_type != "apply" and "force" in options:
        causes.append(
            {
                "reason": "FieldValueForbidden",
                "message": "Forbidden: may not be specified for non-apply patch",
                "field": "force",
            }
        )
    manager = options.get("fieldManager") or ""
    causes += list(_manager_faults(manager))
    dry_run = options.get("dryRun") or ""
    if dry_run and dry_run != "All":
        causes.append(
            {
                "reason": "FieldValueNotSupported",
                "message": f'Unsupported value: ["{dry_run}"]: supported values: "All"',
                "field": "dryRun",
            }
        )
    how = options.get("fieldValidation") or ""
    if how not in _VALIDATIONS:
        listed = ", ".join(f'"{one}"' for one in _VALIDATIONS)
        causes.append(
            {
                "reason": "FieldValueNotSupported",
                "message": f'Unsupported value: "{how}": supported values: {listed}',
                "field": "fieldValidation",
            }
        )
    if causes:
        raise errors.invalid(name, "meta.k8s.io", "", causes)


def is_true(text: Any) -> bool:
    """How the server reads a boolean of the query: anything but `0` and `false` counts."""
    return text is not None and str(text).lower() not in ("false", "0")


def _manager_faults(manager: str) -> Any:
    if len(manager.encode()) > 128:
        yield {
            "reason": "FieldValueTooLong",
            "message": "Too long: may not be more than 128 bytes",
            "field": "fieldManager",
        }
    for place, char in enumerate(manager):
        if not char.isprintable():
            yield {
                "reason": "FieldValueInvalid",
                "message": f"Invalid value: {golang.quoted(manager)}: invalid character U+{ord(char):04X} "
                f"(at position {place})",
                "field": "fieldManager",
            }


def _check_numbers(options: dict[str, Any]) -> None:
    from cp_sim.apiserver.selection import go_int

    for field in ("timeoutSeconds",):
        if options.get(field):
            try:
                go_int(options[field])
            except ValueError as error:
                raise errors.bad_request(str(error)) from None


def delete_options(work: Work, http: HttpRequest) -> None:
    """The options of a delete: from its body, or from the query if there is none.

    Raises:
        ApiError: 400.
    """
    options = work.call.options
    text = raw_text(http)
    if text.strip() in ("", "null"):
        _delete_query(options)
        return
    if isinstance(http.body, dict):
        value = http.body
    else:
        try:
            value = golang.load(text)
        except ValueError as error:
            raise errors.bad_request(f"couldn't get version/kind; json parse error: {error}") from None
    kind, api_version = value.get("kind"), value.get("apiVersion")
    if kind and kind != "DeleteOptions":
        raise errors.bad_request(
            f'no kind "{kind}" is registered for version "{api_version or "v1"}" in scheme "{_META_SCHEME}"'
        )
    for field in ("gracePeriodSeconds", "propagationPolicy", "orphanDependents", "preconditions", "dryRun"):
        options.pop(field, None)
    for field, type_, called in _DELETE_FIELDS:
        given = value.get(field)
        if given is None:
            continue
        if not isinstance(given, type_) or (type_ is int and isinstance(given, bool)):
            raise errors.bad_request(
                f"json: cannot unmarshal {golang.json_type(given)} into Go struct field DeleteOptions.{field} "
                f"of type {called}"
            )
        options[field] = given
    if options.get("dryRun") == []:
        del options["dryRun"]


_DELETE_FIELDS: tuple[tuple[str, Any, str], ...] = (
    ("gracePeriodSeconds", int, "int64"),
    ("propagationPolicy", str, "v1.DeletionPropagation"),
    ("orphanDependents", bool, "bool"),
    ("preconditions", dict, "v1.Preconditions"),
    ("dryRun", list, "[]string"),
)


def _delete_query(options: dict[str, Any]) -> None:
    from cp_sim.apiserver.selection import go_int

    if options.get("gracePeriodSeconds"):
        try:
            options["gracePeriodSeconds"] = go_int(options["gracePeriodSeconds"])
        except ValueError as error:
            raise errors.bad_request(str(error)) from None
    else:
        options.pop("gracePeriodSeconds", None)
    if "orphanDependents" in options:
        options["orphanDependents"] = str(options["orphanDependents"]).lower() not in ("false", "0")
    if options.get("dryRun"):
        options["dryRun"] = [options["dryRun"]]
