"""Recorded etcd operations put to the embedded store, answered in the notation of the recording.

One line of JSON is one trace: operations in order and the watches that were open meanwhile. `replay` ignores
whatever answers the trace brings along and returns it with those of the store, so that the two can be compared word
for word.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cp_sim.etcd import api, requests
from cp_sim.etcd.applier import is_read
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.request_checks import check
from cp_sim.etcd.store import KeyValue
from cp_sim.etcd.watch import Watches, event

Json = dict[str, Any]

_COMPARE_OPERANDS = {
    "VERSION": "version",
    "CREATE": "create_revision",
    "MOD": "mod_revision",
    "VALUE": "value",
    "LEASE": "lease",
}


def replay_lines(lines: Iterable[str]) -> Iterator[str]:
    """The answered traces of a file of traces, line by line.

    Raises:
        ValueError: a line is no trace; the message names the line.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            trace = json.loads(line)
        except json.JSONDecodeError as problem:
            raise ValueError(f"line {number} is not JSON: {problem}") from None
        if not isinstance(trace, dict) or not isinstance(trace.get("ops"), list):
            raise ValueError(f'line {number} is no trace: it has no list "ops"')
        try:
            answered = replay(trace)
        except (KeyError, TypeError, IndexError) as problem:
            raise ValueError(f"line {number} is no trace: {type(problem).__name__} {problem}") from None
        yield json.dumps(answered, ensure_ascii=False, separators=(",", ":"))


def replay(trace: Json) -> Json:
    """`trace` with the answers of a fresh embedded store: `ops[].resp` or `.error`, `watches[]` and `final`."""
    return _Replay(trace).run()


class _Replay:
    def __init__(self, trace: Json) -> None:
        self.trace = trace
        self.mvcc = Mvcc()
        self.watches = Watches()
        self.asked = trace.get("watches") or []
        self.opened: list[Json] = []

    def run(self) -> Json:
        answered = []
        self._open_after(-1)
        for place, operation in enumerate(self.trace["ops"]):
            index = operation.get("i", place)
            entry = {"i": index, "op": operation["op"], "req": operation.get("req") or {}}
            try:
                entry["resp"] = self._answer(entry["op"], entry["req"], index)
            except api.EtcdError as refused:
                entry["error"] = {"code": refused.code, "message": refused.text}
            answered.append(entry)
            self._deliver()
            self._open_after(index)
        final = {
            "rev": self.mvcc.revision,
            "compact_revision": max(0, self.mvcc.compact_revision),
            "kvs": [_kv(kv) for kv in self.mvcc.range_at("")],
        }
        kept = {
            name: value for name, value in self.trace.items() if name not in ("ops", "watches", "final", "anomalies")
        }
        return {**kept, "ops": answered, "watches": self.opened, "final": final}

    # -- watches --------------------------------------------------------------------------------------------------

    def _open_after(self, index: int) -> None:
        # Watches that no operation opens: the one over everything before the first, those to look back at the end.
        while len(self.opened) < len(self.asked) and self.asked[len(self.opened)].get("opened_after", -1) == index:
            self._open(self.asked[len(self.opened)].get("req") or {}, index)

    def _open(self, request: Json, index: int) -> int:
        number = len(self.opened)
        watch: Json = {"opened_after": index, "req": request, "created_rev": self.mvcc.revision, "events": []}
        self.opened.append(watch)
        rejected = self.watches.create(
            self.mvcc,
            number,
            request.get("key", ""),
            request.get("range_end", ""),
            request.get("start_revision", 0),
            bool(request.get("prev_kv")),
            tuple(request.get("filters") or ()),
        )
        if rejected:
            watch["rejected"] = rejected
        self._deliver()
        return number

    def _deliver(self) -> None:
        for delivery in self.watches.poll(self.mvcc):
            watch = self.opened[delivery.id]
            if delivery.cancelled:
                watch["canceled"] = {"rev": 0, "compact_revision": delivery.compact_revision, "reason": ""}
            for change in delivery.changes:
                told = event(change, bool(watch["req"].get("prev_kv")), self.mvcc.compact_revision)
                item = {"type": told.type, "kv": _kv(told.kv)}
                if told.prev_kv is not None:
                    item["prev_kv"] = _kv(told.prev_kv)
                watch["events"].append(item)

    def _cancel(self, number: int, index: int) -> Json:
        acknowledged = self.watches.cancel(number)
        if acknowledged:
            watch = self.opened[number]
            watch["canceled"] = {"rev": self.mvcc.revision, "compact_revision": 0, "reason": ""}
            watch["canceled_by_client_after"] = index
        return {"acknowledged": acknowledged}

    # -- operations -----------------------------------------------------------------------------------------------

    def _answer(self, name: str, request: Json, index: int) -> Json:
        mvcc = self.mvcc
        if name in ("range", "put", "delete", "txn"):
            asked = _operation(name, request)
            check(asked, through_log=not is_read(asked))
            return _response(requests.answer(mvcc, asked))
        if name == "watch":
            return {"watch": self._open(request, index)}
        if name == "watch_cancel":
            return self._cancel(request["watch"], index)
        if name == "compact":
            mvcc.compact(request.get("revision", 0))
            mvcc.scrub()
            return {"rev": mvcc.revision}
        return self._answer_lease(name, request)

    def _answer_lease(self, name: str, request: Json) -> Json:
        mvcc, lessor = self.mvcc, self.mvcc.lessor
        id_ = request.get("ID", 0)
        if name == "grant":
            granted = lessor.grant(request.get("TTL", 0), id_)
            return {"rev": mvcc.revision, "ID": granted.id, "TTL": granted.ttl_s}
        if name == "revoke":
            return {"rev": mvcc.revoke(id_)}
        if name == "leases":
            return {"rev": mvcc.revision, "IDs": sorted(lessor.leases)}
        lease = lessor.leases.get(id_)
        if name == "keepalive":
            return {"rev": mvcc.revision, "ID": id_, "TTL": lease.ttl_s if lease else 0}
        if name != "ttl":
            raise TypeError(f'there is no operation "{name}"')
        if lease is None:
            return {"rev": mvcc.revision, "ID": id_, "alive": False, "granted_ttl": 0, "keys": [], "ttl": -1}
        keys = sorted(lease.keys) if request.get("keys") else []
        return {"rev": mvcc.revision, "ID": id_, "alive": True, "granted_ttl": lease.ttl_s, "keys": keys}


def _operation(name: str, request: Json) -> Any:
    fields = {field: value for field, value in request.items() if field != "op"}
    if name == "range":
        return api.RangeRequest(**{"key": "", **fields})
    if name == "put":
        return api.PutRequest(**{"key": "", **fields})
    if name == "delete":
        return api.DeleteRangeRequest(**{"key": "", **fields})
    if name != "txn":
        return None
    return api.TxnRequest(
        tuple(_compare(compare) for compare in request.get("compare") or ()),
        tuple(_operation(operation.get("op", ""), operation) for operation in request.get("success") or ()),
        tuple(_operation(operation.get("op", ""), operation) for operation in request.get("failure") or ()),
    )


def _compare(compare: Json) -> api.Compare:
    target = compare.get("target", "VERSION")
    # An operand of another kind than the target counts as none at all, as in etcd.
    operand = compare.get(_COMPARE_OPERANDS[target], "" if target == "VALUE" else 0)
    return api.Compare(
        target, compare.get("result", "EQUAL"), compare.get("key", ""), compare.get("range_end", ""), operand
    )


def _kv(kv: KeyValue) -> list[Any]:
    return [kv.key, kv.create_revision, kv.mod_revision, kv.version, kv.value, kv.lease]


def _response(response: api.ResponseOp) -> Json:
    if isinstance(response, api.RangeResponse):
        more = {"more": True} if response.more else {}
        return {"rev": response.revision, "kvs": [_kv(kv) for kv in response.kvs], "count": response.count, **more}
    if isinstance(response, api.PutResponse):
        return {"rev": response.revision, **({"prev_kv": _kv(response.prev_kv)} if response.prev_kv else {})}
    if isinstance(response, api.DeleteRangeResponse):
        prev_kvs = {"prev_kvs": [_kv(kv) for kv in response.prev_kvs]} if response.prev_kvs else {}
        return {"rev": response.revision, "deleted": response.deleted, **prev_kvs}
    named = [{"op": _NAMES[type(inner)], **_response(inner)} for inner in response.responses]
    return {"rev": response.revision, "succeeded": response.succeeded, "responses": named}


_NAMES: dict[type, str] = {
    api.RangeResponse: "range",
    api.PutResponse: "put",
    api.DeleteRangeResponse: "delete",
    api.TxnResponse: "txn",
}
