"""What can go wrong on the way between two machines: links that are cut, lose, delay, reorder and double messages.

An actor lives on a host; a fault holds for the link from one host to another, in that direction. Where no fault is set
nothing is asked and nothing is drawn. Two actors of one host always reach each other.

Connections behave like TCP: what a lossy link loses is sent again, later and in order, and nothing arrives twice;
only a cut link, which is silent, loses it. Packets, which their protocol repeats itself (Raft's), are really lost,
overtaken and doubled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cp_sim.sim.chance import Chance
from cp_sim.sim.clock import Clock
from cp_sim.sim.immutable import immutable

# How long TCP waits before it sends again what was not acknowledged; twice as long each time.
# Source: RFC 6298 as Linux has it (TCP_RTO_MIN 200 ms, TCP_RTO_MAX 120 s).
RETRANSMIT_MS, RETRANSMIT_MAX_MS = 200, 120_000
# How far a message may fall behind those that are sent after it, on a link that reorders.
REORDER_MS = 20

EVERYWHERE = "*"


@immutable
class LinkFault:
    """What is wrong on a link.  `loss`, `duplicate` and `reorder` are probabilities, `delay_ms` and `jitter_ms` are
    added to the way of every message: all of the first, and up to the second by chance.
    """

    cut: bool = False
    loss: float = 0.0
    delay_ms: int = 0
    jitter_ms: int = 0
    reorder: float = 0.0
    duplicate: float = 0.0

    def __str__(self) -> str:
        if self.cut:
            return "cut"
        words = [f"loses {self.loss:.0%}"] if self.loss else []
        if self.delay_ms or self.jitter_ms:
            upto = f" to {self.delay_ms + self.jitter_ms}" if self.jitter_ms else ""
            words.append(f"delays by {self.delay_ms}{upto} ms")
        words += [f"reorders {self.reorder:.0%}"] if self.reorder else []
        words += [f"doubles {self.duplicate:.0%}"] if self.duplicate else []
        return ", ".join(words) or "whole"


WHOLE = LinkFault()


class Links:
    """The links between hosts and their faults, as data.

    `hosts` maps an actor's name to the host it lives on; an actor that is not in it is a host of its own. `faults`
    maps (host, host) to what is wrong in that direction; `"*"` stands for every host.
    """

    def __init__(self, clock: Clock, chance: Chance, hosts: Mapping[str, str] | None = None) -> None:
        self.clock = clock
        self.chance = chance
        self.hosts: dict[str, str] = dict(hosts or {})
        self.faults: dict[tuple[str, str], LinkFault] = {}
        self._arrivals: dict[tuple[str, str], int] = {}  # when the last message of a connection arrives

    # -- setting faults ------------------------------------------------------------------------------------------

    def host_of(self, actor: str) -> str:
        """The host on which an actor lives."""
        return self.hosts.get(actor, actor)

    def set(
        self,
        sender: str,
        to: str,
        *,
        cut: bool = False,
        loss: float = 0.0,
        delay_ms: int = 0,
        jitter_ms: int = 0,
        reorder: float = 0.0,
        duplicate: float = 0.0,
        one_way: bool = False,
    ) -> None:
        """Let the link between two hosts be as said, in both directions unless `one_way`; `"*"` is every host.

        Raises:
            ValueError: a probability is not between 0 and 1, a time is negative, or both ends are one host.
        """
        for name, share in (("loss", loss), ("reorder", reorder), ("duplicate", duplicate)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name}={share}: a probability lies between 0 and 1")
        for name, time_ms in (("delay_ms", delay_ms), ("jitter_ms", jitter_ms)):
            if time_ms < 0:
                raise ValueError(f"{name}={time_ms}: a message cannot arrive before it was sent")
        if sender == to != EVERYWHERE:
            raise ValueError(f"{sender} has no link to itself; name two hosts")
        fault = LinkFault(cut, loss, delay_ms, jitter_ms, reorder, duplicate)
        for link in ((sender, to),) if one_way else ((sender, to), (to, sender)):
            if fault == WHOLE:
                self.faults.pop(link, None)
            else:
                self.faults[link] = fault

    def partition(self, *groups: Iterable[str], one_way: bool = False) -> None:
        """Cut every link between hosts of different groups; with `one_way` only from a group to those named after it.

        Raises:
            ValueError: a host is in two groups, or there is only one group.
        """
        sides = [list(group) for group in groups]
        named = [host for side in sides for host in side]
        if len(sides) < 2:
            raise ValueError("a partition has at least two sides; name the hosts of each")
        for host in named:
            if named.count(host) > 1:
                raise ValueError(f"{host} cannot be on both sides of a partition; name it once")
        for place, side in enumerate(sides):
            for host in side:
                for other in (other for later in sides[place + 1 :] for other in later):
                    self.set(host, other, cut=True, one_way=one_way)

    def heal(self, sender: str = "", to: str = "", one_way: bool = False) -> None:
        """Mend the link between two hosts, or all links."""
        if not sender and not to:
            self.faults.clear()
            return
        self.faults.pop((sender, to), None)
        if not one_way:
            self.faults.pop((to, sender), None)

    @property
    def troubled(self) -> bool:
        """Whether a connection has to ask: a fault is set, or messages that one has held up are still on their way."""
        return bool(self.faults or self._arrivals)

    # -- asking ----------------------------------------------------------------------------------------------------

    def fault(self, sender: str, to: str) -> LinkFault:
        """What is wrong on the way from one actor to another."""
        faults = self.faults
        if not faults:
            return WHOLE
        left, right = self.host_of(sender), self.host_of(to)
        if left == right:
            return WHOLE
        return (
            faults.get((left, right))
            or faults.get((left, EVERYWHERE))
            or faults.get((EVERYWHERE, right))
            or faults.get((EVERYWHERE, EVERYWHERE))
            or WHOLE
        )

    def reaches(self, sender: str, to: str) -> bool:
        """Whether anything can get from one actor to another."""
        return not self.fault(sender, to).cut

    def same_host(self, sender: str, to: str) -> bool:
        """Whether two actors live on one host."""
        return self.host_of(sender) == self.host_of(to)

    def stream(self, sender: str, to: str, delay_ms: int) -> int | tuple[int, ...]:
        """When a message on a connection arrives, that takes `delay_ms` on a whole link: in order, and once."""
        fault = self.fault(sender, to)
        if fault is WHOLE and not self._arrivals:
            return delay_ms
        if fault.cut:
            return ()
        if fault is not WHOLE:
            chance = self.chance.stream("links/streams")
            delay_ms += fault.delay_ms + (chance.randrange(fault.jitter_ms + 1) if fault.jitter_ms else 0)
            wait_ms = RETRANSMIT_MS
            while fault.loss and chance.random() < fault.loss and wait_ms < RETRANSMIT_MAX_MS:
                delay_ms += wait_ms
                wait_ms *= 2
        return self._in_order(sender, to, delay_ms, keep=fault is not WHOLE)

    def packet(self, sender: str, to: str, delay_ms: int) -> int | tuple[int, ...]:
        """When the copies of a packet arrive, that takes `delay_ms` on a whole link; an empty tuple: never."""
        fault = self.fault(sender, to)
        if fault is WHOLE:
            return delay_ms
        if fault.cut:
            return ()
        chance = self.chance.stream("links/packets")
        if fault.loss and chance.random() < fault.loss:
            return ()
        copies = 2 if fault.duplicate and chance.random() < fault.duplicate else 1
        arrivals = []
        for _ in range(copies):
            late_ms = fault.delay_ms + (chance.randrange(fault.jitter_ms + 1) if fault.jitter_ms else 0)
            if fault.reorder and chance.random() < fault.reorder:
                late_ms += chance.randrange(1, REORDER_MS + 1)
            arrivals.append(delay_ms + late_ms)
        return tuple(arrivals)

    def _in_order(self, sender: str, to: str, delay_ms: int, keep: bool) -> int:
        # What a fault has held up is not overtaken by what follows, also after the fault is gone.
        link, now_ms = (sender, to), self.clock.now_ms
        arrival_ms = now_ms + delay_ms
        last_ms = self._arrivals.get(link, 0)
        if last_ms <= now_ms and not keep:
            self._arrivals.pop(link, None)
            return delay_ms
        arrival_ms = self._arrivals[link] = max(arrival_ms, last_ms)
        return arrival_ms - now_ms
