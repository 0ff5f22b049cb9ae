"""Raft's clock: a tick every 100 ms, of which only those cost anything at which something can happen.

A leader has something to say at every tick. A follower has not: its timer stands where it would stand for election,
and what passed in between is counted when somebody speaks or the timer ends.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.proposal import Tick
from cp_sim.etcd.roles import Roles
from cp_sim.raft.messages import LEADER, Ready
from cp_sim.sim import Timer

TICK = Tick()


class Ticking(Roles):
    """Lets the machine tick."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._writing: Ready | None = None  # what the disk has not confirmed yet
        self._ticked_ms = 0
        self._tick_timer: Timer | None = None

    def _start_clock(self) -> None:
        """Ticks of machines do not fall together."""
        self._ticked_ms = self.loop.clock.now_ms
        if not self._alone:
            self._ticked_ms -= self.loop.chance.stream(f"etcd/{self.name}").randrange(self.settings.tick_ms)

    def _tick(self) -> None:
        self._tick_timer = None
        if self._writing is None:
            self._catch_up()
        else:
            # A real member ticks and writes in one loop; ticks that come while the disk writes are missed.
            self._ticked_ms = self.loop.clock.now_ms
        self._drive()

    def _catch_up(self) -> None:
        """Let the ticks pass that were not worth a timer."""
        if self._alone:
            return
        now_ms, timer = self.loop.clock.now_ms, self._tick_timer
        until_ms = now_ms if timer is None else min(now_ms, timer.due_ms)
        tick_ms = self.settings.tick_ms
        while until_ms - self._ticked_ms >= tick_ms:
            self._ticked_ms += tick_ms
            self.node.tick()
        if now_ms - self._ticked_ms >= tick_ms:
            self._ticked_ms = now_ms

    def _arm(self) -> None:
        """Set the timer for the next tick at which something can happen: a heartbeat, or an election."""
        node = self.node
        if self._alone or self.stopped:
            return
        ticks = 1 if node.role == LEADER else max(1, node.election_timeout - node.election_elapsed)
        due_ms = self._ticked_ms + ticks * self.settings.tick_ms
        timer = self._tick_timer
        if timer is not None:
            if timer.due_ms <= due_ms:
                return
            self.loop.cancel(timer)
        self._tick_timer = self.loop.after(due_ms - self.loop.clock.now_ms, self.name, TICK, background=True)

    def _disarm(self) -> None:
        if self._tick_timer is not None:
            self.loop.cancel(self._tick_timer)
            self._tick_timer = None

    def _drive(self) -> None:
        """Do what raft wants done."""
