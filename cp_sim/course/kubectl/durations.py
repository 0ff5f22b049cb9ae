"""Times and durations as kubectl writes and reads them.

Sources: k8s.io/apimachinery/pkg/util/duration/duration.go (`HumanDuration`), Go's `time.RFC1123Z`.
"""

from __future__ import annotations

from datetime import timedelta

from cp_sim.sim import parse_duration
from cp_sim.sim.clock import EPOCH, parse_timestamp


def human(duration_ms: int) -> str:
    """A duration as it stands in an AGE column: `5s`, `3m10s`, `4h5m`, `2d3h`, `400d`."""
    seconds = duration_ms // 1000
    if seconds < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 24 * 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if hours < 24 * 365 * 2:
        return f"{days}d"
    years, rest = days // 365, days % 365
    return f"{years}y{rest}d" if years < 8 and rest else f"{years}y"


def age(timestamp: str | None, now_ms: int) -> str:
    """How long ago `timestamp` was, or `<unknown>` where there is none."""
    return human(now_ms - parse_timestamp(timestamp)) if timestamp else "<unknown>"


def long_date(timestamp: str | None) -> str:
    """A time as `describe` writes it: `Sun, 22 Nov 2026 14:43:41 +0000`."""
    if not timestamp:
        return "Mon, 01 Jan 0001 00:00:00 +0000"
    moment = EPOCH + timedelta(milliseconds=parse_timestamp(timestamp))
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][moment.month - 1]
    return f"{day}, {moment.day:02d} {month} {moment.year} {moment:%H:%M:%S} +0000"


def short_date(timestamp: str) -> str:
    """A time as Go prints it by itself: `2026-11-22 14:33:33 +0000 UTC`."""
    moment = EPOCH + timedelta(milliseconds=parse_timestamp(timestamp))
    return f"{moment:%Y-%m-%d %H:%M:%S} +0000 UTC"


def parse_flag(text: str) -> int:
    """Milliseconds of a duration given on the command line (`10s`, `0`, `-1s`).

    Raises:
        ValueError: it is no duration.
    """
    if text in ("0", "-0"):
        return 0
    return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text)


def go_duration(duration_ms: int) -> str:
    """A duration as Go prints it: `8s`, `1m0s`, `1h0m0s`."""
    seconds, rest = divmod(duration_ms, 1000)
    if seconds < 1:
        return f"{rest}ms" if rest else "0s"
    shown = f"{seconds % 60 + rest / 1000:.10g}s"
    if seconds >= 60:
        shown = f"{seconds // 60 % 60}m{shown}"
    return f"{seconds // 3600}h{shown}" if seconds >= 3600 else shown
