"""How fast nodes of a zone may be evicted: at leisure, hardly, or not at all.

*In Kubernetes:* `ComputeZoneState`, `handleDisruption` and `RateLimitedTimedQueue` in `pkg/controller/nodelifecycle`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cp_sim.objects.meta import labels

Object = dict[str, Any]

NORMAL, PARTIAL, FULL, INITIAL = "Normal", "PartialDisruption", "FullDisruption", "Initial"
UNHEALTHY_SHARE = 0.55
LARGE_ZONE = 50
INTERVAL_MS = 10_000  # 0.1 nodes a second
SLOW_INTERVAL_MS = 100_000  # 0.01 nodes a second


def zone_key(node: Object) -> str:
    """Region and zone of a node, empty if it has neither."""
    tags = labels(node)
    region, zone = tags.get("topology.kubernetes.io/region", ""), tags.get("topology.kubernetes.io/zone", "")
    return f"{region}/{zone}" if region or zone else ""


def state_of(ready: int, not_ready: int) -> str:
    """How a zone is: full disruption if no node is ready, partial from 55 % (and three nodes) not ready on."""
    if not_ready and not ready:
        return FULL
    if not_ready > 2 and not_ready / (ready + not_ready) >= UNHEALTHY_SHARE:
        return PARTIAL
    return NORMAL


def interval_ms(state: str, size: int) -> int | None:
    """The time from one eviction to the next; None for never.

    A zone that is wholly down while others are not is evicted at the usual rate: its pods have somewhere to go.
    """
    if state != PARTIAL:
        return INTERVAL_MS
    return SLOW_INTERVAL_MS if size > LARGE_ZONE else None


@dataclass(slots=True)
class Zone:
    """One zone: its nodes' health, the nodes that wait for their NoExecute taint, and a bucket of one token."""

    ready: int = 0
    not_ready: int = 0
    state: str = INITIAL
    interval_ms: int | None = INTERVAL_MS
    token_at_ms: int = 0
    waiting: dict[str, None] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many of its nodes have said how they are."""
        return self.ready + self.not_ready

    def count(self, is_ready: bool | None, by: int) -> None:
        """A node of this state came or went."""
        if is_ready is True:
            self.ready += by
        elif is_ready is False:
            self.not_ready += by

    def take(self, now_ms: int) -> str | None:
        """The next node that may be tainted now."""
        if not self.waiting or self.interval_ms is None or now_ms < self.token_at_ms:
            return None
        self.token_at_ms = now_ms + self.interval_ms
        node = next(iter(self.waiting))
        del self.waiting[node]
        return node

    def set_rate(self, interval: int | None, now_ms: int) -> None:
        """Another rate; a bucket that was empty stays empty."""
        if interval == self.interval_ms:
            return
        was_empty = self.interval_ms is None or now_ms < self.token_at_ms
        self.interval_ms = interval
        self.token_at_ms = now_ms + interval if was_empty and interval else now_ms


def handle_disruption(zones: dict[str, Zone], now_ms: int) -> str:
    """Bring all zones up to date; returns `entered` or `left` when all went down or the first came back.

    If nothing is ready anywhere it is more likely this controller that cannot see, so then nobody is evicted.
    """
    populated = {key: zone for key, zone in zones.items() if zone.size}
    states = {key: state_of(zone.ready, zone.not_ready) for key, zone in populated.items()}
    if not states:
        return ""
    all_down = all(state == FULL for state in states.values())
    all_were_down = all(zone.state == FULL for zone in populated.values())
    if all_down:
        for zone in populated.values():
            zone.state = FULL
            zone.set_rate(None, now_ms)
        return "" if all_were_down else "entered"
    for key, zone in populated.items():
        if all_were_down or zone.state != states[key]:
            zone.state = states[key]
            zone.set_rate(interval_ms(states[key], zone.size), now_ms)
    return "left" if all_were_down else ""
