"""The event loop: actors, messages and timers on one virtual clock, run until nothing is left to do."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Protocol

from cp_sim.sim.agenda import Agenda, Timer
from cp_sim.sim.chance import Chance
from cp_sim.sim.clock import Clock, format_duration
from cp_sim.sim.order import Arrival, Delivery
from cp_sim.sim.patience import Patience
from cp_sim.sim.trace import Record, Trace

# How much one call may do before it says who keeps it busy.
UNIT_LIMIT = 20_000_000
SETTLE_LIMIT_MS = 24 * 3_600_000


class StillBusy(RuntimeError):
    """A bounded run reached its bound; the message names who was busy."""


class Actor:
    """Something with a name that receives messages and may have work of its own.

    `receive` handles one message, `step` does one unit of work; both return before anything else happens in the
    world.  An actor that has work calls `self.loop.wake(self)`; it is stepped, and again while `is_ready()`.
    State is plain data: no closures, threads, generators or open files, so that a world can be copied whole.
    """

    loop: Loop
    hears = False  # whether something from outside the world can come in by `poll`

    def __init__(self, name: str) -> None:
        self.name = name

    def started(self) -> None:
        """Called once when the actor joins a loop."""

    def receive(self, message: Any) -> None:
        """Handle one message."""
        raise TypeError(f"{self.name} does not understand {type(message).__name__}")

    def step(self) -> None:
        """Do one unit of work."""

    def is_ready(self) -> bool:
        """Whether there is work for another `step`."""
        return False

    def poll(self, wait: bool = False) -> None:
        """Take in what has come from outside the world, if this actor is one that hears from there (`hears`); with
        `wait` also what has happened there and is still on its way.
        """

    def connections(self) -> tuple[str, ...]:
        """The actors to which this one holds a connection; it is sent `ConnectionLost` when such a one breaks."""
        return ()


class Network(Protocol):
    """How long messages are on their way, and which of them arrive."""

    def delay_ms(self, sender: str, to: str, message: Any) -> int | tuple[int, ...]:
        """Milliseconds from sending to delivery; 0 for parties that share a machine.

        A tuple has one delay for each copy that arrives: an empty one says that the message is lost.
        """


class Loop:
    """Delivers messages, one unit of work at a time.

    Everything due now is done before time moves; then the clock jumps to the next timer.  The loop also carries
    causes: whatever an actor sends or records while it handles a message has that message's cause, and what it sends
    after making a record is caused by that record.  Records made in one unit are siblings: they share one cause.
    """

    def __init__(
        self,
        clock: Clock,
        chance: Chance,
        trace: Trace,
        order: Arrival | None = None,
        network: Network | None = None,
    ) -> None:
        self.clock = clock
        self.chance = chance
        self.trace = trace
        self.order = order or Arrival()
        self.network = network
        self.actors: dict[str, Actor] = {}
        self.running = "outside"
        self.units = 0
        self.origin: int | None = None  # the cause of records made in this unit
        self.cause: int | None = None  # the cause of messages sent in this unit
        self._due: deque[Delivery] = deque()
        self._awake: set[str] = set()
        self._paused: dict[str, list[Delivery]] = {}
        self._hearing: list[str] = []
        self._agenda = Agenda()
        self._busy: dict[str, int] = {}

    # -- who takes part ----------------------------------------------------------------------------------------

    def add(self, actor: Actor) -> None:
        """Let `actor` take part.

        Raises:
            ValueError: an actor of that name is there already.
        """
        if actor.name in self.actors:
            raise ValueError(f"there is already an actor called {actor.name}")
        self.actors[actor.name] = actor
        actor.loop = self
        if actor.hears:
            self._hearing.append(actor.name)
        actor.started()

    def remove(self, name: str) -> None:
        """Take an actor out; its timers and all messages on their way to it are lost."""
        self.actors.pop(name, None)
        self._awake.discard(name)
        self._paused.pop(name, None)
        if name in self._hearing:
            self._hearing.remove(name)
        self._agenda.forget(name)
        self._due = deque(delivery for delivery in self._due if delivery[0] != name)

    def pause(self, name: str) -> None:
        """Let an actor stand still: messages and timers wait for it until `resume`.

        Raises:
            KeyError: there is no actor of that name.
        """
        if name not in self.actors:
            raise KeyError(name)
        self._paused.setdefault(name, [])

    def resume(self, name: str) -> None:
        """Let a paused actor go on; what has come meanwhile is delivered now, in order."""
        self._due.extend(self._paused.pop(name, ()))

    def is_paused(self, name: str) -> bool:
        """Whether an actor stands still."""
        return name in self._paused

    # -- sending -------------------------------------------------------------------------------------------------

    def send(self, to: str, message: Any, background: bool = False) -> None:
        """Deliver `message` to the actor called `to`, as soon as the network allows, after what was sent before.

        A `background` message does not keep the world from settling while it travels.
        """
        sender = self.running
        delay = 0 if self.network is None else self.network.delay_ms(sender, to, message)
        if background or type(delay) is tuple:
            for copy_ms in delay if type(delay) is tuple else (delay,):
                self.after(copy_ms, to, message, background)  # type: ignore[arg-type]
        elif delay:
            self._agenda.post(self.clock.now_ms + delay, (to, message, self.cause, sender))  # type: ignore[operator]
        else:
            self._due.append((to, message, self.cause, sender))

    def after(self, delay_ms: int, to: str, message: Any, background: bool = False) -> Timer:
        """Deliver `message` to `to` in `delay_ms` milliseconds; the timer can be cancelled until then."""
        timer = Timer(self.clock.now_ms + max(0, delay_ms), to, message, self.cause, self.running, background)
        self._agenda.set(timer)
        return timer

    def cancel(self, timer: Timer) -> None:
        """Forget a timer; one that has fired or was cancelled before is left alone."""
        self._agenda.cancel(timer)

    def wake(self, actor: Actor) -> None:
        """Give `actor` a turn: one `step`, soon."""
        if actor.name not in self._awake:
            self._awake.add(actor.name)
            self._due.append((actor.name, None, self.cause, actor.name))

    def record(
        self,
        verb: str,
        subject: str,
        because: str = "",
        *,
        revision: int | None = None,
        evidence: Any = None,
        actor: str | None = None,
    ) -> Record:
        """Note in the trace that the running actor did `verb` to `subject`; its cause is filled in here."""
        record = Record(
            self.trace.next_id,
            self.clock.now_ms,
            actor or self.running,
            verb,
            subject,
            because,
            revision,
            self.origin,
            evidence,
        )
        self.trace.append(record)
        self.cause = record.id
        return record

    def caused_by(self, cause: int | None) -> None:
        """Say that the rest of this unit happens because of `cause`: for queues that take up work noted earlier."""
        self.origin = self.cause = cause

    # -- looking -------------------------------------------------------------------------------------------------

    def pending(self) -> list[Delivery]:
        """The messages on their way, in order: (receiver, message, cause, sender)."""
        due = [delivery for delivery in self._due if delivery[1] is not None]
        timers = [timer for timer in self.timers() if timer.sender != timer.to and not timer.background]
        return due + [(timer.to, timer.message, timer.cause, timer.sender) for timer in timers]

    def travelling(self) -> list[Timer]:
        """What is on its way between two actors and arrives later, background messages included, next one first."""
        return [timer for timer in self.timers() if timer.sender != timer.to]

    def timers(self) -> list[Timer]:
        """The timers that are set, next one first."""
        return list(self._agenda)

    @property
    def idle(self) -> bool:
        """Whether nothing is due now (timers aside)."""
        return not self._due

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do but background timers."""
        return not self._due and not self._agenda.foreground

    def poll(self, wait: bool = False) -> None:
        """Let in what has come from outside the world since it was asked last; it is due now.  With `wait` nothing is
        left out that has happened there before this call.
        """
        for name in self._hearing:
            if name not in self._paused:
                self.running = name
                try:
                    self.actors[name].poll(wait)
                finally:
                    self.running = "outside"

    # -- running -------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Run, moving time as needed, until only background timers are left.

        Raises:
            StillBusy: that did not happen within the bounds of one call.
        """
        self._busy.clear()
        latest = self.clock.now_ms + SETTLE_LIMIT_MS
        with Patience():
            while True:
                if self._due or self._heard():
                    self._unit()
                elif self._agenda.foreground:
                    self._fire_next(latest)
                else:
                    break

    def _heard(self) -> bool:
        """Whether something has come from outside that is due now."""
        if not self._hearing:
            return False
        self.poll()
        return bool(self._due)

    def run(self, duration_ms: int) -> None:
        """Run for `duration_ms` milliseconds of virtual time, background timers included."""
        self._busy.clear()
        until = self.clock.now_ms + duration_ms
        with Patience():
            while True:
                if self._due or self._heard():
                    self._unit()
                elif not self._fire(until):
                    break
        self.clock.now_ms = until

    def run_until(self, done: Callable[[], bool], limit_ms: int = 3_600_000) -> bool:
        """Run until `done()`; returns False when nothing more can happen or `limit_ms` have passed first."""
        self._busy.clear()
        latest = self.clock.now_ms + limit_ms
        with Patience():
            while not done():
                if self._due or self._heard():
                    self._unit()
                elif not self._fire(latest):
                    return False
        return True

    def step(self, counts: Callable[[Record], bool] = bool) -> list[Record]:
        """Do one thing: run until a record was made for which `counts` is true; returns the new records.

        Time moves on only when nothing is due now, and only to the next foreground timer; an empty list says that
        the world has settled.
        """
        self._busy.clear()
        first = self.trace.next_id
        latest = self.clock.now_ms + SETTLE_LIMIT_MS
        seen = first
        with Patience():
            while not self.settled or self._heard():
                if self._due or self._heard():
                    self._unit()
                else:
                    self._fire_next(latest)
                if any(counts(record) for record in self.trace.since(seen)):
                    break
                seen = self.trace.next_id
        return self.trace.since(first)

    def _unit(self) -> None:
        receiver, message, cause, sender = self.order.take(self._due)
        if self._paused and receiver in self._paused:
            self._paused[receiver].append((receiver, message, cause, sender))
            return
        self.units += 1
        busy = self._busy[receiver] = self._busy.get(receiver, 0) + 1
        if busy > UNIT_LIMIT:
            raise StillBusy(f"{self._who_is_busy()}: gave up after {UNIT_LIMIT} units of work at one actor")
        actor = self.actors.get(receiver)
        if actor is None:
            return
        self.running, self.origin, self.cause = receiver, cause, cause
        try:
            if message is None:
                self._awake.discard(receiver)
                actor.step()
                if actor.is_ready():
                    self.wake(actor)
            else:
                actor.receive(message)
        finally:
            self.running, self.origin, self.cause = "outside", None, None

    def _fire_next(self, latest_ms: int) -> None:
        if not self._fire(latest_ms):
            raise StillBusy(f"{self._who_is_busy()}: not settled after {format_duration(SETTLE_LIMIT_MS)}")

    def _fire(self, latest_ms: int) -> bool:
        """Let the clock jump to the next instant at which something is due; False if that is after `latest_ms`."""
        due_ms = self._agenda.next_ms()
        if due_ms is None or due_ms > latest_ms:
            return False
        self.clock.now_ms = max(self.clock.now_ms, due_ms)
        self._agenda.move_next(self._due)
        return True

    def _who_is_busy(self) -> str:
        busiest = ", ".join(f"{name} ({count} units)" for name, count in Counter(self._busy).most_common(3))
        return f"still busy: {busiest or 'nobody in particular'}"
