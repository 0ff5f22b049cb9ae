"""A cluster whose virtual time goes as fast as the clock on the wall."""

from __future__ import annotations

import time
from typing import Any

TICK_S = 0.1


def pass_time(cluster: Any) -> None:
    """Let time pass for the cluster until the program is interrupted; real clients take their turns meanwhile."""
    last = time.monotonic()
    while True:
        time.sleep(TICK_S)
        now = time.monotonic()
        with cluster.turn:
            cluster.loop.run(round((now - last) * 1000))
        last = now
