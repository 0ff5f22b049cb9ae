"""Leader election: of several equal processes one works, the others wait for its lease to run out.

The candidates write one Lease in `kube-system`.  The leader renews it every 2 s; who waits looks every 2 to 4.4 s and
takes it when it has not changed for 15 s.  A leader that could not renew for 10 s stops at once: the process exits and
is started anew, with empty caches and under a new identity.

*In Kubernetes:* k8s.io/client-go/tools/leaderelection, with the defaults of kube-scheduler, kube-controller-manager and
cloud-controller-manager (`--leader-elect-lease-duration` 15 s, `--leader-elect-renew-deadline` 10 s,
`--leader-elect-retry-period` 2 s).  A leader that stood still and finds the lease in another hand goes on trying for
the renew deadline before it gives up, and may write meanwhile: so does the real one.  *Simplified:* no coordinated
election (LeaseCandidate); the Event `stopped leading` is lost with the process.
"""

from __future__ import annotations

import uuid
from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.client.client import Component
from cp_sim.client.lease_record import NAMESPACE, Candidate, LeaseRecord, read, spec_of
from cp_sim.client.recorder import EventRecorder
from cp_sim.sim import Timer, immutable

LEASES = "leases.coordination.k8s.io"
# How much longer than the retry period those who wait may pause: up to 1 + 1.2 times as long.
JITTER_FACTOR = 1.2
WAITING, LEADING, STOPPED = "waiting", "leading", "stopped"
LOST = "leaderelection lost"


@immutable
class Election:
    """That and how a process stands for election on `host`; a process that has lost its lease tells `report_to`."""

    host: str = "control-plane-1"
    report_to: str = ""
    lease_ms: int = 15_000
    renew_deadline_ms: int = 10_000
    retry_ms: int = 2_000


@immutable
class LeaseNote:
    """The evidence of records about a lease: who spoke, who holds it, how often it has changed hands."""

    lease: str
    identity: str
    holder: str
    transitions: int
    renew_time: str


class LeaderElector:
    """The part of a process that stands for election and keeps the lease.

    `state` is `waiting`, `leading` or `stopped`.  The process hears by name: `on_started()` when it begins to lead,
    `on_lost()` when it must stop.  `term_ends_ms` is until when the lease that was written last is this process' by any
    reckoning: its duration after the renewal was sent.
    """

    def __init__(
        self,
        owner: Component,
        lease: str,
        election: Election,
        event_source: str = "",
        release: bool = False,
        on_started: str = "started_leading",
        on_lost: str = "lost_lease",
    ) -> None:
        self.owner = owner
        self.lease = lease
        self.election = election
        self.release_on_exit = release
        self.on_started = on_started
        self.on_lost = on_lost
        self.state = ""
        self.candidate = Candidate("", election.lease_ms // 1000)
        self.term_ends_ms = 0
        self.recorder = EventRecorder(owner.api, event_source or lease)
        self._object: Any = None  # the Lease as it was last read or written
        self._round = 0
        self._round_ms = 0
        self._asked_ms = 0  # when this try began, by the clock and as the lease writes it
        self._asked = ""
        self._deadline: Timer | None = None
        self._reported = ""

    @property
    def identity(self) -> str:
        """`host_uuid`: two processes of one host are two candidates."""
        return self.candidate.identity

    @property
    def holder(self) -> str:
        """Who leads, as far as this candidate knows."""
        return self.candidate.observed.holder

    @property
    def leading(self) -> bool:
        """Whether the process works as the leader."""
        return self.state == LEADING

    def start(self) -> None:
        """Stand for election from now on; once."""
        if self.state:
            return
        chance = self.owner.loop.chance.stream(f"identity/{self.owner.name}")
        unique = uuid.UUID(int=chance.getrandbits(128), version=4)
        self.candidate.identity = f"{self.election.host}_{unique}"
        self.state = WAITING
        self._try(0)

    # -- when to try ---------------------------------------------------------------------------------------------------

    def _later(self, delay_ms: int, method: str) -> Timer:
        return self.owner.api.later(delay_ms, self, method, self._round)

    def _begin_round(self, round_: int) -> None:
        """Renew: now, and every retry period until it has succeeded or the renew deadline is over."""
        if round_ != self._round or self.state != LEADING:
            return
        self._round_ms = self._now_ms
        self._deadline = self._later(self.election.renew_deadline_ms, "_too_late")
        self._try(round_)

    def _too_late(self, round_: int) -> None:
        if round_ == self._round and self.state == LEADING:
            self._lose()

    def _try(self, round_: int) -> None:
        if round_ != self._round or self.state == STOPPED:
            return
        self.owner.loop.caused_by(None)
        self._asked_ms, self._asked = self._now_ms, self._now_text
        if self.candidate.is_leader and self.candidate.is_valid(self._now_ms) and self._object is not None:
            self._write("update", self.candidate.wanted(self._asked), "_renewed_at_once")
        else:
            self._get()

    def _succeeded(self, record: LeaseRecord, lease: Any) -> None:
        self._object = lease
        self.candidate.wrote(record, self._now_ms)
        self.term_ends_ms = self._asked_ms + self.election.lease_ms
        self._round += 1
        if self._deadline is not None:
            self.owner.loop.cancel(self._deadline)
            self._deadline = None
        self._later(self.election.retry_ms, "_begin_round")
        if self.state == WAITING:
            self._lead()

    def _failed(self) -> None:
        retry_ms = self.election.retry_ms
        if self.state == LEADING:
            ticks = (self._now_ms - self._round_ms) // retry_ms + 1
            self._later(self._round_ms + ticks * retry_ms - self._now_ms, "_try")
            return
        chance = self.owner.loop.chance.stream(f"election/{self.owner.name}")
        self._later(retry_ms + int(chance.random() * JITTER_FACTOR * retry_ms), "_try")
        self._report()

    # -- one try -------------------------------------------------------------------------------------------------------

    def _get(self) -> None:
        self._send(Call("get", LEASES, NAMESPACE, self.lease), "_got", None)

    def _renewed_at_once(self, record: LeaseRecord, response: Response) -> None:
        """The fast way of a leader: nobody else has written since."""
        if self.state == STOPPED:
            return
        if response.ok:
            self._succeeded(record, response.body)
        else:
            self._get()

    def _got(self, _context: Any, response: Response) -> None:
        if self.state == STOPPED:
            return
        if response.status == 404:
            self._write("create", self.candidate.first(self._asked), "_written")
        elif not response.ok:
            self._failed()
        else:
            self._object = response.body
            self.candidate.fetched(read(response.body), self._now_ms)
            if self.candidate.may_take(self._asked_ms):
                self._write("update", self.candidate.wanted(self._asked), "_written")
            else:
                self._failed()

    def _written(self, record: LeaseRecord, response: Response) -> None:
        if self.state == STOPPED:
            return
        if response.ok:
            self._succeeded(record, response.body)
        else:
            self._failed()

    def _write(self, verb: str, record: LeaseRecord, then: str) -> None:
        if verb == "create":
            metadata = {"name": self.lease, "namespace": NAMESPACE}
            made = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
            call = Call("create", LEASES, NAMESPACE, body={**made, "spec": spec_of(record)})
        else:
            call = Call("update", LEASES, NAMESPACE, self.lease, body={**self._object, "spec": spec_of(record)})
        self._send(call, then, record)

    def _send(self, call: Call, then: str, context: Any) -> None:
        timeout_ms = max(1_000, self.election.renew_deadline_ms // 2)
        self.owner.api.send(call, then, context, self, timeout_ms)

    # -- what comes of it ----------------------------------------------------------------------------------------------

    def _lead(self) -> None:
        self.state = LEADING
        self._note("acquire lease", f"{self.identity} became leader")
        self._reported = self.identity
        self.recorder.emit(self._object, "Normal", "LeaderElection", f"{self.identity} became leader")
        getattr(self.owner, self.on_started)()

    def _lose(self) -> None:
        self.state = STOPPED
        self._note("lose lease", LOST)
        getattr(self.owner, self.on_lost)()

    def _report(self) -> None:
        """Say once of each leader that this process waits for it."""
        if self.holder and self.holder != self._reported:
            self._reported = self.holder
            self._note("wait for lease", f"held by {self.holder}")

    def give_up(self, then: str) -> None:
        """The process is asked to end: stop leading, release the lease where the component does; then `owner.<then>()`.

        *In Kubernetes:* `ReleaseOnCancel`, set by kube-scheduler; kube-controller-manager v1.36 has it behind the alpha
        gate ControllerManagerReleaseLeaderElectionLockOnExit, off by default.
        """
        leads, self.state = self.state == LEADING and self.candidate.is_leader, STOPPED
        if leads and self.release_on_exit:
            self._note("release lease", f"{self.identity} ends")
            record = self.candidate.released(self._now_text)
            call = Call("update", LEASES, NAMESPACE, self.lease, body={**self._object, "spec": spec_of(record)})
            self._send(call, "_released", then)
        else:
            getattr(self.owner, then)()

    def _released(self, then: str, _response: Response) -> None:
        getattr(self.owner, then)()

    def _note(self, verb: str, because: str) -> None:
        seen = self.candidate.observed
        note = LeaseNote(self.lease, self.identity, seen.holder, seen.transitions, seen.renew_time)
        subject = f"leases/{NAMESPACE}/{self.lease}"
        self.owner.loop.record(verb, subject, because, evidence=note, actor=self.owner.name)

    @property
    def _now_ms(self) -> int:
        return self.owner.loop.clock.now_ms

    @property
    def _now_text(self) -> str:
        return self.owner.loop.clock.micro_timestamp()
