"""What etcd looks at before it takes a request: its size and its shape, whatever the store holds.

*In Kubernetes:* etcd's request checks (`server/etcdserver/api/v3rpc/key.go`).
"""

from __future__ import annotations

from cp_sim.etcd import api
from cp_sim.etcd.api import DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest
from cp_sim.etcd.request_size import refuse_too_large, refuse_too_large_entry

OPERATION_LIMIT = 128
Span = tuple[str, str]


def check(request: RequestOp, through_log: bool) -> None:
    """Everything that is checked at the door of a member; `through_log` says whether the request is a write.

    Raises:
        EtcdError: it is refused.
    """
    refuse_too_large(request)
    check_shape(request)
    if through_log:
        refuse_too_large_entry(request)


def check_shape(request: RequestOp) -> None:
    """Keys, options that exclude each other, the number of operations, keys that would be written twice.

    Raises:
        EtcdError: it is refused.
    """
    if isinstance(request, PutRequest):
        _check_put(request)
    elif isinstance(request, TxnRequest):
        _check_txn(request, OPERATION_LIMIT)
        _written_keys(request.success)
        _written_keys(request.failure)
    elif not request.key:
        raise api.empty_key()


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
