"""Members with a planted mistake each, for the proof that the laws of the store can fail."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.proposal import Proposal
from cp_sim.etcd.store import KeyValue, Put, StoreAnswer
from cp_sim.raft.messages import LEADER


class ReadsWithoutQuorum(Etcd):
    """A leader answers reads at once, without asking whether it still leads."""

    def _read_linearizable(self, asked: Any) -> None:
        if self.node.role == LEADER:
            self._serve_read(asked)
        else:
            super()._read_linearizable(asked)


class ReadsWhatItHas(Etcd):
    """Every member answers linearizable reads from what it has."""

    def _read_linearizable(self, asked: Any) -> None:
        self._serve_read(asked)


class ReadsTooEarly(Etcd):
    """A read is answered when its index comes, before that is applied."""

    def _serve_reads(self) -> None:
        for _, batch in self._readable:
            for asked in batch:
                self._serve_read(asked)
        self._readable = []


class AnswersBeforeCommit(Etcd):
    """A leader acknowledges a write when it has written it itself."""

    def _propose(self, request: Any) -> None:
        operation = request.operation
        if self.node.role == LEADER and type(operation) is Put and operation.expect is None:
            revision = self.mvcc.revision + 1 + self.node.last_index - self.node.applied
            kv = KeyValue(operation.key, operation.value, revision, revision, 1)
            self._reply(request, StoreAnswer(request.token, revision, kv=kv))
            request = replace(request, reply_to="")
        super()._propose(request)


class SpeaksBeforeFsync(Etcd):
    """A follower acknowledges entries that its disk has not confirmed."""

    spoken: tuple[Any, ...] = ()

    def _persist(self, ready: Any) -> bool:
        self.spoken = ()
        answers = tuple(message for message in ready.messages if message.kind == "append answer")
        for message in answers:
            self._send(message)
        self.spoken = answers
        return super()._persist(ready)

    def _send(self, message: Any) -> None:
        if not any(message is one for one in self.spoken):
            super()._send(message)


class NeverWrites(Etcd):
    """The disk confirms everything and keeps nothing: after a crash it holds what it held at the last start."""

    def started(self) -> None:
        self.kept = copy.deepcopy(self.disk)
        super().started()

    def crash(self, because: str = "") -> Any:
        disk = super().crash(because)
        disk.__dict__.update({**self.kept.__dict__, "boots": disk.boots})
        return disk


class ForgetsItsVote(Etcd):
    """Term and vote are not kept."""

    def crash(self, because: str = "") -> Any:
        disk = super().crash(because)
        disk.hard_state = replace(disk.hard_state, term=max(0, disk.hard_state.term - 1), vote="")
        return disk


class AppliesTwice(Etcd):
    """After a restart the last entry is applied again."""

    def started(self) -> None:
        disk = self.disk
        if disk.applied >= disk.first_index and (disk.snapshot is None or disk.applied > disk.snapshot.index):
            disk.applied -= 1
        super().started()


class SkipsAnEntry(Etcd):
    """After a restart the first entry that is new is not applied."""

    skipped = True

    def started(self) -> None:
        self.skipped = self.disk.boots == 0
        super().started()

    def _apply(self, entry: Any) -> None:
        if self.skipped:
            super()._apply(entry)
        self.skipped = True


class ProposesAgain(Etcd):
    """What was not answered is proposed again under a new leader, as if it could not have been committed."""

    def _leader_known(self) -> None:
        super()._leader_known()
        for asked in self.requests_waiting:
            if type(asked.request.operation) is Put:
                self._submit(Proposal(asked.request.operation, self.name, asked.number, asked.since_ms, asked.cause))


class ResumesTooLate(Etcd):
    """A watch that is taken up misses the first change."""

    def _watch(self, request: Any) -> None:
        super()._watch(replace(request, revision=request.revision + 1) if request.revision > 2 else request)


class ResumesTooEarly(Etcd):
    """A watch that is taken up is told the last change again."""

    def _watch(self, request: Any) -> None:
        super()._watch(replace(request, revision=max(1, request.revision - 1)))


class TellsInHalves(Etcd):
    """The changes of one revision are told one by one."""

    def _tell(self) -> None:
        send = self.loop.send
        for delivery in self.watches.poll(self.mvcc):
            reply_to, token = delivery.id
            for change in delivery.changes:
                send(reply_to, self._told(token, (change,)))

    def _told(self, token: int, changes: Any) -> Any:
        from cp_sim.etcd.store import WatchChanges

        return WatchChanges(token, self.mvcc.revision, changes)


class PromisesTooMuch(Etcd):
    """A bookmark says what the log holds, not what was applied and told."""

    def _progress(self, message: Any) -> None:
        from cp_sim.etcd.store import WatchChanges

        ahead = self.node.last_index - self.node.applied
        self.loop.send(message.reply_to, WatchChanges(message.token, self.mvcc.revision + ahead))


class ForgetsWatchesInSnapshots(Etcd):
    """When a snapshot takes the place of the data, watches are not told what came with it."""

    def _installed(self) -> None:
        self.watches._told = self.mvcc.revision
        for watch in self.watches.all():
            watch.next_revision = self.mvcc.revision + 1


class LosesKeysInSnapshots(Etcd):
    """A snapshot is made of older data than it says."""

    def _snapshot(self) -> Any:
        made = super()._snapshot()
        last = made.data.backend.mvcc.range_at("")
        if last:
            made.data.backend.mvcc.delete(last[-1].key)
        return made


class EndsLeasesEarly(Etcd):
    """A new leader counts on with what it thinks is left of a lease, though others have kept it alive."""

    def _role_changed(self, role: str) -> None:
        renew, self.mvcc.lessor.renew_all = self.mvcc.lessor.renew_all, lambda now_ms: None  # type: ignore[method-assign]
        super()._role_changed(role)
        del self.mvcc.lessor.renew_all
        assert renew


class NeverEndsLeases(Etcd):
    """Nobody proposes that a lease ends."""

    def _lease_ends(self, message: Any) -> None:
        self._lease_timers.pop(message.lease, None)


BUGS: tuple[type[Etcd], ...] = (
    ReadsWithoutQuorum,
    ReadsWhatItHas,
    ReadsTooEarly,
    AnswersBeforeCommit,
    SpeaksBeforeFsync,
    NeverWrites,
    ForgetsItsVote,
    AppliesTwice,
    SkipsAnEntry,
    ProposesAgain,
    ResumesTooLate,
    ResumesTooEarly,
    TellsInHalves,
    PromisesTooMuch,
    ForgetsWatchesInSnapshots,
    LosesKeysInSnapshots,
    EndsLeasesEarly,
    NeverEndsLeases,
)
