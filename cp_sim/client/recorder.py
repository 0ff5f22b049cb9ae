"""Kubernetes Events as client-go writes them: repeated ones counted, similar ones combined, floods cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.client.client import Client
from cp_sim.sim import Clock

Object = dict[str, Any]

# Source: k8s.io/client-go/tools/record/events_cache.go.
SIMILAR_LIMIT = 10
SIMILAR_WINDOW_MS = 600_000
BURST = 25
# An Event that could not be sent is sent again, so often and so far apart; the first time after a part of that by
# chance.  Source: k8s.io/client-go/tools/record/event.go (maxTriesPerEvent, defaultSleepDuration).
MAX_TRIES = 12
RETRY_MS = 10_000
REFILL_MS = 300_000


@dataclass(slots=True)
class _Written:
    """An Event that exists: its name, how often it was counted, its first time."""

    name: str
    count: int
    first_timestamp: str


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_ms: int


@dataclass(slots=True)
class Sending:
    """An Event on its way: who sends it, what it says, how often it was sent in vain."""

    call: Call
    user: str
    same: tuple[str, ...]
    tries: int = 0


class Sink:
    """Where recorders put their Events: written while the API server can be reached, kept for two minutes else."""

    def __init__(self, api: Client) -> None:
        self.api = api

    def put(self, call: Call, same: tuple[str, ...] = ()) -> None:
        """Send an Event; `same` is what `not_written` will be told if that fails."""
        self.resend(Sending(call, self.api.user, same))

    def resend(self, sending: Sending) -> None:
        """Send it, for the first time or again."""
        self.api.send(sending.call, "written", sending, self, user=sending.user)

    def written(self, sending: Sending, response: Response) -> None:
        """An answer is final; without one the Event is sent again, later."""
        if response.ok:
            return
        sending.tries += 1
        if response.status or sending.tries >= MAX_TRIES:
            self.not_written(sending.same)
            return
        delay_ms = RETRY_MS
        if sending.tries == 1:
            delay_ms = int(delay_ms * self.api.actor.loop.chance.stream(f"events/{self.api.actor.name}").random())
        self.api.later(delay_ms, self, "resend", sending)

    def not_written(self, same: tuple[str, ...]) -> None:
        """An Event is given up."""


class EventRecorder(Sink):
    """Writes core/v1 Events for one component (`source.component`).

    The same object, type, reason and message raise the count of one Event; from the tenth message on that differs in
    nothing but its text within ten minutes, they share one Event `(combined from similar events): ...`; more than 25
    Events of one source about one object are lost until its bucket refills, one in five minutes.  While the API server
    cannot be reached, an Event is sent again up to eleven times.

    *In Kubernetes:* `EventCorrelator` in k8s.io/client-go/tools/record.
    """

    def __init__(self, api: Client, component: str, host: str = "") -> None:
        super().__init__(api)
        self.source = {"component": component, **({"host": host} if host else {})}
        self._written: dict[tuple[str, ...], _Written] = {}
        self._similar: dict[tuple[str, ...], tuple[dict[str, None], int]] = {}
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def emit(self, obj: Object, type_: str, reason: str, message: str) -> None:
        """Write, or count up, the Event that says `reason` and `message` about `obj` (an object or a reference)."""
        clock = self.api.actor.loop.clock
        reference = reference_to(obj)
        about = (
            reference.get("kind", ""),
            reference.get("namespace", ""),
            reference.get("name", ""),
            reference.get("uid", ""),
        )
        if not self._has_token(about, clock):
            return
        message, exact = self._combine((*about, type_, reason), message, clock)
        same = (*about, type_, reason, exact)
        written = self._written.get(same)
        if written is None:
            self._create(reference, type_, reason, message, same, clock)
        else:
            written.count += 1
            self._count_up(reference, written, message, same, clock)

    def _create(
        self, reference: Object, type_: str, reason: str, message: str, same: tuple[str, ...], clock: Clock
    ) -> None:
        namespace = reference.get("namespace") or "default"
        now = clock.timestamp()
        event: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{reference.get('name', '')}.{clock.nanoseconds():016x}", "namespace": namespace},
            "involvedObject": reference,
            "reason": reason,
            "message": message,
            "source": self.source,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type_,
            "reportingComponent": self.source["component"],
            "reportingInstance": self.source.get("host", ""),
            "eventTime": None,
        }
        self._written[same] = _Written(event["metadata"]["name"], 1, now)
        self.put(Call("create", "events", namespace, body=event), same)

    def _count_up(
        self, reference: Object, written: _Written, message: str, same: tuple[str, ...], clock: Clock
    ) -> None:
        patch = {"count": written.count, "lastTimestamp": clock.timestamp(), "message": message}
        namespace = reference.get("namespace") or "default"
        call = Call("patch", "events", namespace, written.name, body=patch, patch_type="strategic")
        self.put(call, same)

    def not_written(self, same: tuple[str, ...]) -> None:
        """An Event that could not be written (its namespace ends, it has expired) is begun anew next time."""
        self._written.pop(same, None)

    def _combine(self, group: tuple[str, ...], message: str, clock: Clock) -> tuple[str, str]:
        """(message to write, message that tells Events apart)."""
        seen, last_ms = self._similar.get(group, ({}, clock.now_ms))
        if clock.now_ms - last_ms > SIMILAR_WINDOW_MS:
            seen = {}
        if len(seen) < SIMILAR_LIMIT:
            seen[message] = None
        self._similar[group] = (seen, clock.now_ms)
        if len(seen) < SIMILAR_LIMIT:
            return message, message
        return f"(combined from similar events): {message}", "(combined)"

    def _has_token(self, about: tuple[str, ...], clock: Clock) -> bool:
        bucket = self._buckets.setdefault(about, _Bucket(BURST, clock.now_ms))
        bucket.tokens = min(BURST, bucket.tokens + (clock.now_ms - bucket.at_ms) / REFILL_MS)
        bucket.at_ms = clock.now_ms
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def reference_to(obj: Object) -> Object:
    """An `ObjectReference` to `obj`; a reference is returned as it is."""
    if "metadata" not in obj:
        return obj
    metadata = obj["metadata"]
    name, uid = metadata.get("name") or "", metadata.get("uid") or ""
    reference = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": name, "uid": uid}
    for field in ("namespace", "resourceVersion"):
        if metadata.get(field):
            reference[field] = metadata[field]
    return reference
