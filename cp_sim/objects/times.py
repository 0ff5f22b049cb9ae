"""Timestamps as Go reads and writes them.

Sources: `time.Parse` of Go's standard library with RFC 3339, `metav1.Time` and `metav1.MicroTime`
(`staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/{time,micro_time}.go`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_FULL = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_STEPS = (
    (r"\d{4}", "2006"),
    ("-", "-"),
    (r"\d\d", "01"),
    ("-", "-"),
    (r"\d\d", "02"),
    ("T", "T"),
    (r"\d\d", "15"),
    (":", ":"),
    (r"\d\d", "04"),
    (":", ":"),
    (r"\d\d", "05"),
)


class TimeError(ValueError):
    """A text is no timestamp; the message is Go's."""


@lru_cache(maxsize=4096)
def seconds(text: str) -> str:
    """The timestamp in UTC with whole seconds, as `metav1.Time` is written.  *Raises* `TimeError`."""
    return parse(text, _LAYOUT).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


@lru_cache(maxsize=4096)
def micros(text: str) -> str:
    """The timestamp in UTC with six digits of a second, as `metav1.MicroTime` is written.  *Raises* `TimeError`."""
    return parse(text, _MICRO_LAYOUT).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def parse(text: str, layout: str = _LAYOUT) -> datetime:
    """The moment that a text means.  *Raises* `TimeError` with Go's sentence."""
    found = _FULL.fullmatch(text)
    if found is None or (layout == _MICRO_LAYOUT and len(found[7] or "") != 6):
        raise TimeError(_complaint(text, layout))
    year, month, day, hour, minute, second = (int(found[index]) for index in range(1, 7))
    micro = int((found[7] or "0")[:6].ljust(6, "0"))
    for value, limit, name in (
        (month - 1, 12, "month"),
        (hour, 24, "hour"),
        (minute, 60, "minute"),
        (second, 60, "second"),
    ):
        if not 0 <= value < limit:
            raise TimeError(f'parsing time "{text}": {name} out of range')
    try:
        moment = datetime(year or 1, month, day, hour, minute, second, micro, UTC)
    except ValueError:
        raise TimeError(f'parsing time "{text}": day out of range') from None
    zone = found[8]
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        moment = moment - offset if zone[0] == "+" else moment + offset
    return moment


def _complaint(text: str, layout: str) -> str:
    """What Go says of a text that does not follow the layout: the first part that does not fit."""
    rest = text
    head = f'parsing time "{text}" as "{layout}": cannot parse '
    for pattern, name in _STEPS:
        found = re.match(pattern, rest, re.ASCII)
        if found is None:
            return f'{head}"{rest}" as "{name}"'
        rest = rest[found.end() :]
    if layout == _MICRO_LAYOUT:
        found = re.match(r"[.,]\d{6}", rest, re.ASCII)
        if found is None:
            return f'{head}"{rest}" as ".000000"'
        rest = rest[found.end() :]
    else:
        found = re.match(r"[.,]\d+", rest, re.ASCII)
        rest = rest[found.end() :] if found else rest
    found = re.match(r"Z|[+-]\d\d:\d\d", rest, re.ASCII)
    if found is None:
        return f'{head}"{rest}" as "Z07:00"'
    return f'parsing time "{text}": extra text: "{rest[found.end() :]}"'
