"""The fields of the dashboard's forms: what they must hold, and which of them is at fault."""

from __future__ import annotations

from typing import Any

Fields = dict[str, Any]


class WrongField(ValueError):
    """A form's field that cannot be sent as it is."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def text_of(fields: Fields, field: str) -> str:
    """A field without the white space around it; empty if there is none."""
    return str(fields.get(field) or "").strip()


def needed(fields: Fields, field: str, hint: str) -> str:
    """A field that must not be empty.

    Raises:
        WrongField: it is; the message is `hint`.
    """
    text = text_of(fields, field)
    if not text:
        raise WrongField(field, hint)
    return text


def number(fields: Fields, field: str) -> int:
    """A field that is a whole number.

    Raises:
        WrongField: it is none.
    """
    text = str(fields.get(field, "")).strip()
    try:
        return int(text)
    except ValueError:
        raise WrongField(field, f'{field}: "{text}" is not a whole number') from None
