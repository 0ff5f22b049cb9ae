"""`kubectl explain`: the fields of a kind, from the schema that the server has too.

Source: kubernetes/kubectl pkg/explain/v2 (templates/plaintext.tmpl).

*Simplified:* the values of enumerations are not listed.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import lru_cache

from cp_sim.course.kubectl.client import Type
from cp_sim.course.kubectl.errors import KubectlError, failure
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.objects.schema import DATA, Field, Struct, root

WIDTH = 80
_SIMPLE = {
    "int32": "integer", "int64": "integer", "float": "number", "bool": "boolean", "bytes": "string",
    "quantity": "Quantity",
    "intstr": "IntOrString", "time": "string", "microtime": "string", "any": "Object",
}  # fmt: skip


@lru_cache(maxsize=1)
def _descriptions() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(gzip.decompress((DATA / "descriptions.json.gz").read_bytes()))
    return found


@command("explain", "recursive api-version= output:o=")
def explain(invocation: Invocation) -> None:
    """Write what a kind or a field means."""
    if not invocation.arguments:
        raise failure(
            'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list '
            "of supported "
            "resources."
        )
    if len(invocation.arguments) > 1:
        raise failure("We accept only this format: explain RESOURCE")
    type_, fields = _find(invocation, invocation.arguments[0])
    version = invocation.flags["api-version"]
    if version and version != type_.api_version:
        raise failure(f'couldn\'t find resource for "{version}, Resource={type_.plural}"')
    struct = root(type_.api_version, type_.kind)
    if struct is None:
        raise failure(f"GVR ({type_.described}) not found in OpenAPI schema")
    head = (
        f"GROUP:      {type_.group}\n" if type_.group else ""
    ) + f"KIND:       {type_.kind}\nVERSION:    {type_.version}\n"
    invocation.out(head)
    _write(invocation, struct, fields)


def _find(invocation: Invocation, text: str) -> tuple[Type, list[str]]:
    """The type, and the path of fields behind it."""
    name, *fields = text.rstrip(".").split(".")
    try:
        return invocation.client.type_of(name), fields
    except KubectlError:
        for count in range(len(fields), 0, -1):
            try:
                return invocation.client.type_of(".".join([name, *fields[:count]])), fields[count:]
            except KubectlError:
                continue
    raise KubectlError(f'the server doesn\'t have a resource type "{name}"')


def _write(invocation: Invocation, struct: Struct, path: list[str]) -> None:
    field: Field | None = None
    owner, inside = "", struct
    for name in path:
        if inside is None or name not in inside.fields:
            raise failure(f'field "{name}" does not exist')
        owner, field = inside.name, inside.fields[name]
        inside = _struct_of(field)  # type: ignore[assignment]
    described = _descriptions()
    texts = [described.get(owner, {}).get(field.name, "")] if field else []
    if inside is not None:
        texts.append(described.get(inside.name, {}).get("", ""))
    if field is not None:
        invocation.out(f"FIELD: {field.name} <{type_name(field)}>\n\n")
    lines = [line for text in texts if text for line in wrap(text, 4)] or ["    <empty>"]
    invocation.out("DESCRIPTION:\n" + "\n".join(lines) + "\n    ")
    if inside is None:
        invocation.out("")
        return
    invocation.out("FIELDS:")
    if invocation.flags["recursive"]:
        _recursive(invocation, inside, 1, ())
    else:
        _fields(invocation, inside)
    invocation.out("")


def _struct_of(field: Field) -> Struct | None:
    field.bind()
    while field.item is not None:
        if field.code == "{" and field.item.code != "@":
            return None
        field = field.item
    return field.struct


def type_name(field: Field) -> str:
    """The type as explain writes it: `string`, `[]Toleration`, `map[string]string`."""
    if field.code == "[" and field.item is not None:
        return f"[]{type_name(field.item)}"
    if field.code == "{" and field.item is not None:
        return f"map[string]{type_name(field.item)}"
    return field.type.rsplit(".", 1)[1] if field.code == "@" else _SIMPLE.get(field.type, field.type)


def _title(field: Field, level: int) -> str:
    return f"{'  ' * level}{field.name}\t<{type_name(field)}>{' -required-' if field.required else ''}"


def _fields(invocation: Invocation, struct: Struct) -> None:
    described = _descriptions().get(struct.name, {})
    for name in sorted(struct.fields):
        invocation.out(_title(struct.fields[name], 1))
        text = described.get(name, "")
        lines = wrap(text, 4) if text else ["    <no description>"]
        invocation.out("\n".join(lines) + "\n")


def _recursive(invocation: Invocation, struct: Struct, level: int, above: tuple[str, ...]) -> None:
    for name in sorted(struct.fields):
        field = struct.fields[name]
        invocation.out(_title(field, level))
        inside = _struct_of(field)
        if inside is not None and inside.name not in above:
            _recursive(invocation, inside, level + 1, (*above, inside.name))


def wrap(text: str, indent: int) -> list[str]:
    """The lines of a description, none longer than the page; paragraphs and lists keep their breaks."""
    lines: list[str] = []
    for part in text.split("\n"):
        words, line = part.split(" "), ""
        if not part.strip():
            lines.append(" " * indent)
            continue
        for word in words:
            if line and len(line) + 1 + len(word) > WIDTH - indent:
                lines.append(" " * indent + line)
                line = word
            else:
                line = f"{line} {word}" if line or (word == "" and words[0] == "") else word
        lines.append(" " * indent + re.sub(r" +$", "", line))
    return lines
