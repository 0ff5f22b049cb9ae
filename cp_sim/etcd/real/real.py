"""The actor that stands where the embedded store stands, and answers from a real etcd.

A request is a question over the network and its answer; the world waits meanwhile, no virtual time passes. Changes,
also those of other processes, come in when the world is driven (`poll`). Before a request is answered, the watch has
told everything up to the answer's revision: whoever has read or written something knows what happened before it.

*Simplified:* leases run in real time; nobody keeps them alive.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.applier import Applier
from cp_sim.etcd.disk import Disk
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.lease_api import LeaseGrantRequest, LeaseRevokeRequest
from cp_sim.etcd.maintenance import CompactionRequest, HashKVRequest
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.real.asking import ask
from cp_sim.etcd.real.below import Below
from cp_sim.etcd.real.connection import Connection, StoreAway
from cp_sim.etcd.real.operations import answer_of, request_of
from cp_sim.etcd.real.options import StoreOptions, parse
from cp_sim.etcd.real.watcher import Told, Watcher, range_of
from cp_sim.etcd.store import (
    CancelWatch,
    Compact,
    Delete,
    Get,
    Grant,
    KeyChange,
    KeyValue,
    List,
    Put,
    Revoke,
    StoreAnswer,
    StoreRequest,
    WatchChanges,
    WatchProgress,
    WatchRequest,
)
from cp_sim.etcd.wire import convert
from cp_sim.etcd.wire.messages import Message
from cp_sim.sim import Actor

# How many processes have used a prefix; each one's chance differs by its number.
PROCESSES_KEY = "/cp-sim/processes"
HEAR_S = 5.0  # how long an answer waits for the watch
_METHODS: dict[type, str] = {
    api.RangeRequest: "Range",
    api.PutRequest: "Put",
    api.DeleteRangeRequest: "DeleteRange",
    api.TxnRequest: "Txn",
}


class RealEtcd(Actor):
    """A real etcd behind the `Store` interface."""

    hears = True

    def __init__(self, name: str, store: str | StoreOptions) -> None:
        super().__init__(name)
        self.options = parse(store)
        self.below = Below(self.options.prefix)
        self.connection = Connection(self.options)
        self.watchers: dict[tuple[str, int], Watcher] = {}
        self._told: dict[tuple[str, int], int] = {}  # up to which revision each watch was told
        self._prefixes: dict[tuple[str, int], str] = {}
        self.salt = self.options.seed or self._number_of_process()

    def _number_of_process(self) -> str:
        put = api.TxnRequest((), (api.PutRequest(PROCESSES_KEY, "1"), api.RangeRequest(PROCESSES_KEY)))
        number = self.ask(put).responses[1].kvs[0].version
        return "" if number == 1 else f"process {number}"

    def close(self) -> None:
        """Hang up."""
        for watcher in self.watchers.values():
            watcher.close()
        self.watchers.clear()
        self.connection.close()

    # -- looking, without a request --------------------------------------------------------------------------------

    def ask(self, request: Any) -> Any:
        """The answer to a request of etcd's own API (`cp_sim.etcd.api`).

        Raises:
            StoreAway: etcd does not answer.
            EtcdError: it refuses.
        """
        message = convert.request_message(self.below.request(request))
        answer = self.connection.call(_METHODS[type(request)], message)
        return convert.response_record(answer, self.options.prefix)

    @property
    def current_revision(self) -> int:
        """etcd's revision: the number of writes so far, plus one."""
        return int(self.ask(api.RangeRequest(PROCESSES_KEY, count_only=True)).revision)

    @property
    def compact_revision(self) -> int:
        """The oldest revision that can be read; 0 if nothing was compacted yet."""
        return max(0, int(ask(self.connection, HashKVRequest(), self.options.prefix).compact_revision))

    def range_at(self, prefix: str, revision: int = 0) -> list[KeyValue]:
        """The keys that begin with `prefix` as of `revision` (0: now), in order.

        Raises:
            EtcdError: the revision is compacted or still to come, or etcd does not answer.
        """
        return list(self.ask(api.RangeRequest(prefix or "\0", api.prefix_end(prefix), revision=revision)).kvs)

    def get_at(self, key: str, revision: int = 0) -> KeyValue | None:
        """One key as of `revision` (0: now), or None.

        Raises:
            EtcdError: the revision is compacted or still to come, or etcd does not answer.
        """
        found = self.ask(api.RangeRequest(key, revision=revision)).kvs
        return found[0] if found else None

    def all_values(self) -> Iterator[Any]:
        """The objects that are held here to be shared: none, each answer brings its own."""
        return iter(())

    # -- the actor -------------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        if isinstance(message, StoreRequest):
            self._answer(message)
        elif isinstance(message, WatchRequest):
            self._watch(message)
        elif isinstance(message, CancelWatch):
            self._forget((message.reply_to, message.token))
        elif isinstance(message, WatchProgress):
            self._progress((message.reply_to, message.token))
        else:
            super().receive(message)

    def poll(self, wait: bool = False) -> None:
        if wait and self.watchers:
            self._hear_all()
        for id_, watcher in list(self.watchers.items()):
            for told in watcher.take():
                self._tell(id_, told)

    def _hear_all(self) -> None:
        try:
            revision = self.current_revision
        except api.EtcdError:
            return  # it is away; when it is back the watches go on
        for watcher in self.watchers.values():
            watcher.wait_for(revision, HEAR_S)

    def _answer(self, request: StoreRequest) -> None:
        try:
            answer = self._carry_out(request.operation, request.token)
        except api.EtcdError as refused:
            answer = StoreAnswer(request.token, 0, False, error=refused.text, code=refused.code)
        if answer.revision:
            for id_, watcher in self.watchers.items():
                if wrote(request.operation, answer) and request.operation.key.startswith(self._prefixes[id_]):
                    watcher.expect(answer.revision)
                watcher.wait_for(answer.revision, HEAR_S)
        if request.reply_to:
            self.loop.send(request.reply_to, answer)
        self.poll()

    def _carry_out(self, operation: Any, token: int) -> StoreAnswer:
        if type(operation) in _METHODS:
            done = self.ask(operation)
            return StoreAnswer(token, done.revision, response=done)
        match operation:
            case Compact(revision):
                done = ask(self.connection, CompactionRequest(revision), self.options.prefix)
                return StoreAnswer(token, done.revision)
            case Grant(ttl_s, lease):
                done = ask(self.connection, LeaseGrantRequest(ttl_s, lease), self.options.prefix)
                return StoreAnswer(token, done.revision, lease=done.id)
            case Revoke(lease):
                done = ask(self.connection, LeaseRevokeRequest(lease), self.options.prefix)
                return StoreAnswer(token, done.revision)
            case Get() | List() | Put() | Delete():
                return self._use(operation, token)
        done = ask(self.connection, operation, self.options.prefix)
        return StoreAnswer(token, getattr(done, "revision", 0), response=done)

    def _use(self, operation: Any, token: int) -> StoreAnswer:
        response = self.ask(request_of(operation))
        return answer_of(operation, response, token, self.connection.answered_late)

    # -- watches ---------------------------------------------------------------------------------------------------

    def _watch(self, request: WatchRequest) -> None:
        id_ = (request.reply_to, request.token)
        self._forget(id_)
        try:
            start = request.revision or self.current_revision + 1
        except api.EtcdError as refused:
            self.loop.send(request.reply_to, WatchChanges(request.token, 0, error=refused.text))
            return
        first, end = range_of(self.below.key(request.prefix))
        self.watchers[id_] = Watcher(self.connection, first, end, start)
        self._prefixes[id_] = request.prefix
        self._told[id_] = start - 1

    def _progress(self, id_: tuple[str, int]) -> None:
        """Say up to which revision the watch has been told everything."""
        if id_ not in self.watchers:
            return
        try:
            revision = self.current_revision
        except api.EtcdError:
            return  # it is away; when it is back the watch goes on, and whoever asks again is told
        if self.watchers[id_].wait_for(revision, HEAR_S):
            self.poll()
            self._tell(id_, Told(revision))

    def _forget(self, id_: tuple[str, int]) -> None:
        watcher = self.watchers.pop(id_, None)
        if watcher is not None:
            watcher.close()

    def _tell(self, id_: tuple[str, int], told: Told) -> None:
        reply_to, token = id_
        if told.compact_revision:
            self._forget(id_)
            error = api.compacted().text
            self.loop.send(reply_to, WatchChanges(token, 0, error=error, compact_revision=told.compact_revision))
            return
        changes = tuple(self._change(event) for event in told.events)
        self._told[id_] = max(self._told[id_], told.revision)
        self.loop.send(reply_to, WatchChanges(token, told.revision, changes))

    def _change(self, message: Message) -> KeyChange:
        event = convert.event_record(message, self.options.prefix)
        kv = event.kv if event.type == "PUT" else None
        return KeyChange(event.kv.key, event.kv.mod_revision, kv, event.prev_kv)

    # -- a fork ----------------------------------------------------------------------------------------------------

    def embedded(self) -> Etcd:
        """An embedded store with the data that this one has told of, and the same watches; it has yet to start.

        What was before is not in it, and its keys hang on no lease.
        """
        told = [self._told[id_] for id_ in self.watchers]
        revision = min(told) if told else self.current_revision
        backend = Applier()
        kvs = sorted(self.range_at("", revision), key=lambda kv: kv.mod_revision)
        without_lease = tuple(dataclasses.replace(kv, lease=0) for kv in kvs)
        backend.mvcc = Mvcc.restored(without_lease, revision, revision)
        made = Etcd(self.name, (self.name,), Disk(backend=backend))
        for id_ in self.watchers:
            prefix = self._prefixes[id_]
            made.watches.create(made.mvcc, id_, prefix, api.prefix_end(prefix), revision + 1)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Actor:
        raise TypeError("a real etcd cannot be copied: use cluster.fork(), which copies its data")


def wrote(operation: Any, answer: StoreAnswer) -> bool:
    """Whether an operation has changed its key."""
    return isinstance(operation, (Put, Delete)) and answer.succeeded and answer.kv is not None


__all__ = ["RealEtcd", "StoreAway"]
