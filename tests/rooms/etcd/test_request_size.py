"""How large a request is on the wire, and how large it may be: measured against a real etcd 3.4.23."""

import pytest

from cp_sim.etcd.api import (
    FROM_KEY,
    Compare,
    DeleteRangeRequest,
    EtcdError,
    PutRequest,
    RangeRequest,
    TxnRequest,
)
from cp_sim.etcd.replay import replay
from cp_sim.etcd.request_checks import check
from cp_sim.etcd.request_size import message_bytes

REQUESTS = [
    PutRequest("a", "é" * 100, lease=-1, prev_kv=True),
    PutRequest("a", lease=2**40, ignore_value=True),
    DeleteRangeRequest("a", FROM_KEY, prev_kv=True),
    RangeRequest("a", "b", 5, 2**33, "DESCEND", "VALUE", True, True, True, 1, -1, 200, 0),
    RangeRequest("\U0001f600"),
    TxnRequest(
        (Compare("VALUE", "NOT_EQUAL", "a", operand="x" * 200), Compare("MOD", "LESS", "a", "b", 0)),
        (PutRequest("a", "1"), RangeRequest("b"), TxnRequest(failure=(DeleteRangeRequest("c"), None))),
        (None,),
    ),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_a_request_is_as_large_as_its_message(request_):
    pytest.importorskip("google.protobuf", reason="the messages come with the extra cp-sim[etcd]")
    from cp_sim.etcd.wire.convert import request_message

    assert message_bytes(request_) == request_message(request_).ByteSize()


@pytest.mark.parametrize(
    ("largest", "wrap"),
    [(1_572_839, lambda put: put), (1_572_831, lambda put: TxnRequest(success=(put,)))],
)
def test_a_write_may_have_a_mebibyte_and_a_half(largest, wrap):
    check(wrap(PutRequest("a", "x" * largest)), through_log=True)
    with pytest.raises(EtcdError, match="^etcdserver: request is too large$") as refused:
        check(wrap(PutRequest("a", "x" * (largest + 1))), through_log=True)
    assert refused.value.code == "INVALID_ARGUMENT"


def test_nothing_larger_comes_in_at_all():
    with pytest.raises(EtcdError, match=r"^grpc: received message larger than max \(2097160 vs. 2097152\)$") as refused:
        check(PutRequest("a", "x" * 2 * 1024**2), through_log=True)
    assert refused.value.code == "RESOURCE_EXHAUSTED"


def test_a_trace_is_refused_what_is_too_large():
    ops = [{"op": "put", "req": {"key": "a", "value": "x" * size}} for size in (1_572_839, 1_572_840)]
    answered = replay({"ops": ops})["ops"]
    assert answered[0]["resp"] == {"rev": 2}
    assert answered[1]["error"] == {"code": "INVALID_ARGUMENT", "message": "etcdserver: request is too large"}
