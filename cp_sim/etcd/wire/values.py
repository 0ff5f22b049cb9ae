"""Keys and values as bytes and as the store keeps them.

A key is text; bytes that are no UTF-8 are kept in Python's way (`surrogateescape`), so that every key comes back as it
went. A value that is text stays text, other bytes stay bytes. What lies under `/registry/` belongs to the API server:
JSON objects that are put there become objects.

*Simplified:* keys that are no UTF-8 are put in order as text, not byte by byte.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.store import REGISTRY

LAST_CHARACTER = 0x10FFFF


def key_text(key: bytes) -> str:
    """A key as text."""
    return key.decode(errors="surrogateescape")


def key_bytes(key: str) -> bytes:
    """A key as it travels."""
    return key.encode(errors="surrogateescape")


def end_text(range_end: bytes) -> str:
    """The end of a range as text, so that the same keys lie before it.

    Clients make the end of a prefix by adding one to its last byte; what comes out need not be UTF-8. Then the first
    text that is not before those bytes ends the range.
    """
    try:
        return range_end.decode()
    except UnicodeDecodeError as problem:
        good, rest = range_end[: problem.start].decode(), range_end[problem.start :]
    point = bisect_left(range(LAST_CHARACTER + 1), rest, key=lambda number: chr(number).encode(errors="surrogatepass"))
    return good + chr(point) if point <= LAST_CHARACTER else api.prefix_end(good)


def end_bytes(range_end: str) -> bytes:
    """The end of a range as it travels."""
    return range_end.encode(errors="surrogatepass")


def value_of(data: bytes, key: str = "") -> Any:
    """A value as the store keeps it: an object under `/registry/` if it is one, else text, else bytes."""
    if key.startswith(REGISTRY) and data[:1] == b"{":
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
