from __future__ import annotations

import pytest

from cp_sim.sim import Clock, format_duration, parse_duration
from cp_sim.sim.clock import micro_timestamp, parse_timestamp, timestamp


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("0s", 0), ("40s", 40_000), ("1h30m", 5_400_000), ("250ms", 250), ("1.5s", 1_500), ("1m0.25s", 60_250), (7, 7)],
)
def test_durations_are_read_as_go_writes_them(text: str | int, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "40", "s", "5 m", "-3s", "1d", "1h-3m", -5])
def test_what_is_no_duration_is_refused_with_the_mend(text: str | int) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(("milliseconds", "text"), [(0, "0s"), (90_000, "1m30s"), (250, "250ms"), (3_600_000, "1h")])
def test_durations_are_written_short(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text
    assert parse_duration(text) == milliseconds


def test_timestamps_truncate_to_seconds_and_come_back() -> None:
    assert timestamp(7_999) == "2026-01-01T00:00:07Z"
    assert micro_timestamp(7_250) == "2026-01-01T00:00:07.250000Z"
    assert parse_timestamp(timestamp(86_400_000)) == 86_400_000
    assert parse_timestamp("2026-01-01T01:00:00+01:00") == 0
    assert Clock(61_000).timestamp() == "2026-01-01T00:01:01Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        parse_timestamp("2026-01-01T00:00:00")
