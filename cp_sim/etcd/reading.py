"""Reads that see everything that was acknowledged before they began, without writing to the log.

A member asks the leader up to where the log was committed (the *read index*) and answers once it has applied that much.
One index serves all reads that came before it was asked for; while it is on its way the next ones gather.

*In Kubernetes:* every Get and List that goes to etcd; with `serializable` a member answers from what it has, which may
be old.

Source: etcd `server/etcdserver/v3_server.go`, linearizableReadLoop.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.proposal import AskAgain, Asked, leader_changed
from cp_sim.etcd.proposing import Proposing
from cp_sim.etcd.store import StoreAnswer, StoreRequest
from cp_sim.raft.messages import Dropped

ASK_AGAIN = AskAgain()


class Reading(Proposing):
    """Gathers reads into batches, each with one read index."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._gathering: list[Asked] = []
        self._reading: list[Asked] = []  # the batch whose index was asked for
        self._reading_number = 0
        self._index_asked_ms = 0
        self._ask_again_is_set = False
        self._readable: list[tuple[int, list[Asked]]] = []  # batches that wait until their index is applied

    @property
    def reads_waiting(self) -> int:
        """How many linearizable reads wait for their answer."""
        return len(self._gathering) + len(self._reading) + sum(len(batch) for _, batch in self._readable)

    def _read_linearizable(self, asked: Asked) -> None:
        self._gathering.append(asked)
        self.loop.wake(self)

    def _start_reading(self) -> None:
        """Ask for an index if reads wait and none is on its way."""
        if not self._gathering or self._reading:
            return
        self._reading, self._gathering = self._gathering, []
        self._reading_number += 1
        self._ask_for_index()

    def _ask_for_index(self) -> None:
        number = self._reading_number
        with suppress(Dropped):  # nobody leads: a new leader ends the batch, or its time does
            self.node.read_index((self.disk.boots, number))
        self._index_asked_ms = self.loop.clock.now_ms
        self._arm_reading()

    def _arm_reading(self) -> None:
        """Look again after half a second, should the answer be lost; one timer serves all batches."""
        if not self._ask_again_is_set:
            self._ask_again_is_set = True
            wait_ms = self._index_asked_ms + self.settings.read_retry_ms - self.loop.clock.now_ms
            self.loop.after(wait_ms, self.name, ASK_AGAIN, background=True)

    def _ask_again(self) -> None:
        self._ask_again_is_set = False
        if not self._reading:
            return
        if self.loop.clock.now_ms < self._index_asked_ms + self.settings.read_retry_ms:
            self._arm_reading()
            return
        self._reading = [asked for asked in self._reading if self._is_waiting(asked)]
        if self._reading:
            self._ask_for_index()
        else:
            self._start_reading()
        self._drive()

    def _may_read(self, number: Any, index: int) -> None:
        if not self._reading or number != (self.disk.boots, self._reading_number):
            return
        batch, self._reading = self._reading, []
        self._readable.append((index, batch))
        self._serve_reads()
        if self._gathering:
            self.loop.wake(self)

    def _serve_reads(self) -> None:
        """Answer the reads whose index is applied."""
        while self._readable and self._readable[0][0] <= self.disk.applied:
            _, batch = self._readable.pop(0)
            for asked in batch:
                self._serve_read(asked)

    def _leader_known(self) -> None:
        super()._leader_known()
        # What was asked under another leader may never be answered.
        batch, self._reading = self._reading, []
        for asked in batch:
            self._refuse(asked, leader_changed())
        if self._gathering:
            self.loop.wake(self)

    def _serve_read(self, asked: Asked) -> None:
        if self._asked.pop(asked.number, None) is not None:
            self.loop.caused_by(asked.cause)
            self._answer_read(asked.request)

    def _answer_read(self, request: StoreRequest) -> None:
        """Answer a read from what is applied now."""
        try:
            done = self.applier.read(request.operation, self.loop.clock.now_ms, request.token)
        except api.EtcdError as refused:
            self._reply_error(request, refused)
            return
        self._reply(request, done if type(done) is StoreAnswer else self._response(request.token, done))
