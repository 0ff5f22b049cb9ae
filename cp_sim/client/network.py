"""How long requests, answers and watch changes travel, and what a broken link does to them."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Request, Response, WatchChange, WatchClosed
from cp_sim.raft.messages import Message
from cp_sim.sim import Links


class ClusterNetwork:
    """A network between components and API server with the delays of one machine room.

    A change reaches those who watch before the answer reaches the one who wrote, as it mostly does in reality: answers
    are made for one alone, changes are on their way as soon as the store has them.  The API server and its store share
    a machine; between members of the store a message takes a millisecond and sometimes two.

    `links` are the links between the machines, with their faults; None is a network that knows none.
    """

    def __init__(
        self, links: Links | None = None, request_ms: int = 1, change_ms: int = 1, answer_ms: int = 2, peer_ms: int = 1
    ) -> None:
        self.links = links
        self.change_ms = change_ms
        self.answer_ms = answer_ms
        self.peer_ms = peer_ms
        self._delays = {Request: request_ms, Response: answer_ms, WatchChange: change_ms, WatchClosed: change_ms}

    def delay_ms(self, sender: str, to: str, message: Any) -> int | tuple[int, ...]:
        """Milliseconds that `message` takes from `sender` to `to`; a tuple: that of each copy, none if it is lost."""
        links = self.links
        kind = type(message)
        delay = self._delays.get(kind)
        if delay is None:
            if kind is Message:
                return self._between_members(sender, to, message)
            if links is None or not links.hosts or links.same_host(sender, to):
                return 0
            delay = self.peer_ms
        elif kind is Response and message.watching:
            delay = self.change_ms  # the answer that opens a watch comes before its first change
        return links.stream(sender, to, delay) if links is not None and links.troubled else delay

    def _between_members(self, sender: str, to: str, message: Message) -> int | tuple[int, ...]:
        links = self.links
        if links is None:
            return self.peer_ms
        delay = self.peer_ms + (links.chance.stream("links/raft").random() < LATE)
        if message.kind == "propose":
            # Raft repeats what is lost and knows what it has seen, but for a proposal that is passed on: etcd trusts
            # its connections not to double one, or it would be written twice.
            return links.stream(sender, to, delay) if links.troubled else delay
        return links.packet(sender, to, delay) if links.faults else delay


# How many of the messages between members of the store take a millisecond longer.
LATE = 0.1
