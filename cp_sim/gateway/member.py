"""One member of a cluster's store, as the gateway sees it: the one seam between gRPC and the world."""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.cluster_api import member_id
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.store import StoreAnswer
from cp_sim.etcd.wire import convert
from cp_sim.etcd.wire.messages import Message
from cp_sim.gateway.turn import SharedTurn

CLUSTER_NAME = "cp-sim"


class Unreachable(Exception):
    """The member is down: a real one would not take the connection."""


class Member:
    """The member `name` of `cluster`; `served` says where the gateway serves it and the others."""

    def __init__(self, cluster: Any, name: str, turn: SharedTurn, served: dict[str, str]) -> None:
        self.cluster = cluster
        self.name = name
        self.turn = turn
        self.served = served

    @property
    def id(self) -> int:
        """The number by which etcd's clients know the member."""
        return member_id(self.name)

    @property
    def actor(self) -> Etcd:
        """The member's actor.

        Raises:
            Unreachable: it is down.
        """
        found = self.cluster.loop.actors.get(self.name)
        if not isinstance(found, Etcd) or found.stopped:
            raise Unreachable(f"{self.name} is down")
        return found

    @property
    def mvcc(self) -> Mvcc:
        """The key space as the member has it; whoever looks at it holds the turn.

        Raises:
            Unreachable: the member is down.
        """
        return self.actor.mvcc

    def ask(self, operation: Any) -> StoreAnswer:
        """Put a request to the member and let the world go on until it is answered.

        Raises:
            Unreachable: the member is down.
        """
        with self.turn:
            name = self.actor.name
            answer: StoreAnswer = self.cluster.ask_store(operation, name)
        if answer.error and not answer.code:
            raise Unreachable(answer.error)  # nobody was there to answer with a code
        return answer

    def header(self, revision: int) -> Message:
        """The header of an answer that was given at `revision`."""
        return convert.header(revision, member_id(CLUSTER_NAME), self.id, self.actor.node.term)
