"""How long requests, answers and watch changes travel."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Request, Response, WatchChange, WatchClosed
from cp_sim.sim import immutable


@immutable
class ClusterNetwork:
    """A network between components and API server with the delays of one machine room.

    A change reaches those who watch before the answer reaches the one who wrote, as it mostly does in reality: answers
    are made for one alone, changes are on their way as soon as the store has them.  The API server and its store share
    a machine.
    """

    request_ms: int = 1
    change_ms: int = 1
    answer_ms: int = 2

    def delay_ms(self, sender: str, to: str, message: Any) -> int:
        """Milliseconds that `message` takes from `sender` to `to`."""
        kind = type(message)
        if kind is Request:
            return self.request_ms
        if kind is WatchChange or kind is WatchClosed:
            return self.change_ms
        if kind is Response:
            # The answer that opens a watch comes before its first change.
            return self.change_ms if message.watching else self.answer_ms
        return 0
