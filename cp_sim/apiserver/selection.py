"""Label and field selectors and resource versions of a request, with the errors of the real server."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.objects import selectors
from cp_sim.objects.kinds import Kind


def go_uint(text: str, *, bits: int = 64) -> int:
    """`strconv.ParseUint(text, 10, bits)`.

    Raises:
        ValueError: with Go's own text.
    """
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    number = int(text)
    if number >= 1 << bits:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return number


def go_int(text: str, *, bits: int = 64) -> int:
    """`strconv.ParseInt(text, 10, bits)`.

    Raises:
        ValueError: with Go's own text.
    """
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    number = int(text)
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return number


def revision_of_get(text: str) -> int:
    """The resourceVersion of a get; a bad one is an error that the real server did not expect."""
    try:
        return go_uint(text)
    except ValueError as error:
        raise errors.internal(f'resourceVersion: Invalid value: "{text}": {error}') from None


def revision_of_list(text: str) -> int:
    """The resourceVersion of a list or watch."""
    try:
        return go_uint(text)
    except ValueError as error:
        raise errors.bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": {error}'
        ) from None


def label_selector(options: dict[str, Any]) -> Any:
    """The parsed labelSelector, None where there is none."""
    text = options.get("labelSelector") or ""
    if not text:
        return None
    try:
        return selectors.parse_labels(text)
    except selectors.SelectorError as error:
        raise errors.bad_request(str(error)) from None


def field_selector(kind: Kind, options: dict[str, Any]) -> Any:
    """The parsed fieldSelector, None where there is none."""
    text = options.get("fieldSelector") or ""
    if not text:
        return None
    try:
        return selectors.parse_fields(text).check(kind)
    except selectors.SelectorError as error:
        raise errors.bad_request(str(error)) from None
