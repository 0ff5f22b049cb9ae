"""The selectors of device classes and requests: expressions in CEL about one device.

`matches('device.driver == "gpu.example.com" && device.attributes["gpu.example.com"].memory > 8', device)`.

*In Kubernetes:* k8s.io/dynamic-resource-allocation/cel/compile.go.  *Simplified:* of CEL it knows literals, `device`,
operators, `in`, `has`, the conditional, and the functions in `FUNCTIONS` and `METHODS`; macros over lists and the rest
of the libraries are refused with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cp_sim.objects import quantity
from cp_sim.scheduler.devices.device_expressions import SelectorError, Tree, parsed

_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?")


class Version:
    """A semantic version; releases are above what precedes them (`1.0.0-rc.1`)."""

    __slots__ = ("key",)

    def __init__(self, text: str) -> None:
        found = _SEMVER.fullmatch(text)
        if found is None:
            raise SelectorError(f"{text!r} is no semantic version")
        before = found[4]
        parts = tuple((0, int(one), "") if one.isdecimal() else (1, 0, one) for one in (before or "").split(".") if one)
        self.key = (int(found[1]), int(found[2]), int(found[3]), before is None, parts)


class Attributes(dict[str, Any]):
    """{domain: {name: value}} of a device; a domain that it does not have is empty, a name that it lacks an error."""

    def __missing__(self, domain: str) -> dict[str, Any]:
        return {}


def view_of(driver: str, device: dict[str, Any]) -> dict[str, Any]:
    """A device as expressions see it; names without a domain are in that of the driver."""
    found: dict[str, Attributes] = {"attributes": Attributes(), "capacity": Attributes()}
    for name, given in (device.get("attributes") or {}).items():
        _file(found["attributes"], name, driver, _value(given))
    for name, given in (device.get("capacity") or {}).items():
        _file(found["capacity"], name, driver, quantity.parse(given.get("value") or 0))
    return {"driver": driver, "allowMultipleAllocations": bool(device.get("allowMultipleAllocations")), **found}


def _file(found: Attributes, name: str, driver: str, value: Any) -> None:
    domain, _, last = name.rpartition("/")
    found.setdefault(domain or driver, {})[last] = value


def _value(given: dict[str, Any]) -> Any:
    for kind in ("string", "int", "bool"):
        if given.get(kind) is not None:
            return given[kind]
    return Version(given["version"]) if given.get("version") is not None else None


def matches(expression: str, device: dict[str, Any]) -> bool:
    """Whether an expression is true of a device (as `view_of` tells it).  *Raises* `SelectorError`."""
    answer = _answer(parsed(expression), device)
    if not isinstance(answer, bool):
        raise SelectorError(f"{expression!r} is neither true nor false")
    return answer


def _compared(one: Any, other: Any) -> int:
    """-1, 0 or 1.  *Raises* `SelectorError` for values that have no order."""
    if isinstance(one, quantity.Quantity) and isinstance(other, quantity.Quantity):
        one, other = one.nano, other.nano
    elif isinstance(one, Version) and isinstance(other, Version):
        one, other = one.key, other.key
    elif type(one) is not type(other) or isinstance(one, (dict, list)):
        raise SelectorError(f"there is no order between {one!r} and {other!r}")
    return (one > other) - (one < other)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, (quantity.Quantity, Version)) and type(one) is type(other):
        return _compared(one, other) == 0
    return type(one) is type(other) and bool(one == other)


def _divided(one: int, other: int) -> int:
    if other == 0:
        raise SelectorError("division by zero")
    share = abs(one) // abs(other)
    return share if (one < 0) == (other < 0) else -share


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": _equal,
    "!=": lambda one, other: not _equal(one, other),
    "<": lambda one, other: _compared(one, other) < 0,
    "<=": lambda one, other: _compared(one, other) <= 0,
    ">": lambda one, other: _compared(one, other) > 0,
    ">=": lambda one, other: _compared(one, other) >= 0,
    "in": lambda one, other: any(_equal(one, each) for each in other),
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _divided,
    "%": lambda one, other: one - other * _divided(one, other),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "quantity": quantity.parse,
    "semver": Version,
    "size": len,
    "string": str,
    "int": int,
    "isQuantity": lambda text: _works(quantity.parse, text),
    "isSemver": lambda text: _works(Version, text),
}
METHODS: dict[str, Callable[..., Any]] = {
    "compareTo": _compared,
    "isGreaterThan": lambda one, other: _compared(one, other) > 0,
    "isLessThan": lambda one, other: _compared(one, other) < 0,
    "asInteger": lambda one: one.value,
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
    "lowerAscii": str.lower,
    "upperAscii": str.upper,
    "size": len,
}


def _works(function: Callable[..., Any], given: Any) -> bool:
    try:
        function(given)
    except ValueError:
        return False
    return True


def _answer(tree: Tree, device: dict[str, Any]) -> Any:
    """The value of a tree.  *Raises* `SelectorError`."""
    what, *parts = tree
    if what == "is":
        return parts[0]
    if what == "device":
        return device
    if what in ("&&", "||"):
        return _either(what == "||", parts, device)
    if what == "?":
        return _answer(parts[1] if _answer(parts[0], device) is True else parts[2], device)
    if what == "call" and parts[0] == "has":
        return _has(parts[1], device)
    table, name = {"call": (FUNCTIONS, parts[0]), "method": (METHODS, parts[0])}.get(what, (OPERATORS, what))
    values = [_answer(part, device) for part in (parts[1:] if what in ("call", "method") else parts)]
    try:
        if what == "item":
            return values[0][values[1]]
        if what == "list":
            return values
        if what == "not":
            return not values[0]
        if what == "minus":
            return -values[0]
        if name not in table:
            raise SelectorError(f"{name}() is not known here")
        return table[name](*values)
    except KeyError as missing:
        raise SelectorError(f"no such key: {missing.args[0]}") from None
    except (TypeError, AttributeError, re.error) as problem:
        raise SelectorError(f"no such overload: {name}: {problem}") from None


def _either(wanted: bool, parts: list[Tree], device: dict[str, Any]) -> bool:
    """`||` (`wanted` true) or `&&`: one side that decides makes up for an error in the other."""
    problem: SelectorError | None = None
    for part in parts:
        try:
            if _answer(part, device) is wanted:
                return wanted
        except SelectorError as error:
            problem = error
    if problem is not None:
        raise problem
    return not wanted


def _has(tree: Tree, device: dict[str, Any]) -> bool:
    if tree[0] != "item":
        raise SelectorError("has() takes a field")
    return _answer(tree[2], device) in _answer(tree[1], device)
