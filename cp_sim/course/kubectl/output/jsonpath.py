"""JSONPath templates as kubectl reads them: `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Source: k8s.io/client-go/util/jsonpath (parser.go, jsonpath.go).
"""

from __future__ import annotations

import json
import re
from typing import Any

from cp_sim.course.kubectl.output.text import number, to_json
from cp_sim.sim import immutable


class PathError(ValueError):
    """The template cannot be read, or cannot be applied to this object."""


@immutable
class Step:
    """One step of a path.

    `kind` is one of field, wildcard, descend, index, slice, union, filter, text, root, current, and for a whole action
    also range and end; `value` is what belongs to it.
    """

    kind: str
    value: Any = None


_FIELD = re.compile(r"(?:\\.|[^\s{}\[\].,()\\'\"=!<>|&@$*?])+")
_SLICE = re.compile(r"(-?\d*)(?::(-?\d*)(?::(-?\d*))?)?$")
_COMPARISON = re.compile(r"(==|!=|<=|>=|<|>)")


def parse(template: str) -> list[tuple[Step, ...]]:
    """The parts of a template: text between braces is a path, everything else a text step.

    Raises:
        PathError: it cannot be read.
    """
    parts: list[tuple[Step, ...]] = []
    at = 0
    while at < len(template):
        start = template.find("{", at)
        if start < 0:
            parts.append((Step("text", template[at:]),))
            break
        if start > at:
            parts.append((Step("text", template[at:start]),))
        end = _closing(template, start)
        parts.append(_action(template[start + 1 : end].strip()))
        at = end + 1
    return parts


def relaxed(text: str) -> str:
    """`x.y`, `.x.y`, `{x.y}` or `{.x.y}` as `{.x.y}`.

    Raises:
        PathError: it is none of these.
    """
    match = re.fullmatch(r"\{\.?([^{}]+)\}|\.?([^{}]+)", text)
    if not text:
        return text
    if match is None:
        raise PathError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return "{." + (match.group(1) or match.group(2)) + "}"


def _closing(text: str, start: int) -> int:
    quote = ""
    at = start + 1
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char == "}":
            return at
        at += 1
    raise PathError("unterminated quoted string" if quote else "unclosed action")


def _action(text: str) -> tuple[Step, ...]:
    if text == "end":
        return (Step("end"),)
    if text.startswith("range") and not re.match(r"range\w", text):
        return (Step("range"), *_path(text[5:].strip()))
    return _path(text)


def _path(text: str) -> tuple[Step, ...]:
    if text[:1] in ("'", '"'):
        return (Step("text", _unquote(text)),)
    steps: list[Step] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "$":
            steps.append(Step("root"))
            at += 1
        elif char == "@":
            steps.append(Step("current"))
            at += 1
        elif text.startswith("..", at):
            steps.append(Step("descend"))
            at += 2
            if at < len(text) and text[at] not in "[.":
                at = _field(text, at, steps)
        elif char == ".":
            at += 1
            if at < len(text) and text[at] != "[":
                at = _field(text, at, steps)
        elif char == "[":
            end = _bracket(text, at)
            steps.append(_subscript(text[at + 1 : end]))
            at = end + 1
        elif char.isspace():
            at += 1
        else:
            at = _field(text, at, steps)
    return tuple(steps)


def _field(text: str, at: int, steps: list[Step]) -> int:
    if text[at] == "*":
        steps.append(Step("wildcard"))
        return at + 1
    match = _FIELD.match(text, at)
    if match is None:
        raise PathError(f"unrecognized character in action: U+{ord(text[at]):04X} '{text[at]}'")
    steps.append(Step("field", re.sub(r"\\(.)", r"\1", match.group(0))))
    return match.end()


def _bracket(text: str, start: int) -> int:
    depth, quote = 0, ""
    for at in range(start, len(text)):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                return at
    raise PathError("unterminated array")


def _subscript(inside: str) -> Step:
    inside = inside.strip()
    if inside == "*":
        return Step("wildcard")
    if inside.startswith("?(") and inside.endswith(")"):
        return Step("filter", _filter(inside[2:-1]))
    if inside[:1] in ("'", '"') and "," not in inside:
        return Step("field", _unquote(inside))
    if "," in inside:
        return Step("union", tuple(_subscript(part) for part in inside.split(",")))
    match = _SLICE.match(inside)
    if match is None or not inside:
        if re.fullmatch(r"[\w.-]+", inside):
            raise PathError(f"invalid array index {inside}")
        raise PathError(f"unrecognized character in action: U+{ord(inside[:1] or ' '):04X} '{inside[:1]}'")
    if ":" not in inside:
        return Step("index", int(inside))
    return Step("slice", tuple(int(part) if part else None for part in match.groups()))


def _filter(inside: str) -> tuple[Any, str, Any]:
    parts = _COMPARISON.split(inside, maxsplit=1)
    if len(parts) == 1:
        return _path(inside.strip()), "exists", None
    left, operator, right = (part.strip() for part in parts)
    return _operand(left), operator, _operand(right)


def _operand(text: str) -> Any:
    if text[:1] in ("@", "$", "."):
        return _path(text)
    if text[:1] in ("'", '"'):
        return _unquote(text)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unquote(text: str) -> str:
    if len(text) < 2 or text[-1] != text[0]:
        raise PathError("unterminated quoted string")
    inside = text[1:-1]
    escapes = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match.group(1), match.group(0)), inside)


def find(steps: tuple[Step, ...], obj: Any, current: Any = None) -> list[Any]:
    """Everything that a path leads to from `obj`; missing keys lead nowhere.

    Raises:
        PathError: an index beyond the end, or an index into something that is no list.
    """
    values = [obj if current is None else current]
    for step in steps:
        if step.kind == "root":
            values = [obj]
        elif step.kind != "current":
            values = [found for value in values for found in _step(step, value, obj)]
    return values


def _step(step: Step, value: Any, root: Any) -> list[Any]:
    if step.kind == "field":
        return [value[step.value]] if isinstance(value, dict) and step.value in value else []
    if step.kind == "wildcard":
        return _entries(value)
    if step.kind == "descend":
        return _descend(value)
    if step.kind == "filter":
        return [entry for entry in _entries(value) if _passes(step.value, entry, root)]
    if step.kind == "union":
        return [found for part in step.value for found in _step(part, value, root)]
    if value is None:
        return []
    if not isinstance(value, list):
        raise PathError(f"{show(value)} is not array or slice")
    if step.kind == "index":
        if not -len(value) <= step.value < len(value):
            raise PathError(f"array index out of bounds: index {step.value}, length {len(value)}")
        return [value[step.value]]
    start, end, stride = step.value
    return value[start:end:stride]


def _descend(value: Any) -> list[Any]:
    return [value, *(found for entry in _entries(value) for found in _descend(entry))]


def _entries(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return value if isinstance(value, list) else []


def _passes(condition: tuple[Any, str, Any], entry: Any, root: Any) -> bool:
    left, operator, right = condition
    found = [find(side, root, entry) if isinstance(side, tuple) else [side] for side in (left, right)]
    if operator == "exists":
        return bool(found[0])
    if not found[0] or not found[1]:
        return False
    a, b = found[0][0], found[1][0]
    if operator in ("==", "!="):
        return (a == b) is (operator == "==")
    try:
        return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])
    except TypeError:
        return False


def show(value: Any) -> str:
    """A found value as text: maps and lists as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, (int, float)) else to_json(value, None)


def evaluate(template: str, obj: Any) -> list[list[Any]]:
    """What each part of a template leads to; ranges are unrolled.

    Raises:
        PathError: the template cannot be read or applied.
    """
    parts = parse(template)
    results: list[list[Any]] = []
    _run(parts, 0, obj, None, results)
    return results


def _run(parts: list[tuple[Step, ...]], at: int, obj: Any, current: Any, results: list[list[Any]]) -> int:
    """Run the parts from `at` to the end or to the `end` of a range; the place behind it."""
    while at < len(parts):
        steps = parts[at]
        if steps[0:1] and steps[0].kind == "end":
            return at + 1
        if steps and steps[0].kind == "range":
            items = find(steps[1:], obj, current)
            after = _skip(parts, at + 1)
            for item in items:
                _run(parts[: after - 1], at + 1, obj, item, results)
            at = after
            continue
        if steps and steps[0].kind == "text":
            results.append([steps[0].value])
        else:
            results.append(find(steps, obj, current))
        at += 1
    return at


def _skip(parts: list[tuple[Step, ...]], at: int) -> int:
    depth = 1
    while at < len(parts):
        kind = parts[at][0].kind if parts[at] else ""
        depth += {"range": 1, "end": -1}.get(kind, 0)
        at += 1
        if depth == 0:
            return at
    raise PathError("unfinished range: it wants an {end}")


def render(template: str, obj: Any) -> str:
    """The template filled in with what `obj` holds.

    Raises:
        PathError: the template cannot be read or applied.
    """
    return "".join(" ".join(show(value) for value in values) for values in evaluate(template, obj))
