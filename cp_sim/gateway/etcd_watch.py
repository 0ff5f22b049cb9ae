"""A watch stream of a real client: many watches on one stream, told whenever the turn is given back.

The stream looks at the member's key space and sends nothing through the loop, so that a cluster tells the same story
whether somebody watches it or not.

*In Kubernetes:* etcd's `Watch` service (`server/etcdserver/api/v3rpc/watch.go`). *Simplified:* a response is never cut
into fragments, however large.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from cp_sim.etcd.watch import Delivery, Watches, event
from cp_sim.etcd.wire import convert, values
from cp_sim.etcd.wire.messages import Message, enum_name, make
from cp_sim.gateway.member import Member, Unreachable

REJECTED = -1  # the id of a watch that was not made, and of progress that concerns the whole stream
LOOK_AGAIN_S = 1.0
# How often a watch that asked for it hears that nothing has happened.  Source: etcd `server/etcdserver/api/v3rpc/
# watch.go`, defaultWatchProgressInterval.
NOTIFY_S = 600.0


class WatchStream:
    """One stream: `responses` yields what is to be sent until the client hangs up.

    Raises:
        Unreachable: the member is down, or is not the one that it was when the stream began.
    """

    def __init__(self, member: Member, requests: Iterator[Message], notify_s: float = NOTIFY_S) -> None:
        self.member = member
        self.notify_s = notify_s
        self.watches = Watches()
        self.with_previous: dict[int, bool] = {}
        self.notify_at: dict[int, float] = {}  # when the watches that asked for it are told that nothing has happened
        self.next_id = 0
        self.asked: list[Message] = []
        self.is_open = True
        self._mvcc = member.mvcc
        threading.Thread(target=self._listen, args=(requests,), name="watch stream", daemon=True).start()

    def _listen(self, requests: Iterator[Message]) -> None:
        try:
            for request in requests:
                with self.member.turn:
                    self.asked.append(request)
        except Exception:  # the client has hung up: the stream itself is told so by `close`
            self.close()

    def close(self) -> None:
        """The client is gone."""
        self.is_open = False
        self.member.turn.nudge()

    def responses(self) -> Iterator[Message]:
        """What is to be sent, in order."""
        while True:
            with self.member.turn:
                while self.is_open and not (found := self._take()):
                    self.member.turn.wait(LOOK_AGAIN_S)
                if not self.is_open:
                    return
            yield from found

    def _take(self) -> list[Message]:
        if self.member.mvcc is not self._mvcc:
            raise Unreachable(f"{self.member.name} was restarted")
        asked, self.asked = self.asked, []
        found = [answer for request in asked for answer in self._answer(request)]
        return found + self._changes() + self._notifications()

    # -- requests --------------------------------------------------------------------------------------------------

    def _answer(self, request: Message) -> list[Message]:
        match request.WhichOneof("union"):
            case "create_request":
                return self._create(request.create_request)
            case "cancel_request":
                watch_id = request.cancel_request.watch_id
                if not self.watches.cancel(watch_id):
                    return []  # etcd has no word for a watch that it does not know
                self.with_previous.pop(watch_id, None)
                self.notify_at.pop(watch_id, None)
                return [self._response(watch_id, canceled=True)]
            case "progress_request":
                return [*self._changes(), self._response(REJECTED)]
        return []

    def _create(self, request: Message) -> list[Message]:
        watch_id = request.watch_id
        if not watch_id:
            while self.next_id in self.with_previous:
                self.next_id += 1
            watch_id = self.next_id
            self.next_id += 1
        before = self._changes()  # what happened before it is made belongs to the others alone
        rejected = self.watches.create(
            self._mvcc,
            watch_id,
            values.key_text(request.key),
            values.end_text(request.range_end),
            request.start_revision,
            request.prev_kv,
            tuple(enum_name("FilterType", number) for number in request.filters),
        )
        if rejected:
            refusal = self._response(REJECTED, created=True, canceled=True, cancel_reason=rejected)
            return [*before, refusal]
        self.with_previous[watch_id] = request.prev_kv
        if request.progress_notify:
            self.notify_at[watch_id] = time.monotonic() + self.notify_s
        return [*before, self._response(watch_id, created=True)]

    # -- changes ---------------------------------------------------------------------------------------------------

    def _changes(self) -> list[Message]:
        return [self._told(delivery) for delivery in self.watches.poll(self._mvcc)]

    def _told(self, delivery: Delivery) -> Message:
        if delivery.cancelled:
            compacted = make("WatchResponse", header=self.member.header(0), watch_id=delivery.id, canceled=True)
            compacted.compact_revision = delivery.compact_revision
            return compacted
        if delivery.id in self.notify_at:
            self.notify_at[delivery.id] = time.monotonic() + self.notify_s
        previous = self.with_previous[delivery.id]
        events = [event(change, previous, self._mvcc.compact_revision) for change in delivery.changes]
        return self._response(delivery.id, events=[convert.event_message(one) for one in events])

    def _notifications(self) -> list[Message]:
        now = time.monotonic()
        due = [watch_id for watch_id, at in self.notify_at.items() if at <= now]
        for watch_id in due:
            self.notify_at[watch_id] = now + self.notify_s
        return [self._response(watch_id) for watch_id in due]

    def _response(self, watch_id: int, **fields: Any) -> Message:
        return make("WatchResponse", header=self.member.header(self._mvcc.revision), watch_id=watch_id, **fields)
