"""The operations of `store.py` as requests of etcd's API, and etcd's answers as `StoreAnswer`s.

An optimistic write is a txn: on condition of the revision that was read, else the key as it is now.

*In Kubernetes:* `k8s.io/apiserver/pkg/storage/etcd3` and its `kubernetes` client (OptimisticPut, OptimisticDelete).
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.requests import encode
from cp_sim.etcd.store import Delete, Get, List, Put, StoreAnswer


def request_of(operation: Any) -> Any:
    """What etcd is asked for a Get, List, Put or Delete."""
    match operation:
        case Get(key, revision):
            return api.RangeRequest(key, revision=revision)
        case List(prefix, revision, limit, start):
            end = api.prefix_end(prefix)
            return api.RangeRequest(max(start, prefix) or "\0", end, limit, revision)
        case Put(key, value, expect, lease):
            put = api.PutRequest(key, value, lease)
            return _on_condition(key, expect, put, api.RangeRequest(key))
        case Delete(key, expect):
            if expect is None:
                there = api.Compare("VERSION", "GREATER", key, operand=0)
                return api.TxnRequest((there,), (api.DeleteRangeRequest(key, prev_kv=True),), (api.RangeRequest(key),))
            return _on_condition(key, expect, api.DeleteRangeRequest(key, prev_kv=True))
    raise TypeError(f"a real etcd does not understand {type(operation).__name__}")


def _on_condition(key: str, expect: int | None, *operations: api.RequestOp) -> api.TxnRequest:
    compare = () if expect is None else (api.Compare("MOD", "EQUAL", key, operand=expect),)
    return api.TxnRequest(compare, operations, (api.RangeRequest(key),))


def answer_of(operation: Any, response: Any, token: int, asked_again: bool) -> StoreAnswer:
    """What the API server is told.

    A write that was put again because its first answer was lost meets itself: the condition fails and the key has the
    very value that was to be written. Then it has succeeded.
    """
    revision = response.revision
    if isinstance(operation, Get):
        return StoreAnswer(token, revision, kv=response.kvs[0] if response.kvs else None)
    if isinstance(operation, List):
        return StoreAnswer(token, revision, kvs=response.kvs, more=response.more, count=response.count)
    last = response.responses[-1]
    if isinstance(last, api.DeleteRangeResponse):
        return StoreAnswer(token, revision, kv=last.prev_kvs[0])
    kv = last.kvs[0] if last.kvs else None
    succeeded = response.succeeded
    if not succeeded and asked_again and isinstance(operation, Put) and kv is not None:
        succeeded = encode(kv.value) == encode(operation.value)
    return StoreAnswer(token, revision, succeeded, kv=kv)
