"""patch: JSON patch, merge patch, strategic merge patch; apply has a room of its own.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from cp_sim.apiserver import decoding, errors, forms, golang, structural
from cp_sim.apiserver.request import ApiError
from cp_sim.apiserver.verbs import create, guaranteed, update
from cp_sim.apiserver.work import Work
from cp_sim.etcd.store import StoreAnswer
from cp_sim.objects import edit, patches, strict, wire_text
from cp_sim.objects.schema import root


def start(server: Any, work: Work) -> Any:
    """Try the patch on what the cache knows."""
    work.note("decode", sentence=work.call.patch_type)
    return guaranteed.begin(server, work, Handler)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Go on with what the store says."""
    return guaranteed.proceed(server, work, Handler, answer)


def transform(server: Any, work: Work, current: dict[str, Any]) -> Any:
    """The patched object in place of `current`."""
    call, kind = work.call, work.kind
    assert kind is not None
    new = patched(server, work, current)
    if work.outside is not None:
        new = understood(server, work, new)
    check_name(work, new)
    if "managedFields" in current["metadata"] and "managedFields" not in new["metadata"] and not call.subresource:
        new = edit.put(new, "metadata.managedFields", [])
    new = forms.with_defaults(kind, new)
    return update.replace(server, work, new, current)


def check_name(work: Work, new: dict[str, Any]) -> None:
    """Refuse a patch that would make another object of it.

    Raises:
        ApiError: 400.
    """
    call, kind = work.call, work.kind
    assert kind is not None
    metadata = new.get("metadata") or {}
    name = metadata.get("name") or ""
    if not name:
        raise errors.bad_request(
            f"the name of the object ({call.name} based on URL) was undeterminable: name must be provided"
        )
    if name != call.name:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    if kind.namespaced and (metadata.get("namespace") or "") != call.namespace:
        raise errors.bad_request(create.NAMESPACE_MISMATCH)


def patched(server: Any, work: Work, current: dict[str, Any]) -> dict[str, Any]:
    """The current object with the patch applied.

    Raises:
        ApiError: the patch cannot be applied.
    """
    call, kind = work.call, work.kind
    assert kind is not None
    try:
        if call.patch_type == "json":
            made = patches.json_patch(current, call.body)
        elif call.patch_type == "merge":
            made = patches.merge_patch(current, call.body)
        elif call.subresource == "scale":
            struct = root("autoscaling/v1", "Scale")
            assert struct is not None
            made = patches.merge_struct(struct, current, call.body)
        else:
            made = patches.strategic_patch(kind, current, call.body)
    except patches.NotDecodable as error:
        raise errors.bad_request(f"error decoding patch: {error}") from None
    except patches.PatchError as error:
        raise refusal(call.patch_type, call.body, str(error)) from None
    if not isinstance(made, dict):
        raise errors.invalid("", "", "", [cause(golang.compact(made), "json: cannot unmarshal into an object")])
    return made


def refusal(patch_type: str, body: Any, text: str) -> ApiError:
    """What a patch is refused with that parses but cannot be applied."""
    if patch_type == "strategic":
        if text == "cannot restore map from string" or text.startswith("cannot restore"):
            return errors.invalid("", "", "", [cause(patches.go_text(body), text)])
        return errors.internal(text)
    return ApiError(errors.status(422, "Invalid", "the server rejected our request due to an error in our request", {}))


def understood(server: Any, work: Work, made: dict[str, Any]) -> dict[str, Any]:
    """The patched object as the server reads it: wrong types and unknown fields are found here.

    Raises:
        ApiError: 422 about the field `patch`.
    """
    kind = work.kind
    assert kind is not None
    if made.get("kind") != kind.kind or made.get("apiVersion") != kind.api_version:
        raise errors.invalid("", "", "", [patch_cause(work, made, unregistered(kind, made))])
    if kind.custom:
        decoded = structural.decode(server, kind, made)
    else:
        try:
            decoded = strict.decode(kind, made)
        except strict.DecodeError as error:
            raise errors.invalid("", "", "", [patch_cause(work, made, str(error))]) from None
    if decoded.problems:
        problems = in_order(work, made, decoded.problems)
        text = strict.strict_error(problems)
        decoding.complain(work, problems, lambda: errors.invalid("", "", "", [patch_cause(work, made, text)]))
    return decoded.object


def in_order(work: Work, made: dict[str, Any], problems: tuple[str, ...]) -> tuple[str, ...]:
    """The complaints in the order of the patched text, in which the server meets the fields."""
    kind = work.kind
    assert kind is not None
    if kind.custom or work.call.patch_type == "strategic":
        return problems
    return strict.decode(kind, json.loads(shown(work, made))).problems


_MISMATCH = re.compile(r"json: cannot unmarshal (\w+)(?: \S+)? into Go (?:struct field|value).* of type (.+)")


def patch_cause(work: Work, made: dict[str, Any], text: str) -> dict[str, str]:
    """The cause of a patched object that cannot be read; a strategic patch is converted without a detour over JSON."""
    kind = work.kind
    assert kind is not None
    if work.call.patch_type != "strategic":
        return cause(shown(work, made), text)
    found = _MISMATCH.fullmatch(text)
    if found is not None:
        given, wanted = found.groups()
        given = {"bool": "bool", "number": "int64", "array": "slice", "object": "map"}.get(given, given)
        if wanted.startswith("map["):
            text = f"cannot restore map from {given}"
        elif wanted.startswith("[]"):
            text = f"cannot restore slice from {given}"
        elif "." in wanted:
            text = f"cannot restore struct from: {given}"
        else:
            text = f"cannot convert {given} to {wanted}"
    return cause(patches.go_text(work.call.body), text)


def understood_scale(work: Work, made: dict[str, Any]) -> dict[str, Any]:
    """A patched Scale as the server reads it.

    Raises:
        ApiError: 422 about the field `patch`.
    """
    struct = root("autoscaling/v1", "Scale")
    assert struct is not None
    text = shown(work, made)
    try:
        decoded = strict.decode_struct(struct, made)
    except strict.DecodeError as error:
        raise errors.invalid("", "", "", [cause(text, str(error))]) from None
    decoding.complain(
        work,
        decoded.problems,
        lambda: errors.invalid("", "", "", [cause(text, strict.strict_error(decoded.problems))]),
    )
    return decoded.object


def shown(work: Work, made: dict[str, Any]) -> str:
    """The patched object as the text that the server puts into the message."""
    kind = work.kind
    assert kind is not None
    struct = root("autoscaling/v1", "Scale") if work.call.subresource == "scale" else root(kind.api_version, kind.kind)
    return wire_text.encode_patched(struct, made, work.call.body)


def unregistered(kind: Any, made: dict[str, Any]) -> str:
    """What the decoder says of an object that turned into another kind."""
    return (
        f'no kind "{made.get("kind", "")}" is registered for version "{made.get("apiVersion", "")}" '
        f'in scheme "{decoding.SCHEME}"'
    )


def cause(value: str, text: str) -> dict[str, str]:
    """The cause of an invalid patch."""
    return {
        "reason": "FieldValueInvalid",
        "message": f"Invalid value: {golang.quoted(value)}: {text}",
        "field": "patch",
    }


class Handler:
    """How a patch goes on."""

    transform = staticmethod(transform)
    written = staticmethod(update.written)
    removed = staticmethod(update.removed)

    @staticmethod
    def missing(server: Any, work: Work) -> Any:
        """There is nothing to patch."""
        kind = work.kind
        assert kind is not None
        raise errors.not_found(kind.plural, kind.group, work.call.name)
