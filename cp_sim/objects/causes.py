"""One thing that is wrong with an object, as the API server words it.

*In Kubernetes:* `field.Error` (`staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go`) and the
`StatusCause` made of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from cp_sim.sim import immutable


@immutable
class Cause:
    """What is wrong at `field`: the machine's `reason` and the sentence without the field."""

    field: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"

    def wire(self) -> dict[str, str]:
        """The entry of `status.details.causes`."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


Causes = list[Cause]


class _Omitted:
    """A value that the sentence does not show."""


OMITTED = _Omitted()


class Internal:
    """A value that the server shows as JSON text of its internal form; `text` is that text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


_SHORT = {
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
}


def quoted(text: str) -> str:
    """The text as Go's `%q` shows it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    shown = []
    for char in text:
        if char in _SHORT:
            shown.append(_SHORT[char])
        elif char.isprintable() or char == " ":
            shown.append(char)
        elif ord(char) < 128:
            shown.append(f"\\x{ord(char):02x}")
        elif ord(char) < 0x10000:
            shown.append(f"\\u{ord(char):04x}")
        else:
            shown.append(f"\\U{ord(char):08x}")
    return '"' + "".join(shown) + '"'


def json_text(value: Any) -> str:
    """The JSON text that Go's encoder writes: no blanks, `<`, `>` and `&` escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def shown(value: Any) -> str:
    """A value in a sentence."""
    if isinstance(value, Internal):
        return value.text
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)
    return json_text(value)


def invalid(field: str, value: Any, detail: str) -> Cause:
    """`Invalid value: "x": detail`."""
    if value is OMITTED:
        return Cause(field, "FieldValueInvalid", "Invalid value" + (f": {detail}" if detail else ""))
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown(value)}" + (f": {detail}" if detail else ""))


def required(field: str, detail: str = "") -> Cause:
    """`Required value: detail`."""
    return Cause(field, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value")


def duplicate(field: str, value: Any, detail: str = "") -> Cause:
    """`Duplicate value: "x"`."""
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {shown(value)}" + (f": {detail}" if detail else ""))


def not_found(field: str, value: Any) -> Cause:
    """`Not found: "x"`."""
    return Cause(field, "FieldValueNotFound", f"Not found: {shown(value)}")


def not_supported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    """`Unsupported value: "x": supported values: "a", "b"`, in the order given."""
    names = ", ".join(quoted(name) for name in supported)
    detail = f": supported values: {names}" if names else ""
    return Cause(field, "FieldValueNotSupported", f"Unsupported value: {shown(value)}{detail}")


def forbidden(field: str, detail: str) -> Cause:
    """`Forbidden: detail`."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {detail}" if detail else "Forbidden")


def too_long(field: str, limit: int) -> Cause:
    """`Too long: may not be more than 63 bytes`."""
    return Cause(field, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")


def too_many(field: str, count: int, limit: int) -> Cause:
    """`Too many: 4: must have at most 3 items`."""
    return Cause(field, "FieldValueTooMany", f"Too many: {count}: must have at most {limit} item{'s' * (limit != 1)}")


def internal(field: str, detail: str) -> Cause:
    """`Internal error: detail`."""
    return Cause(field, "InternalError", f"Internal error: {detail}")


def summary(title: str, name: str, causes: Sequence[Cause]) -> str:
    """The Status' message: `Pod "web" is invalid: spec.containers: Required value`; equal sentences stand once."""
    sentences = list(dict.fromkeys(str(cause) for cause in causes))
    if not sentences:
        return f"{title} {quoted(name)} is invalid"
    text = sentences[0] if len(sentences) == 1 else "[" + ", ".join(sentences) + "]"
    return f"{title} {quoted(name)} is invalid: {text}"
