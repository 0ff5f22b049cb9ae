"""The wire's messages as the records of `api.py`, and back; keys and values are translated in `values.py`.

A record goes out as the message that a client of etcd would send, and an object as its JSON.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.requests import encode
from cp_sim.etcd.store import KeyValue
from cp_sim.etcd.watch import WatchEvent
from cp_sim.etcd.wire.messages import Message, enum, enum_name, make
from cp_sim.etcd.wire.values import end_bytes, end_text, key_bytes, key_text, value_of

_OPERANDS = {
    "VERSION": "version",
    "CREATE": "create_revision",
    "MOD": "mod_revision",
    "VALUE": "value",
    "LEASE": "lease",
}


# -- keys -------------------------------------------------------------------------------------------------------------


def kv_message(kv: KeyValue) -> Message:
    """A key as it travels."""
    return make(
        "KeyValue",
        key=key_bytes(kv.key),
        value=encode(kv.value) if kv.value is not None else b"",
        create_revision=kv.create_revision,
        mod_revision=kv.mod_revision,
        version=kv.version,
        lease=kv.lease,
    )


def kv_record(message: Message, below: str = "") -> KeyValue:
    """A key as the store keeps it; `below` is a prefix that the store itself does not know of."""
    key = key_text(message.key).removeprefix(below)
    return KeyValue(
        key,
        value_of(message.value, key),
        message.create_revision,
        message.mod_revision,
        message.version,
        message.lease,
    )


# -- requests --------------------------------------------------------------------------------------------------------


def request_record(message: Message) -> api.RequestOp:
    """A Range, Put, DeleteRange or Txn request as a record."""
    return _RECORDS[type(message).DESCRIPTOR.name](message)


def _range_record(message: Message) -> api.RangeRequest:
    return api.RangeRequest(
        key_text(message.key),
        end_text(message.range_end),
        message.limit,
        message.revision,
        enum_name("SortOrder", message.sort_order),
        enum_name("SortTarget", message.sort_target),
        message.serializable,
        message.keys_only,
        message.count_only,
        message.min_mod_revision,
        message.max_mod_revision,
        message.min_create_revision,
        message.max_create_revision,
    )


def _put_record(message: Message) -> api.PutRequest:
    key = key_text(message.key)
    value = value_of(message.value, key)
    return api.PutRequest(key, value, message.lease, message.prev_kv, message.ignore_value, message.ignore_lease)


def _delete_record(message: Message) -> api.DeleteRangeRequest:
    return api.DeleteRangeRequest(key_text(message.key), end_text(message.range_end), message.prev_kv)


def _txn_record(message: Message) -> api.TxnRequest:
    return api.TxnRequest(
        tuple(_compare_record(compare) for compare in message.compare),
        tuple(_operation_record(operation) for operation in message.success),
        tuple(_operation_record(operation) for operation in message.failure),
    )


def _operation_record(message: Message) -> api.RequestOp | None:
    chosen = message.WhichOneof("union")
    return request_record(getattr(message, chosen)) if chosen else None


def _compare_record(message: Message) -> api.Compare:
    target = enum_name("CompareTarget", message.target)
    operand = getattr(message, _OPERANDS[target])
    return api.Compare(
        target,
        enum_name("CompareResult", message.result),
        key_text(message.key),
        end_text(message.range_end),
        value_of(operand) if target == "VALUE" else operand,
    )


_RECORDS: dict[str, Any] = {
    "RangeRequest": _range_record,
    "PutRequest": _put_record,
    "DeleteRangeRequest": _delete_record,
    "TxnRequest": _txn_record,
}


def request_message(record: api.RequestOp) -> Message:
    """A Range, Put, DeleteRange or Txn request as it travels."""
    key = key_bytes(record.key) if not isinstance(record, api.TxnRequest) else b""
    match record:
        case api.PutRequest():
            return make(
                "PutRequest",
                key=key,
                value=encode(record.value),
                lease=record.lease,
                prev_kv=record.prev_kv,
                ignore_value=record.ignore_value,
                ignore_lease=record.ignore_lease,
            )
        case api.DeleteRangeRequest():
            end = end_bytes(record.range_end)
            return make("DeleteRangeRequest", key=key, range_end=end, prev_kv=record.prev_kv)
        case api.RangeRequest():
            return _range_message(record)
        case api.TxnRequest():
            return make(
                "TxnRequest",
                compare=[_compare_message(compare) for compare in record.compare],
                success=[_operation_message(operation) for operation in record.success],
                failure=[_operation_message(operation) for operation in record.failure],
            )


def _range_message(record: api.RangeRequest) -> Message:
    return make(
        "RangeRequest",
        key=key_bytes(record.key),
        range_end=end_bytes(record.range_end),
        limit=record.limit,
        revision=record.revision,
        sort_order=enum("SortOrder", record.sort_order),
        sort_target=enum("SortTarget", record.sort_target),
        serializable=record.serializable,
        keys_only=record.keys_only,
        count_only=record.count_only,
        min_mod_revision=record.min_mod_revision,
        max_mod_revision=record.max_mod_revision,
        min_create_revision=record.min_create_revision,
        max_create_revision=record.max_create_revision,
    )


_REQUEST_FIELDS: dict[type, str] = {
    api.RangeRequest: "request_range",
    api.PutRequest: "request_put",
    api.DeleteRangeRequest: "request_delete_range",
    api.TxnRequest: "request_txn",
}


def _operation_message(operation: api.RequestOp | None) -> Message:
    if operation is None:
        return make("RequestOp")
    return make("RequestOp", **{_REQUEST_FIELDS[type(operation)]: request_message(operation)})


def _compare_message(compare: api.Compare) -> Message:
    operand = encode(compare.operand) if compare.target == "VALUE" else compare.operand
    return make(
        "Compare",
        result=enum("CompareResult", compare.result),
        target=enum("CompareTarget", compare.target),
        key=key_bytes(compare.key),
        range_end=end_bytes(compare.range_end),
        **{_OPERANDS[compare.target]: operand},
    )


# -- responses -------------------------------------------------------------------------------------------------------


def header(revision: int, cluster_id: int = 0, member_id: int = 0, raft_term: int = 0) -> Message:
    """The header of a response."""
    return make("ResponseHeader", revision=revision, cluster_id=cluster_id, member_id=member_id, raft_term=raft_term)


def response_message(record: api.ResponseOp, head: Message | None = None) -> Message:
    """The answer to a Range, Put, DeleteRange or Txn request as it travels; `head` (None: the revision alone) is its
    header.
    """
    head = header(record.revision) if head is None else head
    match record:
        case api.RangeResponse():
            kvs = [kv_message(kv) for kv in record.kvs]
            return make("RangeResponse", header=head, kvs=kvs, more=record.more, count=record.count)
        case api.PutResponse():
            prev_kv = kv_message(record.prev_kv) if record.prev_kv else None
            return make("PutResponse", header=head, prev_kv=prev_kv)
        case api.DeleteRangeResponse():
            prev_kvs = [kv_message(kv) for kv in record.prev_kvs]
            return make("DeleteRangeResponse", header=head, deleted=record.deleted, prev_kvs=prev_kvs)
        case api.TxnResponse():
            responses = [
                make("ResponseOp", **{_RESPONSE_FIELDS[type(inner)]: response_message(inner)})
                for inner in record.responses
            ]
            return make("TxnResponse", header=head, succeeded=record.succeeded, responses=responses)


_RESPONSE_FIELDS: dict[type, str] = {
    api.RangeResponse: "response_range",
    api.PutResponse: "response_put",
    api.DeleteRangeResponse: "response_delete_range",
    api.TxnResponse: "response_txn",
}


def response_record(message: Message, below: str = "") -> api.ResponseOp:
    """The answer to a Range, Put, DeleteRange or Txn request as a record; all keys lie `below` a prefix."""
    revision = message.header.revision
    match type(message).DESCRIPTOR.name:
        case "RangeResponse":
            kvs = tuple(kv_record(kv, below) for kv in message.kvs)
            return api.RangeResponse(revision, kvs, message.more, message.count)
        case "PutResponse":
            prev_kv = kv_record(message.prev_kv, below) if message.HasField("prev_kv") else None
            return api.PutResponse(revision, prev_kv)
        case "DeleteRangeResponse":
            prev_kvs = tuple(kv_record(kv, below) for kv in message.prev_kvs)
            return api.DeleteRangeResponse(revision, message.deleted, prev_kvs)
    inner = [getattr(response, response.WhichOneof("union")) for response in message.responses]
    return api.TxnResponse(revision, message.succeeded, tuple(response_record(one, below) for one in inner))


# -- watches ---------------------------------------------------------------------------------------------------------


def event_message(event: WatchEvent) -> Message:
    """An event of a watch as it travels."""
    return make(
        "Event",
        type=enum("EventType", event.type),
        kv=kv_message(event.kv),
        prev_kv=kv_message(event.prev_kv) if event.prev_kv is not None else None,
    )


def event_record(message: Message, below: str = "") -> WatchEvent:
    """An event of a watch as a record; its keys lie `below` a prefix."""
    prev_kv = kv_record(message.prev_kv, below) if message.HasField("prev_kv") else None
    return WatchEvent(enum_name("EventType", message.type), kv_record(message.kv, below), prev_kv)
