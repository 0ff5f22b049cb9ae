"""Reading the expressions in CEL that select devices: text in, a tree out.

A tree is a tuple of what it is and its parts: `("==", ("item", ("device",), ("is", "driver")), ("is", "gpu"))`.

*In Kubernetes:* google/cel-go, which k8s.io/dynamic-resource-allocation/cel compiles expressions with.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

Tree = tuple[Any, ...]

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.\d+|\d+)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]]))"""
)

LEVELS = (("||",), ("&&",), ("==", "!=", "<=", ">=", "<", ">", "in"), ("+", "-"), ("*", "/", "%"))
CONSTANTS = {"true": True, "false": False, "null": None}


class SelectorError(ValueError):
    """An expression cannot be read or has no answer for a device; the message says why."""


@lru_cache(maxsize=256)
def parsed(expression: str) -> Tree:
    """The tree of an expression: (what, parts ...).  *Raises* `SelectorError`."""
    reader = _Reader(expression)
    tree = reader.condition()
    if reader.kind:
        raise reader.wrong()
    return tree


class _Reader:
    """Reads one expression from left to right; `kind` and `token` are what comes next."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.at = 0
        self.kind = self.token = ""
        self.advance()

    def advance(self) -> str:
        """Go to the next token; returns the one that was next until now."""
        before = self.token
        found = _TOKEN.match(self.expression, self.at)
        if found is None:
            if self.expression[self.at :].strip():
                raise self.wrong()
            self.kind = self.token = ""
        else:
            self.kind, self.token, self.at = found.lastgroup or "", found[found.lastgroup or 0], found.end()
        return before

    def wrong(self) -> SelectorError:
        return SelectorError(
            f"{self.expression!r} is not understood at {self.expression[self.at - len(self.token) :]!r}"
        )

    def takes(self, *signs: str) -> str:
        """The sign that comes next, if it is one of these, which is then behind."""
        return self.advance() if self.kind in ("sign", "name") and self.token in signs else ""

    def needs(self, sign: str) -> None:
        if not self.takes(sign):
            raise self.wrong()

    def condition(self) -> Tree:
        found = self.binary(0)
        if self.takes("?"):
            yes = self.condition()
            self.needs(":")
            return ("?", found, yes, self.condition())
        return found

    def binary(self, level: int) -> Tree:
        """Operators of one level of `LEVELS` and the tighter ones."""
        if level == len(LEVELS):
            return self.unary()
        found = self.binary(level + 1)
        while sign := self.takes(*LEVELS[level]):
            found = (sign, found, self.binary(level + 1))
        return found

    def unary(self) -> Tree:
        sign = self.takes("!", "-")
        return ("not" if sign == "!" else "minus", self.unary()) if sign else self.member()

    def member(self) -> Tree:
        found = self.primary()
        while sign := self.takes(".", "["):
            if sign == "[":
                found = ("item", found, self.condition())
                self.needs("]")
            elif self.kind != "name":
                raise self.wrong()
            else:
                name = self.advance()
                found = ("method", name, found, *self.arguments()) if self.takes("(") else ("item", found, ("is", name))
        return found

    def arguments(self, end: str = ")") -> list[Tree]:
        found: list[Tree] = []
        while not self.takes(end):
            if found:
                self.needs(",")
            found.append(self.condition())
        return found

    def primary(self) -> Tree:
        if self.kind == "number":
            text = self.advance()
            return ("is", float(text) if "." in text else int(text))
        if self.kind == "text":
            return ("is", re.sub(r"\\(.)", r"\1", self.advance()[1:-1]))
        if self.takes("("):
            found = self.condition()
            self.needs(")")
            return found
        if self.takes("["):
            return ("list", *self.arguments("]"))
        if self.kind != "name":
            raise self.wrong()
        name = self.advance()
        if name in CONSTANTS:
            return ("is", CONSTANTS[name])
        if self.takes("("):
            return ("call", name, *self.arguments())
        if name != "device":
            raise SelectorError(f"{self.expression!r}: there is no {name}, only device")
        return ("device",)
