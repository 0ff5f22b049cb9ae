"""Cron schedules and time zones, as Go's libraries judge them.

Source: `parser.go` of `github.com/robfig/cron/v3` (standard parser), `validateTimeZone` in
`pkg/apis/batch/validation/validation.go`.
"""

from __future__ import annotations

import re
import zoneinfo
from functools import lru_cache

_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("day of week", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*")


@lru_cache(maxsize=512)
def schedule_problem(text: str) -> str:
    """What is wrong with a schedule; empty if nothing."""
    if text.startswith(("TZ=", "CRON_TZ=")):
        zone, _, rest = text.partition(" ")
        name = zone.partition("=")[2]
        if zone_problem(name):
            return f"provided bad location {name}: {zone_problem(name)}"
        text = rest.strip()
    if text.startswith("@"):
        if text in _DESCRIPTORS:
            return ""
        if text.startswith("@every "):
            duration = text[7:]
            if _DURATION.fullmatch(duration):
                return ""
            return f'failed to parse duration {text}: time: invalid duration "{duration}"'
        return f"unrecognized descriptor: {text}"
    fields = text.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for field, (_, low, high, names) in zip(fields, _FIELDS, strict=True):
        for part in re.split(",+", field.strip(",")) if field.strip(",") else [field]:
            problem = _range_problem(part, low, high, names)
            if problem:
                return problem
    return ""


def _range_problem(text: str, low: int, high: int, names: tuple[str, ...]) -> str:
    range_and_step = text.split("/")
    bounds = range_and_step[0].split("-")
    if bounds[0] in ("*", "?"):
        start, end = low, high
        single = False
    else:
        start, problem = _number(bounds[0], low, names)
        if problem:
            return problem
        end, single = start, len(bounds) == 1
        if len(bounds) == 2:
            end, problem = _number(bounds[1], low, names)
            if problem:
                return problem
        elif len(bounds) > 2:
            return f"too many hyphens: {text}"
    if len(range_and_step) == 2:
        step, problem = _number(range_and_step[1], 0, ())
        if problem:
            return problem
        if single:
            end = high
    elif len(range_and_step) == 1:
        step = 1
    else:
        return f"too many slashes: {text}"
    if start < low:
        return f"beginning of range ({start}) below minimum ({low}): {text}"
    if end > high:
        return f"end of range ({end}) above maximum ({high}): {text}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {text}"
    return f"step of range should be a positive number: {text}" if step == 0 else ""


def _number(text: str, low: int, names: tuple[str, ...]) -> tuple[int, str]:
    if text.lower() in names:
        return names.index(text.lower()) + low, ""
    if not re.fullmatch(r"[-+]?\d+", text, re.ASCII):
        return 0, f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
    number = int(text)
    return (0, f"negative number ({number}) not allowed: {text}") if number < 0 else (number, "")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def zone_problem(name: str) -> str:
    """What Go's `time.LoadLocation` says of a name; empty if it knows it."""
    if name in ("UTC", "Local", "") or name in _zones():
        return ""
    if ".." in name or name[0] in "/\\":
        return "time: invalid location name"
    return f"unknown time zone {name}"


@lru_cache(maxsize=128)
def time_zone_problem(name: str) -> str:
    """What is wrong with `spec.timeZone`; empty if nothing."""
    if name == "":
        return "timeZone must be nil or non-empty string"
    if name.lower() == "local":
        return "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    return zone_problem(name)
