"""Reading the times that stand in objects: RFC 3339 text to milliseconds of the virtual clock, and back."""

from __future__ import annotations

from functools import lru_cache

from cp_sim.sim.clock import micro_timestamp, parse_timestamp, timestamp

__all__ = ["at_ms", "micro_timestamp", "timestamp"]


@lru_cache(maxsize=65_536)
def at_ms(text: str | None) -> int | None:
    """Milliseconds of an RFC 3339 time in an object; None for a time that is not set or cannot be read."""
    if not text:
        return None
    try:
        return parse_timestamp(text)
    except ValueError:
        return None
