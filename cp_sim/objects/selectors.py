"""Label selectors, field selectors and node selector terms: parsing, printing, matching.

Sources: `staging/src/k8s.io/apimachinery/pkg/labels/selector.go` and `pkg/fields/selector.go` there,
`staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import invalid
from cp_sim.objects.field_selectors import FieldRequirement, FieldSelector, SelectorError, field_value, parse_fields
from cp_sim.sim import immutable

__all__ = [
    "FieldRequirement",
    "FieldSelector",
    "LabelSelector",
    "Requirement",
    "SelectorError",
    "field_value",
    "matches",
    "matches_expression",
    "matches_node_selector",
    "matches_node_term",
    "of_labels",
    "of_wire",
    "parse_fields",
    "parse_labels",
]

Labels = Mapping[str, str]


@immutable
class Requirement:
    """One condition on one label.  `operator` is one of `=`, `==`, `!=`, `in`, `notin`, `exists`, `!`, `gt`, `lt`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether labels meet the condition."""
        operator = self.operator
        if operator in ("=", "==", "in"):
            return self.key in labels and labels[self.key] in self.values
        if operator in ("!=", "notin"):
            return self.key not in labels or labels[self.key] not in self.values
        if operator == "exists":
            return self.key in labels
        if operator == "!":
            return self.key not in labels
        return compare_integers(operator, labels.get(self.key), self.values)

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return "!" + self.key
        joined = ",".join(sorted(self.values))
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({joined})"
        return self.key + {"gt": ">", "lt": "<"}.get(self.operator, self.operator) + joined


@immutable
class LabelSelector:
    """Conditions that all have to hold, in order of their keys; none at all matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels | None) -> bool:
        """Whether labels meet every condition."""
        labels = labels or {}
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


def compare_integers(operator: str, label: str | None, values: tuple[str, ...]) -> bool:
    """The operators `gt` and `lt`: both sides have to be integers of 64 bits."""
    left, right = integer(label), integer(values[0]) if len(values) == 1 else None
    if left is None or right is None:
        return False
    return left > right if operator == "gt" else left < right


def integer(text: str | None) -> int | None:
    """The number that Go's `strconv.ParseInt` reads, or None."""
    if text is None or not re.fullmatch("[-+]?[0-9]+", text, re.ASCII):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


_TOKEN = re.compile(r"[ \t\r\n]*(?:(==|!=|=(?![=])|[!(),><])|([^=!(),>< \t\r\n]+)|([=!(),><]))?")
_OPERATORS = {"in": "in", "notin": "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}
_BINARY = "in, notin, =, ==, !=, gt, lt"


def _tokens(text: str) -> list[tuple[bool, str]]:
    """(is it an identifier, its text) of every token; the last is empty."""
    tokens: list[tuple[bool, str]] = []
    position = 0
    while True:
        found = _TOKEN.match(text, position)
        if found is None or found.end() == position or found[0].strip(" \t\r\n") == "":
            tokens.append((False, ""))
            return tokens
        position = found.end()
        tokens.append((found[2] is not None, found[2] or found[1] or found[3]))


class _Parser:
    """A walk over the tokens of a selector."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self) -> tuple[bool, str]:
        return self.tokens[min(self.at, len(self.tokens) - 1)]

    def take(self) -> tuple[bool, str]:
        token = self.peek()
        self.at += 1
        return token

    def parse(self) -> tuple[Requirement, ...]:
        found: list[Requirement] = []
        while True:
            is_word, text = self.peek()
            if not is_word and text == "":
                break
            if not is_word and text != "!":
                raise SelectorError(f"found '{text}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self.requirement())
            except SelectorError as problem:
                raise SelectorError(f"unable to parse requirement: {problem}") from None
            is_word, text = self.take()
            if not is_word and text == "":
                break
            if is_word or text != ",":
                raise SelectorError(f"found '{text}', expected: ',' or 'end of string'")
            is_word, text = self.peek()
            if not is_word and text != "!":
                raise SelectorError(f"found '{text}', expected: identifier after ','")
        return tuple(sorted(found, key=_key))

    def requirement(self) -> Requirement:
        is_word, key = self.take()
        absent = not is_word and key == "!"
        if absent:
            is_word, key = self.take()
        if not is_word:
            raise SelectorError(f"found '{key}', expected: identifier")
        _check_key("<nil>", key)
        if absent:
            return Requirement(key, "!")
        is_word, text = self.peek()
        if not is_word and text in ("", ","):
            return Requirement(key, "exists")
        self.take()
        operator = _OPERATORS.get(text)
        if operator is None:
            raise SelectorError(f"found '{text}', expected: {_BINARY}")
        values = self.several() if operator in ("in", "notin") else self.one()
        check_requirement(key, operator, values)
        return Requirement(key, operator, values)

    def one(self) -> tuple[str, ...]:
        is_word, text = self.peek()
        if not is_word and text in ("", ","):
            return ("",)
        self.take()
        if not is_word:
            raise SelectorError(f"found '{text}', expected: identifier")
        return (text,)

    def several(self) -> tuple[str, ...]:
        is_word, text = self.take()
        if is_word or text != "(":
            raise SelectorError(f"found '{text}' expected: '('")
        is_word, text = self.peek()
        if not is_word and text == ")":
            self.take()
            return ("",)
        if not is_word and text != ",":
            raise SelectorError(f"found '{text}', expected: ',', ')' or identifier")
        values: dict[str, None] = {}
        expect_value = True
        while True:
            is_word, text = self.take()
            if is_word:
                values[text] = None
                expect_value = False
                is_word, following = self.peek()
                if is_word or following not in (",", ")"):
                    raise SelectorError(f"found '{following}', expected: ',' or ')'")
            elif text == ",":
                if expect_value:
                    values[""] = None
                expect_value = True
                if self.peek() == (False, ")"):
                    values[""] = None
            elif text == ")":
                return tuple(sorted(values))
            else:
                raise SelectorError(f"found '{text}', expected: ',', or identifier")


def _key(requirement: Requirement) -> str:
    return requirement.key


def _check_key(field: str, key: str) -> None:
    problems = names.qualified_name(key)
    if problems:
        raise SelectorError(str(invalid(field, key, "; ".join(problems))))


def check_requirement(key: str, operator: str, values: tuple[str, ...]) -> None:
    """*Raises* `SelectorError` for values that the operator cannot take or that are no label values."""
    found = []
    if operator in ("gt", "lt"):
        for index, value in enumerate(values):
            if integer(value) is None:
                text = "for 'Gt', 'Lt' operators, the value must be an integer"
                found.append(str(invalid(f"values[{index}]", value, text)))
    for index, value in enumerate(values):
        problems = names.label_value(value)
        if problems:
            found.append(str(invalid(f"values[{index}][{key}]", value, "; ".join(problems))))
    if found:
        raise SelectorError(found[0] if len(found) == 1 else "[" + ", ".join(found) + "]")


@lru_cache(maxsize=1024)
def parse_labels(text: str) -> LabelSelector:
    """The selector of a `labelSelector` query or kubectl's `-l`: `a=b,c in (d,e),!f`.  *Raises* `SelectorError`."""
    return LabelSelector(_Parser(text).parse())


_FROM_WIRE = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def of_labels(labels: Labels | None) -> LabelSelector:
    """The selector that asks for exactly these labels (Service, ReplicationController); none asks for nothing."""
    return LabelSelector(tuple(Requirement(key, "=", (labels[key],)) for key in sorted(labels or {})) if labels else ())


def of_wire(selector: Mapping[str, Any]) -> LabelSelector:
    """The selector that a wire `LabelSelector` (matchLabels, matchExpressions) means.  *Raises* `SelectorError`."""
    found = [Requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = _FROM_WIRE.get(expression.get("operator", ""))
        if operator is None:
            raise SelectorError(f'"{expression.get("operator", "")}" is not a valid label selector operator')
        values = tuple(sorted(expression.get("values") or ()))
        found.append(Requirement(expression.get("key", ""), operator, values))
    return LabelSelector(tuple(sorted(found, key=_key)))


def matches(selector: Mapping[str, Any] | None, labels: Labels | None) -> bool:
    """Whether a wire `LabelSelector` picks labels: none picks nothing, an empty one everything."""
    if selector is None:
        return False
    labels = labels or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(matches_expression(expression, labels) for expression in selector.get("matchExpressions") or ())


def matches_expression(expression: Mapping[str, Any], labels: Labels) -> bool:
    """Whether labels meet one `matchExpressions` entry of a label selector or node selector term."""
    key, operator = expression["key"], expression["operator"]
    if operator == "In":
        return key in labels and labels[key] in (expression.get("values") or ())
    if operator == "NotIn":
        return key not in labels or labels[key] not in (expression.get("values") or ())
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    if operator in ("Gt", "Lt"):
        return compare_integers(operator.lower(), labels.get(key), tuple(expression.get("values") or ()))
    return False


def matches_node_term(term: Mapping[str, Any], labels: Labels, name: str) -> bool:
    """Whether one `nodeSelectorTerms` entry picks a node of these labels and this name; an empty term picks none."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    own = {"metadata.name": name}
    return all(matches_expression(one, labels) for one in expressions) and all(
        matches_expression(one, own) for one in fields
    )


def matches_node_selector(selector: Mapping[str, Any] | None, labels: Labels, name: str) -> bool:
    """Whether a `NodeSelector` picks a node: any of its terms has to; none at all picks every node."""
    if selector is None:
        return True
    return any(matches_node_term(term, labels, name) for term in selector.get("nodeSelectorTerms") or ())
