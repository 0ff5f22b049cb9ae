"""Transactions as one types them into `etcdctl txn`: `mod("/a") = "3"`, `put /a 1`, `get /b --prefix`, `del /c`.

Source: etcd `etcdctl/README.md` (TXN), `etcdctl/ctlv3/command/{txn_command,util}.go`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from cp_sim.etcd import api
from cp_sim.etcd.api import Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp

_TARGETS = {"ver": "VERSION", "version": "VERSION", "c": "CREATE", "create": "CREATE", "m": "MOD", "mod": "MOD"}
_TARGETS |= {"val": "VALUE", "value": "VALUE", "lease": "LEASE"}
_RESULTS = {"=": "EQUAL", "!=": "NOT_EQUAL", "<": "LESS", ">": "GREATER"}
_COMPARE = re.compile(r"""^\s*(\w+)\((["']?)(.*)\2\)\s*(!=|=|<|>)\s*(["']?)(.*)\5\s*$""")
_VERBS = "get KEY [END], put KEY VALUE or del KEY [END], each with --prefix where it makes sense"


def compares(given: str | Compare | Iterable[str | Compare]) -> tuple[Compare, ...]:
    """The conditions of a txn, from text or as they are.

    Raises:
        ValueError: a line is no condition.
    """
    return tuple(_compare(one) if isinstance(one, str) else one for one in _listed(given))


def operations(given: str | RequestOp | Iterable[str | RequestOp]) -> tuple[RequestOp, ...]:
    """The operations of a branch, from text or as they are.

    Raises:
        ValueError: a line is no operation.
    """
    return tuple(_operation(one) if isinstance(one, str) else one for one in _listed(given))


def _listed(given: object) -> list:  # type: ignore[type-arg]
    if isinstance(given, str):
        return [line for line in given.splitlines() if line.strip()]
    return list(given) if isinstance(given, Iterable) else [given]


def _compare(line: str) -> Compare:
    found = _COMPARE.match(line)
    if found is None or found[1] not in _TARGETS:
        raise ValueError(f'"{line.strip()}" is no condition: write one like mod("/key") = "3" or value("/key") != "x"')
    target, operand = _TARGETS[found[1]], found[6]
    if target == "VALUE":
        return Compare(target, _RESULTS[found[4]], found[3], operand=operand)
    try:
        number = int(operand, 16 if target == "LEASE" else 10)
    except ValueError:
        raise ValueError(f'"{operand}" is no number: {found[1]} is compared with one') from None
    return Compare(target, _RESULTS[found[4]], found[3], operand=number)


def _operation(line: str) -> RequestOp:
    words = shlex.split(line)
    prefix, lease = "--prefix" in words, 0
    rest = []
    for word in words:
        if word.startswith("--lease="):
            lease = int(word.removeprefix("--lease="), 16)
        elif word != "--prefix":
            rest.append(word)
    match rest:
        case ["put", key, value]:
            return PutRequest(key, value, lease)
        case ["get", key, *end] if len(end) < 2:
            return RangeRequest(*span(key, end[0] if end else "", prefix))
        case ["del", key, *end] if len(end) < 2:
            return DeleteRangeRequest(*span(key, end[0] if end else "", prefix))
    raise ValueError(f'"{line.strip()}" is no operation: write {_VERBS}')


def span(key: str, range_end: str = "", prefix: bool = False, from_key: bool = False) -> tuple[str, str]:
    """Key and `range_end` of a request, from what etcdctl lets one say.

    Raises:
        ValueError: two ways to name a range were used together.
    """
    if sum((bool(range_end), prefix, from_key)) > 1:
        raise ValueError("name the range in one way: by range_end, by prefix=True or by from_key=True")
    if prefix:
        return key or "\0", api.prefix_end(key)
    if from_key:
        return key or "\0", api.FROM_KEY
    return key, range_end
