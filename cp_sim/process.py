"""One process of the control plane, as whoever looks after it sees it; and what stands in its place when it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cp_sim.apiserver.request import Request, unanswered
from cp_sim.etcd.store import StoreAnswer, StoreRequest, WatchChanges, WatchRequest
from cp_sim.sim import Actor
from cp_sim.sim.connection import REFUSED

RUNNING, PAUSED, CRASHED, EXITED, OFF = "running", "paused", "crashed", "exited", "off"


@dataclass(slots=True)
class Process:
    """A process: what it is, where it runs, what has become of it.

    `state` is `running`, `paused`, `crashed` (it stays away until somebody restarts it), `exited` (its kubelet starts
    it again) or `off` (its machine is). `starts` counts the processes that have borne the name, `restarts` those that
    the kubelet's container status counts. `actors` are the names under which its parts live on the loop. `disk` is
    what a member of the store keeps when it ends.
    """

    name: str
    component: str
    host: str
    state: str = RUNNING
    starts: int = 0
    restarts: int = 0
    backoff_ms: int = 0
    started_ms: int = 0
    serial: int = 0  # which of the timers that were set for it counts
    actors: tuple[str, ...] = ()
    joins: bool = False  # a member that was added to a store that exists
    disk: Any = None
    remains: Any = None  # the actor as it was when it ended, to look at

    @property
    def alive(self) -> bool:
        """Whether the process exists, be it that it stands still."""
        return self.state in (RUNNING, PAUSED)


class Refusing(Actor):
    """Stands where a process has ended on a machine that is up: the machine's kernel refuses every connection."""

    def receive(self, message: Any) -> None:
        kind = type(message)
        if kind is Request:
            self.loop.send(message.reply_to, unanswered(message.token, REFUSED))
        elif kind is StoreRequest and message.reply_to:
            self.loop.send(message.reply_to, StoreAnswer(message.token, 0, False, error=REFUSED))
        elif kind is WatchRequest:
            self.loop.send(message.reply_to, WatchChanges(message.token, 0, (), REFUSED))
