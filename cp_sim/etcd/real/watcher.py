"""A watch at a real etcd, in a thread of its own: it is told everything once and in order, whatever breaks.

When the stream ends it is opened anew at the next member, after a pause, from the revision behind the last one that
was told; if that is compacted, the watch ends with the word that it is, and whoever watches reads everything afresh.

*In Kubernetes:* the reflector of an API server's watch cache on `clientv3`'s watcher.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from cp_sim.etcd import api
from cp_sim.etcd.real.connection import LONGEST_PAUSE_S, PAUSE_S, Connection
from cp_sim.etcd.wire import values
from cp_sim.etcd.wire.messages import Message, make
from cp_sim.sim import immutable

OWN_WRITE_S = 0.03  # a change of one's own arrives within this; what takes longer is asked for
# After a late start etcd tells the past in batches; its word for progress counts only afterwards (a flaw of etcd before
# 3.5.8: it may tell progress before the changes).  Its batches come ten times a second.
CATCH_UP_S = 0.3


@immutable
class Told:
    """What arrived: `events` (messages) up to `revision`, or that the watch ended because of a compaction."""

    revision: int
    events: tuple[Any, ...] = ()
    compact_revision: int = 0


class Watcher:
    """Watches [key, range_end) from `start_revision` on; `take` gives what has arrived since it was asked last."""

    def __init__(self, connection: Connection, key: bytes, range_end: bytes, start_revision: int) -> None:
        self._connection = connection
        self._key, self._range_end = key, range_end
        self._next_revision = start_revision
        self._heard = start_revision - 1  # everything up to here has arrived
        self._written = 0  # a change of one's own that has to arrive, whatever is said of progress
        self._arrived: deque[Told] = deque()
        self._news = threading.Condition()
        self._questions: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._call: Any = None
        self._progress = (0, 0)  # how many words of progress came on this stream, and the revision of the last
        self._believe_at = float("inf")  # when progress may be believed
        self.is_open = True
        threading.Thread(target=self._run, name="watch at etcd", daemon=True).start()

    def close(self) -> None:
        """End the watch."""
        self.is_open = False
        call = self._call
        if call is not None:
            call.cancel()
        self._questions.put(None)

    def take(self) -> list[Told]:
        """What has arrived, in order."""
        with self._news:
            arrived = list(self._arrived)
            self._arrived.clear()
        return arrived

    # -- waiting ---------------------------------------------------------------------------------------------------

    def expect(self, revision: int) -> None:
        """Something that is watched was written at that revision: word of progress beyond it is believed only when the
        change has arrived.
        """
        self._written = max(self._written, revision)

    def wait_for(self, revision: int, patience_s: float) -> bool:
        """Wait until every change up to `revision` has arrived; False if that took too long."""
        last = time.monotonic() + patience_s
        if self._wait(lambda: self._heard >= revision, min(OWN_WRITE_S, patience_s)):
            return True
        while self.is_open and time.monotonic() < last:
            if time.monotonic() < self._believe_at or self._heard < self._written:
                self._wait(lambda: self._heard >= revision, OWN_WRITE_S)
                if self._heard >= revision:
                    return True
                continue
            # Twice: the first word may have overtaken changes that the second cannot overtake any more.
            if self._ask_progress() >= revision and self._ask_progress() >= revision:
                with self._news:
                    self._heard = max(self._heard, revision)
                    self._arrived.append(Told(revision))
                return True
            if self._heard >= revision:
                return True
        return self._heard >= revision

    def _ask_progress(self) -> int:
        with self._news:
            count = self._progress[0]
        self._questions.put(make("WatchRequest", progress_request=make("WatchProgressRequest")))
        self._wait(lambda: self._progress[0] > count, 1.0)
        with self._news:
            return self._progress[1] if self._progress[0] > count else 0

    def _wait(self, done: Callable[[], bool], seconds: float) -> bool:
        with self._news:
            return self._news.wait_for(lambda: done() or not self.is_open, seconds) and done()

    # -- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause_s = PAUSE_S
        while self.is_open:
            try:
                for response in self._stream():
                    pause_s = PAUSE_S
                    self._take_in(response)
            except (grpc.RpcError, api.EtcdError, ValueError) as problem:  # ValueError: the channel was closed
                code = problem.code() if isinstance(problem, grpc.RpcError) else None
                if code == grpc.StatusCode.UNAUTHENTICATED:
                    self._connection.forget_token()
            if self.is_open:
                self._connection.next_member()
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _stream(self) -> Iterator[Message]:
        questions: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._questions = questions
        create = make(
            "WatchCreateRequest",
            key=self._key,
            range_end=self._range_end,
            start_revision=self._next_revision,
            prev_kv=True,
        )
        questions.put(make("WatchRequest", create_request=create))
        # With `hasleader` a member that has lost the others ends the stream, so that the watch goes elsewhere.
        metadata = (*self._connection.metadata(), ("hasleader", "true"))
        with self._news:
            self._progress, self._believe_at = (0, 0), float("inf")
        self._call = self._connection.client().Watch(iter(questions.get, None), metadata=metadata)
        try:
            yield from self._call
        finally:
            questions.put(None)

    def _take_in(self, response: Message) -> None:
        revision = response.header.revision
        with self._news:
            if response.created:
                behind = self._next_revision <= revision
                self._believe_at = time.monotonic() + (CATCH_UP_S if behind else 0)
            if response.canceled and response.compact_revision:
                self._arrived.append(Told(0, compact_revision=response.compact_revision))
                self.is_open = False
            elif response.canceled:  # not allowed, or the member has no leader: try again
                self._call.cancel()
            elif response.events:
                self._told(response.events)
            elif not response.created:
                self._progress = self._progress[0] + 1, revision
            self._news.notify_all()

    def _told(self, events: Any) -> None:
        fresh = tuple(event for event in events if event.kv.mod_revision >= self._next_revision)
        if fresh:
            last = fresh[-1].kv.mod_revision
            self._arrived.append(Told(last, fresh))
            self._next_revision, self._heard = last + 1, max(self._heard, last)


def range_of(prefix: str) -> tuple[bytes, bytes]:
    """The range of all keys below a prefix, as it travels."""
    return values.key_bytes(prefix) or b"\0", values.end_bytes(api.prefix_end(prefix))
