"""The scheduler's Events: `Scheduled`, `FailedScheduling`, `Preempted`.

The scheduler writes the newer kind of Event (events.k8s.io/v1): no first and last timestamp but an `eventTime`, a
note of at most 1,024 bytes, and a `series` once the same thing happened twice.  The core/v1 form that is sent here is
how the API server stores it.

*In Kubernetes:* k8s.io/client-go/tools/events/event_recorder.go, event_broadcaster.go; pkg/scheduler/schedule_one.go
(`truncateMessage`).  *Simplified:* a series is not refreshed every six minutes, only counted when it is written.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call
from cp_sim.client.client import Client
from cp_sim.client.recorder import Sink, reference_to
from cp_sim.sim.clock import EPOCH

Object = dict[str, Any]

NOTE_LIMIT = 1024
# How many Events are remembered to be continued as a series; the real cache forgets by time.
REMEMBERED = 4096

_EPOCH_NS = int(EPOCH.timestamp()) * 1_000_000_000


def note(text: str) -> str:
    """The text cut to what a note may hold, with ` ...` at the end where it was longer."""
    return (
        text if len(text.encode()) <= NOTE_LIMIT else text.encode()[: NOTE_LIMIT - 4].decode(errors="ignore") + " ..."
    )


class SeriesRecorder(Sink):
    """Writes Events and forgets them, but for what is needed to notice a repetition."""

    def __init__(self, api: Client, controller: str, instance: str) -> None:
        super().__init__(api)
        self.controller = controller
        self.instance = instance
        self._serial = 0
        self._written: dict[tuple[str, ...], list[Any]] = {}  # what it says -> [event name, count]

    def emit(
        self, about: Object, type_: str, reason: str, action: str, text: str, related: Object | None = None
    ) -> None:
        """Write the Event, or continue its series where the same was said of the same state of the object before."""
        reference = reference_to(about)
        same = (type_, action, reason, reference.get("uid", ""), reference.get("resourceVersion", ""))
        namespace = reference.get("namespace") or "default"
        written = self._written.get(same)
        if written is None:
            self._create(reference, type_, reason, action, note(text), related, same, namespace)
            return
        written[1] += 1
        if written[1] == 2:  # later ones are only counted until the series is refreshed
            series = {"count": 2, "lastObservedTime": self._now()}
            call = Call("patch", "events", namespace, written[0], body={"series": series}, patch_type="strategic")
            self.put(call)

    def _create(
        self,
        reference: Object,
        type_: str,
        reason: str,
        action: str,
        text: str,
        related: Object | None,
        same: tuple[str, ...],
        namespace: str,
    ) -> None:
        clock = self.api.actor.loop.clock
        self._serial += 1
        nanoseconds = _EPOCH_NS + clock.now_ms * 1_000_000 + self._serial % 1_000_000
        name = f"{reference.get('name', '')}.{nanoseconds:016x}"
        event: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": reference,
            "reason": reason,
            "message": text,
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": type_,
            "eventTime": self._now(),
            "action": action,
            "reportingComponent": self.controller,
            "reportingInstance": self.instance,
        }
        if related is not None:
            event["related"] = reference_to(related)
        # Only what may be repeated is remembered: a pod is bound once.
        if reason == "FailedScheduling":
            if len(self._written) >= REMEMBERED:
                del self._written[next(iter(self._written))]
            self._written[same] = [name, 1]
            self.put(Call("create", "events", namespace, body=event), same)
        else:
            self.put(Call("create", "events", namespace, body=event))

    def not_written(self, same: tuple[str, ...]) -> None:
        """An Event that could not be written is begun anew next time."""
        self._written.pop(same, None)

    def _now(self) -> str:
        return self.api.actor.loop.clock.micro_timestamp()
