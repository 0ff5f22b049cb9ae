"""etcd's messages on the wire: the bytes, and the way from the records of `api.py` to them and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_sim.etcd import api
from cp_sim.etcd.store import KeyValue
from cp_sim.etcd.watch import WatchEvent
from cp_sim.etcd.wire import convert, values
from cp_sim.etcd.wire.messages import CLASSES, enum, enum_name, make
from cp_sim.etcd.wire.services import METHODS

KEYS = st.text(min_size=1, max_size=6).filter(lambda text: all(not 0xD800 <= ord(sign) < 0xE000 for sign in text))
BYTES = st.binary(min_size=1, max_size=5)


def test_a_range_request_has_the_bytes_that_every_client_of_etcd_sends():
    # Tag (number * 8 + wire type), length, bytes: etcdctl get /a --prefix --limit 5 --order DESCEND.
    message = make("RangeRequest", key=b"/a", range_end=b"/b", limit=5, sort_order=enum("SortOrder", "DESCEND"))
    assert message.SerializeToString() == b"\x0a\x02/a\x12\x02/b\x18\x05\x28\x02"


def test_a_watch_response_has_its_events_in_field_eleven():
    kv = make("KeyValue", key=b"a", mod_revision=7)
    event = make("Event", type=enum("EventType", "DELETE"), kv=kv)
    message = make("WatchResponse", watch_id=1, events=[event])
    assert message.SerializeToString() == b"\x10\x01\x5a\x09\x08\x01\x12\x05\x0a\x01a\x18\x07"


def test_a_compare_has_one_operand_even_if_it_is_zero():
    message = make("Compare", target=enum("CompareTarget", "CREATE"), key=b"a", create_revision=0)
    assert message.WhichOneof("union") == "create_revision"
    assert message.SerializeToString() == b"\x10\x01\x1a\x01a\x28\x00"


def test_every_method_has_its_messages():
    assert {name for method in METHODS for name in (method.request, method.response)} <= set(CLASSES)
    assert METHODS[0].path == "/etcdserverpb.KV/Range"
    streaming = {method.name for method in METHODS if method.request_streams}
    assert streaming == {"Watch", "LeaseKeepAlive"}


def test_numbers_without_a_name_stay_numbers():
    assert enum_name("AlarmType", 1) == "NOSPACE"
    assert enum_name("AlarmType", 9) == "9"


NESTED = api.TxnRequest(
    (
        api.Compare("MOD", "EQUAL", "/registry/pods/a", operand=3),
        api.Compare("VALUE", "NOT_EQUAL", "k", "l", operand="v"),
    ),
    (api.PutRequest("k", {"x": 1}, 5), api.TxnRequest((), (api.DeleteRangeRequest("a", "b", True),)), None),
    (api.RangeRequest("k", "\0", 3, 9, "DESCEND", "MOD", True, True, False, 1, 2, 3, 4),),
)


def test_a_nested_transaction_comes_back_as_it_went():
    back = convert.request_record(convert.request_message(NESTED))
    assert back == api.TxnRequest(
        NESTED.compare, (api.PutRequest("k", '{"x":1}', 5), *NESTED.success[1:]), NESTED.failure
    )


def test_responses_come_back_as_they_went():
    kv = KeyValue("k", "v", 2, 5, 3, 7)
    record = api.TxnResponse(
        9,
        True,
        (
            api.RangeResponse(8, (kv,), True, 4),
            api.PutResponse(9, kv),
            api.PutResponse(9),
            api.DeleteRangeResponse(9, 1, (kv,)),
            api.TxnResponse(0, False, ()),
        ),
    )
    assert convert.response_record(convert.response_message(record)) == record


def test_events_come_back_as_they_went():
    kv = KeyValue("k", "v", 2, 5, 3, 7)
    for event in (WatchEvent("PUT", kv), WatchEvent("DELETE", KeyValue("k", "", 0, 6, 0), kv)):
        assert convert.event_record(convert.event_message(event)) == event


@pytest.mark.parametrize(
    ("key", "data", "value"),
    [
        ("/registry/pods/a", b'{"kind":"Pod"}', {"kind": "Pod"}),
        ("/registry/pods/a", b'{"kind":', '{"kind":'),
        ("/registry/pods/a", b"[1]", "[1]"),
        ("elsewhere", b'{"kind":"Pod"}', '{"kind":"Pod"}'),
        ("elsewhere", b"\xff\x00", b"\xff\x00"),
        ("elsewhere", "ä".encode(), "ä"),
    ],
)
def test_a_value_is_an_object_only_where_the_api_server_looks(key, data, value):
    assert values.value_of(data, key) == value


@given(BYTES)
def test_every_key_comes_back_as_it_went(key):
    assert values.key_bytes(values.key_text(key)) == key


def lies_before(key: str, end: bytes) -> bool:
    """Whether a key lies before the end of a range, by the end's text; "to the last key" comes from bytes alone that
    no text reaches.
    """
    text = values.end_text(end)
    return key < text or (text == api.FROM_KEY and end != b"\0")


@given(KEYS, BYTES)
def test_the_same_keys_lie_before_the_end_of_a_range_as_text_and_as_bytes(key, end):
    assert lies_before(key, end) == (key.encode() < end)


def test_control_plain_decoding_would_take_in_keys_behind_the_end():
    end = b"\xc3\xc0"  # one more than the last byte of "\u00ff"
    assert "\u0100".encode() > end
    assert not lies_before("\u0100", end)
    assert end.decode(errors="surrogateescape") > "\u0100"
