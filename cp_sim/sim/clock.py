"""One virtual clock in whole milliseconds, and the notations of time that Kubernetes uses."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

# The first instant of every simulated world. Fixed, so that the same seed tells the same story on every day.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_EPOCH_NS = int(EPOCH.timestamp()) * 1_000_000_000

_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


class Clock:
    """The time of the simulated world: `now_ms`, milliseconds since `EPOCH`."""

    __slots__ = ("_nanosecond", "_second", "_second_text", "now_ms")

    def __init__(self, now_ms: int = 0) -> None:
        self.now_ms = now_ms
        self._second = -1
        self._second_text = ""
        self._nanosecond = 0

    def timestamp(self) -> str:
        """Now, as the API writes `metav1.Time`: whole seconds, e.g. `2026-01-01T00:00:07Z`."""
        second = self.now_ms // 1000
        if second != self._second:
            self._second, self._second_text = second, timestamp(self.now_ms)
        return self._second_text

    def nanoseconds(self) -> int:
        """Now in nanoseconds of Unix time, never the same twice: real clocks move between readings."""
        now = _EPOCH_NS + self.now_ms * 1_000_000
        self._nanosecond = max(now, self._nanosecond + 1)
        return self._nanosecond

    def micro_timestamp(self) -> str:
        """Now, as the API writes `metav1.MicroTime`: six digits of fraction."""
        return f"{self.timestamp()[:-1]}.{self.now_ms % 1000:03}000Z"


def timestamp(time_ms: int) -> str:
    """`time_ms` after `EPOCH` as RFC 3339 in whole seconds (truncated, as `metav1.Time` does)."""
    return (EPOCH + timedelta(seconds=time_ms // 1000)).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(time_ms: int) -> str:
    """`time_ms` after `EPOCH` as RFC 3339 with six digits of fraction (`metav1.MicroTime`)."""
    return f"{timestamp(time_ms)[:-1]}.{time_ms % 1000:03}000Z"


def parse_timestamp(text: str) -> int:
    """Milliseconds since `EPOCH` of an RFC 3339 time; negative before it.

    Raises:
        ValueError: `text` is no RFC 3339 time.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} is not an RFC 3339 time: it has no zone; write it like 2026-01-01T00:00:00Z")
    return (moment - EPOCH) // timedelta(milliseconds=1)


def parse_duration(text: str | int) -> int:
    """Milliseconds of a duration as Go writes it: `"40s"`, `"1h30m"`, `"250ms"`; a plain number counts milliseconds.

    Raises:
        ValueError: `text` is no duration.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        if text < 0:
            raise ValueError(f"{text} is not a duration: time only moves forward")
        return text
    parts = _PART.findall(str(text))
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'{text!r} is not a duration: write it like "40s", "5m", "1h30m" or "250ms"')
    return round(sum(float(number) * _UNIT_MS[unit] for number, unit in parts))


def format_duration(duration_ms: int) -> str:
    """A duration in the shortest exact notation, e.g. `1m30s`, `250ms`, `0s`."""
    if duration_ms % 1000:
        return f"{duration_ms}ms" if duration_ms < 1000 else f"{duration_ms / 1000:.10g}s"
    seconds = duration_ms // 1000
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def go_duration(duration_ms: int) -> str:
    """As Go prints it: `800ms`, `1.25s`, `1m20s`, `5m0s`, `1h0m0s`."""
    if 0 < duration_ms < 1000:
        return f"{duration_ms}ms"
    minutes, rest_ms = divmod(duration_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest_ms / 1000:.3f}".rstrip("0").rstrip(".")
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
