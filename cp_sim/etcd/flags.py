"""The flags of the etcd binary that a member understands, under their real names.

Source: etcd `server/etcdmain/help.go`, `server/embed/config.go` (defaults, and what is checked).
"""

from __future__ import annotations

from collections.abc import Mapping

from cp_sim.etcd.compaction import rule_of
from cp_sim.etcd.proposal import Settings

HEARTBEAT, ELECTION = "heartbeat-interval", "election-timeout"
RETENTION, MODE = "auto-compaction-retention", "auto-compaction-mode"
QUOTA, SNAPSHOTS, CATCH_UP = "quota-backend-bytes", "snapshot-count", "snapshot-catchup-entries"
FLAGS = (HEARTBEAT, ELECTION, RETENTION, MODE, QUOTA, SNAPSHOTS, CATCH_UP)


def settings_of(flags: Mapping[str, str | int]) -> Settings:
    """The settings that `{"heartbeat-interval": 100, "auto-compaction-retention": "1h", ...}` ask for.

    Intervals are milliseconds, the quota is bytes.

    Raises:
        ValueError: there is no such flag, or its value cannot be.
    """
    for name in flags:
        if name not in FLAGS:
            raise ValueError(f"etcd has no flag {name!r} here; there are {', '.join(FLAGS)}")
    default = Settings()
    tick_ms = _count(flags, HEARTBEAT, default.tick_ms)
    election_ms = _count(flags, ELECTION, default.election_ms)
    if election_ms < 5 * tick_ms:
        raise ValueError(
            f"--election-timeout[{election_ms}ms] should be at least as 5 times as --heartbeat-interval[{tick_ms}ms]"
        )
    mode = str(flags.get(MODE, default.auto_compaction_mode))
    retention = str(flags.get(RETENTION, default.auto_compaction_retention))
    rule_of(mode, retention)
    return Settings(
        tick_ms=tick_ms,
        election_ticks=election_ms // tick_ms,
        snapshot_count=_count(flags, SNAPSHOTS, default.snapshot_count),
        catch_up_entries=_count(flags, CATCH_UP, default.catch_up_entries),
        quota_backend_bytes=_count(flags, QUOTA, 0),
        auto_compaction_mode=mode,
        auto_compaction_retention=retention,
    )


def _count(flags: Mapping[str, str | int], name: str, default: int) -> int:
    text = str(flags.get(name, default))
    if not text.isdecimal() or (not int(text) and name in flags):
        raise ValueError(f"{name}={text}: give a whole number above 0")
    return int(text)
