"""What etcd answers, printed as `etcdctl` prints it; values that are Kubernetes objects print as JSON.

Source: etcd `etcdctl/ctlv3/command/{printer_simple,printer_table}.go`.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.requests import encode
from cp_sim.etcd.store import KeyValue
from cp_sim.sim import immutable


@immutable
class Answer:
    """An answer of etcd: prints as etcdctl prints it, `response` has it field by field."""

    response: Any
    text: str

    def __getattr__(self, name: str) -> Any:
        if name == "response":  # while a copy is being made
            raise AttributeError(name)
        return getattr(self.response, name)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


@immutable
class Table:
    """Rows that print like `etcdctl -w table`; `simple` is the form without lines, `response` the rows as records."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    response: Any

    def __getattr__(self, name: str) -> Any:
        if name == "response":  # while a copy is being made
            raise AttributeError(name)
        return getattr(self.response, name)

    def __iter__(self) -> Any:
        return iter(self.response)

    def __len__(self) -> int:
        return len(self.response)

    def __getitem__(self, place: Any) -> Any:
        return self.response[place]

    @property
    def simple(self) -> str:
        """One line a row, its cells parted by commas."""
        return "\n".join(", ".join(row) for row in self.rows)

    def __str__(self) -> str:
        return table([self.heads, *self.rows])

    __repr__ = __str__


def value_text(value: Any) -> str:
    """A value to be read: objects as JSON, bytes that are no text in Python's way."""
    if isinstance(value, dict | list):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return encode(value).decode(errors="backslashreplace") if value is not None else ""


def kv_text(kv: KeyValue) -> str:
    """A key and its value, each on a line of its own."""
    return f"{kv.key}\n{value_text(kv.value)}"


def response_text(response: api.ResponseOp) -> str:
    """The answer to a request of the KV service."""
    if isinstance(response, api.RangeResponse):
        return "\n".join(kv_text(kv) for kv in response.kvs)
    if isinstance(response, api.PutResponse):
        return "OK" if response.prev_kv is None else f"OK\n{kv_text(response.prev_kv)}"
    if isinstance(response, api.DeleteRangeResponse):
        return "\n".join([str(response.deleted), *(kv_text(kv) for kv in response.prev_kvs)])
    head = "SUCCESS" if response.succeeded else "FAILURE"
    return "\n\n".join([head, *(response_text(inner) for inner in response.responses)])


def lease_text(id_: int) -> str:
    """A lease's id as etcdctl writes it."""
    return f"{id_ & (2**64 - 1):016x}"


def human_bytes(size_bytes: int) -> str:
    """A size as etcdctl prints it: `20 kB`, `1.2 MB`."""
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows, the first of them the heads, as etcdctl's `-w table` draws them."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    line = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    head, *body = rows
    drawn = ["|" + "|".join(f" {cell:>{width}} " for cell, width in zip(row, widths)) + "|" for row in body]
    heads = "|" + "|".join(f" {cell:^{width}} " for cell, width in zip(head, widths)) + "|"
    return "\n".join([line, heads, line, *drawn, line])
