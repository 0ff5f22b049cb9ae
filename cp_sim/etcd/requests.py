"""What etcd's KV requests do to the state machine: the checks, their order, and the answers.

*In Kubernetes:* etcd's request checks (`server/etcdserver/api/v3rpc/key.go`) and its applier
(`server/etcdserver/apply`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.api import (
    Compare,
    DeleteRangeRequest,
    DeleteRangeResponse,
    PutRequest,
    PutResponse,
    RangeRequest,
    RangeResponse,
    RequestOp,
    ResponseOp,
    TxnRequest,
    TxnResponse,
)
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.store import KeyValue

OPERATION_LIMIT = 128
Check = Callable[[Mvcc, "RequestOp | None"], None]
_NOTHING = KeyValue("", "", 0, 0, 0, 0)


def encode(value: Any) -> bytes:
    """The bytes that etcd would hold for a value: text as UTF-8, other JSON values in their shortest notation."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value.encode(errors="surrogatepass")


def answer(mvcc: Mvcc, request: RequestOp) -> ResponseOp:
    """Carry out one request.

    Raises:
        EtcdError: it was refused; nothing has changed.
    """
    if isinstance(request, RangeRequest):
        _check_range(request)
        return _range(mvcc, request)
    if isinstance(request, PutRequest):
        return _single_put(mvcc, request)
    if isinstance(request, DeleteRangeRequest):
        _check_delete(request)
        deleted = _delete(mvcc, request)
        mvcc.commit()
        return deleted
    return _whole_txn(mvcc, request)


# -- the shape of a request --------------------------------------------------------------------------------------


def _check_range(request: RangeRequest) -> None:
    if not request.key:
        raise api.empty_key()


def _check_put(request: PutRequest) -> None:
    if not request.key:
        raise api.empty_key()
    if request.ignore_value and request.value != "":
        raise api.value_provided()
    if request.ignore_lease and request.lease:
        raise api.lease_provided()


def _check_delete(request: DeleteRangeRequest) -> None:
    if not request.key:
        raise api.empty_key()


def _check_txn(request: TxnRequest, budget: int) -> None:
    count = max(len(request.compare), len(request.success), len(request.failure))
    if count > budget:
        raise api.too_many_operations()
    if any(not compare.key for compare in request.compare):
        raise api.empty_key()
    for operation in (*request.success, *request.failure):
        if isinstance(operation, RangeRequest):
            _check_range(operation)
        elif isinstance(operation, PutRequest):
            _check_put(operation)
        elif isinstance(operation, DeleteRangeRequest):
            _check_delete(operation)
        elif isinstance(operation, TxnRequest):
            _check_txn(operation, budget - count)
        else:
            raise api.key_not_found()


Span = tuple[str, str]


def _span(request: DeleteRangeRequest) -> Span:
    # etcd reads range_end as plain text here, so that the span of a delete with range_end "\0" is empty.
    return request.key, request.range_end or request.key + "\0"


def _covered(key: str, spans: list[Span]) -> bool:
    return any(first <= key < end for first, end in spans)


def _written_keys(operations: tuple[RequestOp | None, ...]) -> tuple[dict[str, None], list[Span]]:
    """The keys that a list of operations puts and the spans it deletes.

    Raises:
        EtcdError: a key would be written twice.  Then and else of one nested txn exclude each other; a nested delete is
            seen by the puts that stand further out and by later nested txns, not by earlier ones, as in etcd.
    """
    deleted = [_span(operation) for operation in operations if isinstance(operation, DeleteRangeRequest)]
    put: dict[str, None] = {}
    for operation in operations:
        if not isinstance(operation, TxnRequest):
            continue
        put_then, deleted_then = _written_keys(operation.success)
        put_else, deleted_else = _written_keys(operation.failure)
        for key in put_then:
            if key in put or _covered(key, deleted):
                raise api.duplicate_key()
        for key in put_else:
            if (key in put and key not in put_then) or _covered(key, deleted):
                raise api.duplicate_key()
        put |= put_then | put_else
        deleted += deleted_then + deleted_else
    for operation in operations:
        if isinstance(operation, PutRequest):
            if operation.key in put or _covered(operation.key, deleted):
                raise api.duplicate_key()
            put[operation.key] = None
    return put, deleted


# -- reading -----------------------------------------------------------------------------------------------------

_SORT_KEYS: dict[str, Callable[[KeyValue], Any]] = {
    "KEY": lambda kv: kv.key,
    "VERSION": lambda kv: kv.version,
    "CREATE": lambda kv: kv.create_revision,
    "MOD": lambda kv: kv.mod_revision,
    "VALUE": lambda kv: encode(kv.value),
}


def _range(mvcc: Mvcc, request: RangeRequest) -> RangeResponse:
    filtered = bool(
        request.min_mod_revision
        or request.max_mod_revision
        or request.min_create_revision
        or request.max_create_revision
    )
    whole = filtered or request.sort_order != "NONE"
    limit = request.limit + 1 if request.limit > 0 and not whole else 0
    if request.count_only:
        limit = 1
    revision = mvcc.read_revision
    kvs, count = mvcc.scan(request.key, request.range_end, request.revision, limit)
    if request.count_only:
        return RangeResponse(revision, count=count)
    if filtered:
        kvs = [kv for kv in kvs if _passes(kv, request)]
    if request.sort_order != "NONE" or request.sort_target != "KEY":
        # Stable, so that equal elements keep the order of their keys; etcd itself promises no order for them.
        kvs = sorted(kvs, key=_SORT_KEYS[request.sort_target], reverse=request.sort_order == "DESCEND")
    more = 0 < request.limit < len(kvs)
    if more:
        kvs = kvs[: request.limit]
    if request.keys_only:
        kvs = [KeyValue(kv.key, "", kv.create_revision, kv.mod_revision, kv.version, kv.lease) for kv in kvs]
    return RangeResponse(revision, tuple(kvs), more, count)


def _passes(kv: KeyValue, request: RangeRequest) -> bool:
    return not (
        (request.max_mod_revision and kv.mod_revision > request.max_mod_revision)
        or (request.min_mod_revision and kv.mod_revision < request.min_mod_revision)
        or (request.max_create_revision and kv.create_revision > request.max_create_revision)
        or (request.min_create_revision and kv.create_revision < request.min_create_revision)
    )


# -- writing -----------------------------------------------------------------------------------------------------


def _single_put(mvcc: Mvcc, request: PutRequest) -> PutResponse:
    _check_put(request)
    if request.lease:
        mvcc.lessor.require(request.lease)
    if (request.ignore_value or request.ignore_lease) and mvcc.get(request.key) is None:
        raise api.key_not_found()
    done = _put(mvcc, request)
    mvcc.commit()
    return done


def _put(mvcc: Mvcc, request: PutRequest) -> PutResponse:
    value, lease = request.value, request.lease
    old = mvcc.get(request.key) if request.ignore_value or request.ignore_lease or request.prev_kv else None
    if old is not None and request.ignore_value:
        value = old.value
    if old is not None and request.ignore_lease:
        lease = old.lease
    mvcc.stage_put(request.key, value, lease)
    return PutResponse(mvcc.read_revision, old if request.prev_kv else None)


def _delete(mvcc: Mvcc, request: DeleteRangeRequest) -> DeleteRangeResponse:
    olds, _ = mvcc.scan(request.key, request.range_end)
    for old in olds:
        mvcc.stage_delete(old)
    return DeleteRangeResponse(mvcc.read_revision, len(olds), tuple(olds) if request.prev_kv else ())


# -- transactions ------------------------------------------------------------------------------------------------


def _whole_txn(mvcc: Mvcc, request: TxnRequest) -> TxnResponse:
    _check_txn(request, OPERATION_LIMIT)
    _written_keys(request.success)
    _written_keys(request.failure)
    path: list[bool] = []
    _choose(mvcc, request, path)
    _check_taken(mvcc, request, iter(path), _check_taken_put)
    _check_taken(mvcc, request, iter(path), _check_taken_range)
    succeeded, responses = _carry_out(mvcc, request, iter(path))
    return TxnResponse(mvcc.commit(), succeeded, responses)


def _choose(mvcc: Mvcc, request: TxnRequest, path: list[bool]) -> None:
    # Every condition is looked at before the first operation: path has the outcomes in the order of the txns taken.
    succeeded = all(_holds(mvcc, compare) for compare in request.compare)
    path.append(succeeded)
    for operation in request.success if succeeded else request.failure:
        if isinstance(operation, TxnRequest):
            _choose(mvcc, operation, path)


def _holds(mvcc: Mvcc, compare: Compare) -> bool:
    kvs, _ = mvcc.scan(compare.key, compare.range_end)
    if not kvs:
        # A value that is not there compares with nothing, not even as unequal; anything else counts as 0.
        return compare.target != "VALUE" and _stands(_NOTHING, compare)
    return all(_stands(kv, compare) for kv in kvs)


_OPERANDS: dict[str, Callable[[KeyValue], Any]] = {
    "VERSION": lambda kv: kv.version,
    "CREATE": lambda kv: kv.create_revision,
    "MOD": lambda kv: kv.mod_revision,
    "VALUE": lambda kv: encode(kv.value),
    "LEASE": lambda kv: kv.lease,
}


def _stands(kv: KeyValue, compare: Compare) -> bool:
    left = _OPERANDS[compare.target](kv)
    right = encode(compare.operand) if compare.target == "VALUE" else compare.operand
    if compare.result == "EQUAL":
        return bool(left == right)
    if compare.result == "NOT_EQUAL":
        return bool(left != right)
    return bool(left > right) if compare.result == "GREATER" else bool(left < right)


def _check_taken(mvcc: Mvcc, request: TxnRequest, path: Iterator[bool], check: Check) -> None:
    for operation in request.success if next(path) else request.failure:
        if isinstance(operation, TxnRequest):
            _check_taken(mvcc, operation, path, check)
        else:
            check(mvcc, operation)


def _check_taken_put(mvcc: Mvcc, operation: RequestOp | None) -> None:
    if isinstance(operation, PutRequest):
        if (operation.ignore_value or operation.ignore_lease) and mvcc.get(operation.key) is None:
            raise api.key_not_found()
        if operation.lease:
            mvcc.lessor.require(operation.lease)


def _check_taken_range(mvcc: Mvcc, operation: RequestOp | None) -> None:
    # Unlike a range of its own, one within a txn takes a negative revision at its word.
    if isinstance(operation, RangeRequest) and operation.revision:
        if operation.revision > mvcc.revision:
            raise api.future_revision()
        if operation.revision < mvcc.compact_revision:
            raise api.compacted()


def _carry_out(mvcc: Mvcc, request: TxnRequest, path: Iterator[bool]) -> tuple[bool, tuple[ResponseOp, ...]]:
    responses: list[ResponseOp] = []
    succeeded = next(path)
    for operation in request.success if succeeded else request.failure:
        if isinstance(operation, RangeRequest):
            responses.append(_range(mvcc, operation))
        elif isinstance(operation, PutRequest):
            responses.append(_put(mvcc, operation))
        elif isinstance(operation, DeleteRangeRequest):
            responses.append(_delete(mvcc, operation))
        elif isinstance(operation, TxnRequest):
            responses.append(TxnResponse(0, *_carry_out(mvcc, operation, path)))
    return succeeded, tuple(responses)
