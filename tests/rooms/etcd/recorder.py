"""Puts a trace to a real etcd and writes down what it answers, in the notation of `cp_sim.etcd.replay`."""

from __future__ import annotations

import contextlib
import queue
import threading
import time

import grpc

from cp_sim.etcd.wire.messages import enum, make
from cp_sim.etcd.wire.services import Client

PATIENCE_S = 5
# How long a watch that looks back is given to catch up before the next operation may compact what it wants to see.
CATCH_UP_S = 0.23
KEYWORDS = {"op", "compare", "success", "failure"}


def record(trace, address):
    """`trace` with the answers of the real, empty etcd at `address` (host:port)."""
    with grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)]) as channel:
        return Recorder(trace, Client(channel)).run()


class Watching:
    """A watch stream with one watch, read by a thread of its own."""

    def __init__(self, client, request):
        self.sent = queue.SimpleQueue()
        self.created = threading.Event()
        self.ended = threading.Event()
        self.more = threading.Condition()
        self.found = {"events": []}
        self.last_revision = 0
        self.sent.put(make("WatchRequest", create_request=message("WatchCreateRequest", request)))
        self.stream = client.Watch(iter(self.sent.get, None))
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        assert self.created.wait(PATIENCE_S), "the watch was not created"

    def _read(self):
        with contextlib.suppress(grpc.RpcError):
            for response in self.stream:
                with self.more:
                    self._take(response)
                    self.more.notify_all()

    def _take(self, response):
        if response.created:
            self.found["created_rev"] = response.header.revision
            if response.canceled:
                self.found["rejected"] = response.cancel_reason
            self.created.set()
        elif response.canceled:
            self.found["canceled"] = {
                "rev": response.header.revision,
                "compact_revision": response.compact_revision,
                "reason": response.cancel_reason,
            }
            self.ended.set()
        for event in response.events:
            told = {"type": ("PUT", "DELETE")[event.type], "kv": kv(event.kv)}
            if event.HasField("prev_kv"):
                told["prev_kv"] = kv(event.prev_kv)
            self.found["events"].append(told)
            self.last_revision = event.kv.mod_revision

    def wait_for(self, revision):
        """Wait until the watch has heard of `revision`."""
        with self.more:
            heard = self.more.wait_for(lambda: self.ended.is_set() or self.last_revision >= revision, PATIENCE_S)
            assert heard, "the watch hears no more"

    def cancel(self):
        """Cancel the watch; returns whether etcd acknowledges that."""
        again = "rejected" in self.found or self.ended.is_set()
        self.ended.clear()
        self.sent.put(make("WatchRequest", cancel_request=make("WatchCancelRequest", watch_id=0)))
        return self.ended.wait(CATCH_UP_S if again else PATIENCE_S)

    def close(self):
        """End the stream."""
        self.sent.put(None)
        self.stream.cancel()
        self.thread.join(PATIENCE_S)


class Recorder:
    """One trace on its way through a real etcd."""

    def __init__(self, trace, client):
        self.trace = trace
        self.client = client
        self.revision = 1
        self.asked = trace["watches"]
        self.watches = []
        self.entries = []

    def run(self):
        """The answered trace."""
        try:
            self._open_after(-1)
            ops = [self._op(op) for op in self.trace["ops"]]
            time.sleep(CATCH_UP_S)
            answer = self.client.Range(make("RangeRequest", key=b"\0", range_end=b"\0"))
            final = {"rev": answer.header.revision, "kvs": [kv(found) for found in answer.kvs]}
        finally:
            for watch in self.watches:
                watch.close()
        watches = [{**entry, **watch.found} for entry, watch in zip(self.entries, self.watches, strict=True)]
        return {**self.trace, "ops": ops, "watches": watches, "final": final}

    def _open_after(self, index):
        while len(self.watches) < len(self.asked) and self.asked[len(self.watches)]["opened_after"] == index:
            self._open(self.asked[len(self.watches)]["req"], index)

    def _open(self, request, index):
        self.entries.append({"opened_after": index, "req": request})
        self.watches.append(Watching(self.client, request))
        if request.get("start_revision", 0) and request["start_revision"] <= self.revision:
            time.sleep(CATCH_UP_S)
        return len(self.watches) - 1

    def _op(self, op):
        entry = {"i": op["i"], "op": op["op"], "req": op["req"]}
        before = self.revision
        try:
            entry["resp"] = self._answer(op["op"], op["req"], op["i"])
            self.revision = max(self.revision, entry["resp"].get("rev", 0))
        except grpc.RpcError as refused:
            entry["error"] = {"code": refused.code().name, "message": refused.details()}
        if self.revision > before:
            self.watches[0].wait_for(self.revision)
        self._open_after(op["i"])
        return entry

    def _answer(self, name, request, index):
        if name == "watch":
            return {"watch": self._open(request, index)}
        if name == "watch_cancel":
            acknowledged = self.watches[request["watch"]].cancel()
            if acknowledged:
                self.watches[request["watch"]].found["canceled_by_client_after"] = index
            return {"acknowledged": acknowledged}
        if name == "keepalive":
            return response(name, next(self.client.LeaseKeepAlive(iter([message("LeaseKeepAliveRequest", request)]))))
        method, kind = CALLS[name]
        return response(name, getattr(self.client, method)(message(kind, request), timeout=PATIENCE_S), request)


CALLS = {
    "put": ("Put", "PutRequest"),
    "range": ("Range", "RangeRequest"),
    "delete": ("DeleteRange", "DeleteRangeRequest"),
    "txn": ("Txn", "TxnRequest"),
    "compact": ("Compact", "CompactionRequest"),
    "grant": ("LeaseGrant", "LeaseGrantRequest"),
    "revoke": ("LeaseRevoke", "LeaseRevokeRequest"),
    "ttl": ("LeaseTimeToLive", "LeaseTimeToLiveRequest"),
    "leases": ("LeaseLeases", "LeaseLeasesRequest"),
}
ENUM_FIELDS = {
    "sort_order": "SortOrder",
    "sort_target": "SortTarget",
    "target": "CompareTarget",
    "result": "CompareResult",
}
OPERATIONS = {"put": "put", "range": "range", "delete": "delete_range", "txn": "txn"}


def message(kind, request):
    """A request of a trace as the wire's message."""
    fields = {}
    for name, value in request.items():
        if name in ENUM_FIELDS:
            fields[name] = enum(ENUM_FIELDS[name], value)
        elif name == "filters":
            fields[name] = [enum("FilterType", word) for word in value]
        elif name == "compare":
            fields[name] = [message("Compare", compare) for compare in value]
        elif name in ("success", "failure"):
            fields[name] = [operation(inner) for inner in value]
        elif name != "op":
            fields[name] = value.encode() if isinstance(value, str) else value
    return make(kind, **fields)


def operation(request):
    """One operation of a txn; one without a name is an empty one."""
    name = request.get("op")
    return make("RequestOp", **({f"request_{OPERATIONS[name]}": message(CALLS[name][1], request)} if name else {}))


def kv(found):
    """A key as traces note it."""
    return [
        found.key.decode(), found.create_revision, found.mod_revision, found.version, found.value.decode(), found.lease
    ]  # fmt: skip


def response(name, answer, request=None):
    """An answer as traces note it."""
    told = {"rev": answer.header.revision}
    if name == "put" and answer.HasField("prev_kv"):
        told["prev_kv"] = kv(answer.prev_kv)
    elif name == "range":
        told |= {"kvs": [kv(found) for found in answer.kvs], "count": answer.count}
        told |= {"more": True} if answer.more else {}
    elif name == "delete":
        told["deleted"] = answer.deleted
        told |= {"prev_kvs": [kv(found) for found in answer.prev_kvs]} if answer.prev_kvs else {}
    elif name == "txn":
        told |= {"succeeded": answer.succeeded, "responses": [inner_response(inner) for inner in answer.responses]}
    elif name in ("grant", "keepalive"):
        told |= {"ID": answer.ID, "TTL": answer.TTL}
    elif name == "leases":
        told["IDs"] = sorted(lease.ID for lease in answer.leases)
    elif name == "ttl":
        told |= {"ID": answer.ID, "alive": answer.TTL > 0, "granted_ttl": answer.grantedTTL}
        told["keys"] = sorted(key.decode() for key in answer.keys)
        told |= {"ttl": answer.TTL} if answer.TTL <= 0 else {}
    return told


def inner_response(inner):
    """The answer to an operation within a txn."""
    chosen = inner.WhichOneof("union")
    name = {f"response_{wire}": name for name, wire in OPERATIONS.items()}[chosen]
    return {"op": name, **response(name, getattr(inner, chosen))}
