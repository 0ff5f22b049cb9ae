"""Field selectors: `spec.nodeName=n1,status.phase!=Failed`.

Source: `staging/src/k8s.io/apimachinery/pkg/fields/selector.go`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cp_sim.objects.edit import get
from cp_sim.objects.kinds import Kind
from cp_sim.sim import immutable


class SelectorError(ValueError):
    """A selector does not parse; the message is the API server's."""


@immutable
class FieldRequirement:
    """One condition on one field; `operator` is `=`, `==` or `!=`."""

    field: str
    operator: str
    value: str

    def __str__(self) -> str:
        return self.field + ("!=" if self.operator == "!=" else "=") + _escaped(self.value)


@immutable
class FieldSelector:
    """Conditions on fields that all have to hold."""

    requirements: tuple[FieldRequirement, ...] = ()

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """Whether an object's fields meet every condition."""
        return all((field_value(obj, one.field) == one.value) != (one.operator == "!=") for one in self.requirements)

    def exactly(self, field: str) -> str | None:
        """The value that the selector asks of a field, or None where it asks none."""
        for one in self.requirements:
            if one.field == field and one.operator != "!=":
                return one.value
        return None

    def check(self, kind: Kind) -> FieldSelector:
        """The selector with old names replaced.  *Raises* `SelectorError` for fields the kind cannot be selected by."""
        known = kind.selectable_fields
        found = []
        for one in self.requirements:
            field = one.field
            if field == "spec.host" and kind.resource == "pods":
                field = "spec.nodeName"
            if field not in known:
                text = (
                    kind.field_error or '"{}" is not a known field selector: only "metadata.name", "metadata.namespace"'
                )
                raise SelectorError(text.format(one.field))
            found.append(FieldRequirement(field, one.operator, one.value))
        return FieldSelector(tuple(found))

    def __str__(self) -> str:
        return ",".join(str(one) for one in self.requirements)


_DEFAULT_FIELDS = {"spec.unschedulable": "false", "spec.hostNetwork": "false"}


def field_value(obj: Mapping[str, Any], field: str) -> str:
    """What a field selector compares: the field as text, empty where it is absent."""
    if field == "status.podIPs":
        return ",".join(entry.get("ip", "") for entry in get(obj, field) or ())
    if field == "source" and obj.get("kind") == "Event":
        return str(
            get(obj, "source.component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
        )
    if field == "status.successful":
        return str(get(obj, "status.succeeded") or 0)
    value = get(obj, field)
    if value is None:
        if field == "status.replicas":
            return "0"
        return _DEFAULT_FIELDS.get(field, "")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _unescaped(text: str) -> str:
    """*Raises* `SelectorError` for a bare comma or equals sign, or a backslash before anything else."""
    out, escaping = [], False
    for char in text:
        if escaping:
            if char not in "\\,=":
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{char}")
            out.append(char)
            escaping = False
        elif char == "\\":
            escaping = True
        elif char in ",=":
            raise SelectorError(f"invalid field selector: unescaped character in value: {char}")
        else:
            out.append(char)
    if escaping:
        raise SelectorError("invalid field selector: invalid escape sequence: \\")
    return "".join(out)


@lru_cache(maxsize=1024)
def parse_fields(text: str) -> FieldSelector:
    """The selector of a `fieldSelector` query: `spec.nodeName=n1,status.phase!=Failed`.  *Raises* `SelectorError`."""
    found = []
    for part in re.findall(r"(?:\\.|[^\\,])+\\?|\\", text, re.DOTALL):
        split = re.search(r"!=|==|=", part)
        if split is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        value = _unescaped(part[split.end() :])
        found.append(FieldRequirement(part[: split.start()], split[0], value))
    return FieldSelector(tuple(found))
