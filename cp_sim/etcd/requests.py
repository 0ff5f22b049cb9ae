"""What etcd's KV requests do to the state machine, and the answers; their shape is checked in `request_checks.py`.

*In Kubernetes:* etcd's applier (`server/etcdserver/apply`).
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
from cp_sim.etcd.request_checks import check_shape
from cp_sim.etcd.store import KeyValue

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
    check_shape(request)
    if isinstance(request, RangeRequest):
        return _range(mvcc, request)
    if isinstance(request, PutRequest):
        return _single_put(mvcc, request)
    if isinstance(request, DeleteRangeRequest):
        deleted = _delete(mvcc, request)
        mvcc.commit()
        return deleted
    return _whole_txn(mvcc, request)


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
