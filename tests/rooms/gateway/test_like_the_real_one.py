"""The same messages to a real etcd and to the gateway: both answer alike, message by message."""

import random
from contextlib import contextmanager

import grpc
import pytest

from cp_sim import Cluster
from cp_sim.etcd.wire.messages import Message, enum, make
from cp_sim.etcd.wire.services import Client
from tests.rooms.etcd.real_etcd import RealEtcd, needs_etcd, until

SEEDS = (1, 2)
STEPS = 150
KEYS = (b"a", b"b", b"ba", b"c")


@contextmanager
def ours():
    """A simulated store; the cluster's own keys all lie before the keys of these tests."""
    cluster = Cluster(workers=0, components=("etcd", "apiserver"))
    with cluster.serve_etcd(port=0) as server, grpc.insecure_channel(server.endpoint) as channel:
        yield Client(channel)


@contextmanager
def real(directory):
    with RealEtcd(directory) as etcd, grpc.insecure_channel(etcd.addresses[0]) as channel:
        yield Client(channel)


class Asker:
    """Asks one etcd, and writes its answers down with revisions counted from `zero`."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.zero = client.Range(make("RangeRequest", key=b"a")).header.revision

    def ask(self, method: str, message: Message) -> str:
        try:
            return self.text(getattr(self.client, method)(message))
        except grpc.RpcError as refused:
            return f"{refused.code().name} {refused.details()}"

    def text(self, message: Message) -> str:
        """A message without what differs from one store to the next: ids, terms, and where revisions begin."""
        copy = type(message)()
        copy.CopyFrom(message)
        self._normalize(copy)
        return str(copy)

    def _normalize(self, message: Message) -> None:
        for field, value in message.ListFields():
            if field.name in ("cluster_id", "member_id", "raft_term"):
                message.ClearField(field.name)
            elif field.name.endswith("revision"):
                setattr(message, field.name, value - self.zero)
            elif field.message_type is not None:
                for inner in [value] if not field.is_repeated else value:
                    self._normalize(inner)


def request(chance: random.Random, revision: int) -> tuple[str, Message]:
    """Something to ask; `revision` is about the present one."""
    key = chance.choice(KEYS)
    end = chance.choice((b"", b"", b"c", b"\0", b"b\0"))
    match chance.choice(("put", "put", "put", "range", "range", "delete", "txn", "compact", "lease", "revoke")):
        case "put":
            fields = {chance.choice(("prev_kv", "ignore_value", "ignore_lease")): True} if chance.random() < 0.4 else {}
            lease = chance.choice((0, 0, 0, 7, 8))
            return "Put", make("PutRequest", key=key, value=str(chance.random()).encode()[:4], lease=lease, **fields)
        case "range":
            return "Range", make(
                "RangeRequest",
                key=key,
                range_end=end,
                limit=chance.choice((0, 1, 2)),
                revision=chance.choice((0, 0, revision - 3, revision + 1)),
                sort_order=chance.choice((0, 1, 2)),
                count_only=chance.random() < 0.2,
                keys_only=chance.random() < 0.2,
            )
        case "delete":
            return "DeleteRange", make("DeleteRangeRequest", key=key, range_end=end, prev_kv=chance.random() < 0.5)
        case "compact":
            return "Compact", make("CompactionRequest", revision=revision - chance.randrange(6))
        case "lease":
            return "LeaseGrant", make("LeaseGrantRequest", TTL=100, ID=chance.choice((7, 8)))
        case "revoke":
            return "LeaseRevoke", make("LeaseRevokeRequest", ID=chance.choice((7, 8)))
    compare = make("Compare", target=enum("CompareTarget", "VERSION"), key=key, version=chance.randrange(3))
    then = make("RequestOp", request_put=make("PutRequest", key=key, value=b"then"))
    other = make("RequestOp", request_range=make("RangeRequest", key=key, range_end=end))
    inner = make("RequestOp", request_txn=make("TxnRequest", compare=[compare], success=[other], failure=[]))
    return "Txn", make("TxnRequest", compare=[compare], success=[then, other], failure=[other, inner])


def shifted(message: Message, by: int) -> Message:
    """The question for a store whose revisions begin `by` later."""
    if type(message).DESCRIPTOR.name in ("RangeRequest", "CompactionRequest") and message.revision > 0:
        copy = type(message)()
        copy.CopyFrom(message)
        copy.revision += by
        return copy
    return message


def compared(judge: Asker, pupil: Asker, seed: int) -> tuple[str, set[str]]:
    """The first step at which the two answer differently (empty if none), and what was refused."""
    chance = random.Random(seed)
    refusals = set()
    revision = judge.zero
    for step in range(STEPS):
        method, message = request(chance, revision)
        wanted = judge.ask(method, message)
        found = pupil.ask(method, shifted(message, pupil.zero - judge.zero))
        if found != wanted:
            return f"step {step}: {method} {message}\nreal: {wanted}\nours: {found}", refusals
        if "etcdserver" in wanted:
            refusals.add(wanted)
        revision = judge.client.Range(make("RangeRequest", key=b"a")).header.revision
    return "", refusals


@needs_etcd
@pytest.mark.parametrize("seed", SEEDS)
def test_the_gateway_answers_as_the_real_etcd_does(tmp_path, seed):
    with real(tmp_path) as theirs, ours() as mine:
        judge, pupil = Asker(theirs), Asker(mine)
        watched = [_watch(asker) for asker in (judge, pupil)]
        difference, refusals = compared(judge, pupil, seed)
        assert difference == "", f"seed {seed}, {difference}"
        assert len(refusals) >= 4, f"seed {seed}: hardly anything was refused: {refusals}"
        events = [_events(asker, call) for asker, call in zip((judge, pupil), watched)]
        assert events[1] == events[0], f"seed {seed}"
        assert len(events[0]) > 30, f"seed {seed}: hardly anything was watched"


class Forgetful(Asker):
    """Forgets that somebody wants to know what was there before."""

    def ask(self, method: str, message: Message) -> str:
        if method == "Put":
            message.prev_kv = False
        return super().ask(method, message)


@needs_etcd
def test_control_a_store_that_forgets_an_option_is_found_out(tmp_path):
    with real(tmp_path) as theirs, ours() as mine:
        difference, _ = compared(Asker(theirs), Forgetful(mine), SEEDS[0])
        assert ": Put " in difference


def _watch(asker: Asker):
    create = make("WatchCreateRequest", key=b"\0", range_end=b"\0", prev_kv=True)
    call = asker.client.Watch(iter([make("WatchRequest", create_request=create)]))
    assert next(call).created
    return call


def _events(asker: Asker, call) -> list[str]:
    """All events up to the last write, which is made here."""
    asker.client.Put(make("PutRequest", key=b"last"))
    events: list[str] = []

    def ended() -> bool:
        events.extend(asker.text(event) for event in next(call).events)
        return 'key: "last"' in events[-1]

    until(ended, "the watch was not told of the last write")
    call.cancel()
    return events
