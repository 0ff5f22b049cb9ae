"""Go templates, as far as `-o go-template` needs them: fields, `range`, `if`, `len`, `index`, `printf`, comparisons.

Source: Go's text/template (documentation of actions and functions).
"""

from __future__ import annotations

import re
from typing import Any

from cp_sim.course.kubectl.errors import KubectlError, failure
from cp_sim.course.kubectl.output.columns import go_value

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|[()|]|:=|[^\s()|]+')
_MISSING = object()


def render(template: str, obj: Any) -> str:
    """The template filled in with what `obj` holds.

    Raises:
        KubectlError: it cannot be read, or uses what is not understood here.
    """
    pieces = re.split(r"(\{\{-? ?.*? ?-?\}\})", template, flags=re.DOTALL)
    out: list[str] = []
    _Run(_trim(pieces), {"$": obj}).block(0, obj, out)
    return "".join(out)


def _trim(pieces: list[str]) -> list[str]:
    for i, piece in enumerate(pieces):
        if piece.startswith("{{-") and i:
            pieces[i - 1] = pieces[i - 1].rstrip()
        if piece.endswith("-}}") and piece.startswith("{{") and i + 1 < len(pieces):
            pieces[i + 1] = pieces[i + 1].lstrip()
    return pieces


class _Run:
    """One run over the pieces of a template; actions stand at the odd places."""

    def __init__(self, pieces: list[str], variables: dict[str, Any]) -> None:
        self.pieces = pieces
        self.variables = variables

    def block(self, at: int, dot: Any, out: list[str] | None) -> tuple[int, str]:
        """Run from `at` to the next `else` or `end` that belongs here; with `out=None` only skip."""
        while at < len(self.pieces):
            piece = self.pieces[at]
            if not piece.startswith("{{"):
                if out is not None:
                    out.append(piece)
                at += 1
                continue
            action = piece[2:-2].strip("-").strip()
            word = action.split(" ", 1)[0]
            if word in ("end", "else"):
                return at, action
            if word in ("range", "if", "with"):
                at = self.branch(at, word, action[len(word) :].strip(), dot, out)
                continue
            if out is not None and not action.startswith("/*"):
                self.action(action, dot, out)
            at += 1
        return at, ""

    def branch(self, at: int, word: str, condition: str, dot: Any, out: list[str] | None) -> int:
        """Run a `range`, `if` or `with`; the place behind its `end`."""
        value = self.value(condition, dot) if out is not None else None
        body, taken = at + 1, False
        if out is not None and word == "range" and value not in (None, _MISSING):
            for item in value.values() if isinstance(value, dict) else value:
                taken = True
                self.block(body, item, out)
            stop, action = self.block(body, dot, None)
        else:
            taken = out is not None and word != "range" and _truth(value)
            stop, action = self.block(body, value if word == "with" else dot, out if taken else None)
        while action.startswith("else"):
            rest = action[4:].strip()
            if rest.startswith("if"):
                run = out is not None and not taken and _truth(self.value(rest[2:].strip(), dot))
            else:
                run = out is not None and not taken
            stop, action = self.block(stop + 1, dot, out if run else None)
            taken = taken or run
        return stop + 1

    def action(self, action: str, dot: Any, out: list[str]) -> None:
        """An action that prints or sets a variable."""
        match = re.match(r"(\$\w+)\s*:?=\s*(.*)", action, re.DOTALL)
        if match:
            self.variables[match.group(1)] = self.value(match.group(2), dot)
            return
        value = self.value(action, dot)
        out.append("<no value>" if value is _MISSING else go_value(value))

    def value(self, text: str, dot: Any) -> Any:
        """The value of a pipeline."""
        tokens = _TOKEN.findall(text)
        value, rest = self.pipeline(tokens, dot)
        if rest:
            raise _unreadable(text)
        return value

    def pipeline(self, tokens: list[str], dot: Any) -> tuple[Any, list[str]]:
        extra: list[Any] = []
        while True:
            operands: list[Any] = []
            name = ""
            while tokens and tokens[0] not in ("|", ")"):
                token, tokens = tokens[0], tokens[1:]
                if token == "(":
                    inner, tokens = self.pipeline(tokens, dot)
                    tokens = tokens[1:]
                    if tokens and tokens[0].startswith("."):
                        inner, tokens = self.operand(tokens[0], inner), tokens[1:]
                    operands.append(inner)
                elif not operands and not name and token in _FUNCTIONS:
                    name = token
                else:
                    operands.append(self.operand(token, dot))
            operands += extra
            result = _FUNCTIONS[name](*operands) if name else (operands or [""])[0]
            if tokens[:1] == ["|"]:
                extra, tokens = [result], tokens[1:]
                continue
            return result, tokens

    def operand(self, token: str, dot: Any) -> Any:
        """A field, variable or literal."""
        if token[0] in '"`':
            inside = token[1:-1]
            return inside if token[0] == "`" else inside.encode().decode("unicode_escape")
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        if token in ("true", "false"):
            return token == "true"
        head, _, path = token.partition(".")
        value = dot if not head else self.variables.get(head, _MISSING)
        if head and (not head.startswith("$") or value is _MISSING):
            raise failure(f'error parsing template: function "{head}" not defined')
        for key in path.split(".") if path else ():
            value = value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
        return value


def _truth(value: Any) -> bool:
    return value is not _MISSING and bool(value)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key, _MISSING) if isinstance(value, dict) else value[key]
    return value


def _printf(pattern: str, *values: Any) -> str:
    return re.sub(r"%[vs]", "%s", pattern) % tuple(
        go_value(value) if not isinstance(value, int) else value for value in values
    )


def _both(*values: Any) -> Any:
    return next((value for value in values if not _truth(value)), values[-1])


def _either(*values: Any) -> Any:
    return next((value for value in values if _truth(value)), values[-1])


_FUNCTIONS: dict[str, Any] = {
    "len": len,
    "index": _index,
    "printf": _printf,
    "print": lambda *values: "".join(go_value(value) for value in values),
    "not": lambda value: not _truth(value),
    "and": _both,
    "or": _either,
    "eq": lambda first, *others: any(first == other for other in others),
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def _unreadable(text: str) -> KubectlError:
    return failure(f"error parsing template {text}, template: output: it cannot be read")
