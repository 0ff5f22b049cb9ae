"""How many bytes a request of etcd's API has on the wire, and which are too many.

What goes through the log may have 1.5 MiB, whatever comes in over gRPC 2 MiB.

Source: etcd `server/embed/config.go` (DefaultMaxRequestBytes), `server/etcdserver/api/v3rpc/grpc.go`
(grpcOverheadBytes); protobuf's encoding: a tag, a length, the bytes.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.api import Compare, DeleteRangeRequest, EtcdError, PutRequest, RangeRequest, RequestOp, TxnRequest
from cp_sim.etcd.quota import value_bytes

REQUEST_LIMIT_BYTES = 3 * 512 * 1024
MESSAGE_LIMIT_BYTES = REQUEST_LIMIT_BYTES + 512 * 1024
# What an entry of the log has around the request: its own number, a tag and a length.
ENTRY_BYTES = 18


def refuse_too_large(request: RequestOp) -> None:
    """Say so if the request is too large.

    Raises:
        EtcdError: it is.
    """
    size_bytes = message_bytes(request)
    if size_bytes > MESSAGE_LIMIT_BYTES:
        text = f"grpc: received message larger than max ({size_bytes} vs. {MESSAGE_LIMIT_BYTES})"
        raise EtcdError("RESOURCE_EXHAUSTED", text)


def refuse_too_large_entry(request: RequestOp) -> None:
    """Say so if the request is too large for the log, where every write goes.

    Raises:
        EtcdError: it is.
    """
    if message_bytes(request) + ENTRY_BYTES > REQUEST_LIMIT_BYTES:
        raise api.request_too_large()


def message_bytes(request: RequestOp | None) -> int:
    """The size of a request as a protobuf message; of a value that is an object about that of its JSON."""
    if isinstance(request, PutRequest):
        flags = request.prev_kv + request.ignore_value + request.ignore_lease
        value = _length_delimited(_text_bytes(request.value))
        return _text(request.key) + value + _number(request.lease) + 2 * flags
    if isinstance(request, DeleteRangeRequest):
        return _text(request.key) + _text(request.range_end) + 2 * request.prev_kv
    if isinstance(request, RangeRequest):
        return _range_bytes(request)
    if isinstance(request, TxnRequest):
        compares = sum(_embedded(_compare_bytes(compare)) for compare in request.compare)
        branches = (*request.success, *request.failure)
        return compares + sum(_embedded(_embedded(message_bytes(one)) if one else 0) for one in branches)
    return 0


def _range_bytes(request: RangeRequest) -> int:
    flags = request.serializable + request.keys_only + request.count_only
    flags += (request.sort_order != "NONE") + (request.sort_target != "KEY")
    modified = (request.min_mod_revision, request.max_mod_revision)
    created = (request.min_create_revision, request.max_create_revision)
    numbers = sum(map(_number, (request.limit, request.revision, *modified, *created)))
    return _text(request.key) + _text(request.range_end) + numbers + 2 * flags


def _compare_bytes(compare: Compare) -> int:
    operand = compare.operand
    size = _embedded(value_bytes(operand)) if compare.target == "VALUE" else 1 + _varint_bytes(operand)
    enums = 2 * (compare.result != "EQUAL") + 2 * (compare.target != "VERSION")
    return enums + _text(compare.key) + size + (1 + _text(compare.range_end) if compare.range_end else 0)


def _text_bytes(value: Any) -> int:
    return len(value.encode(errors="surrogatepass")) if isinstance(value, str) else value_bytes(value)


def _text(text: str) -> int:
    return _length_delimited(_text_bytes(text))


def _length_delimited(size: int) -> int:
    return _embedded(size) if size else 0


def _embedded(size: int) -> int:
    return 1 + _varint_bytes(size) + size


def _number(number: int) -> int:
    return 1 + _varint_bytes(number) if number else 0


def _varint_bytes(number: int) -> int:
    return 10 if number < 0 else max(1, -(-number.bit_length() // 7))
