"""Who holds a lease, and whether one may take it: the decisions of a candidate, without clock and without messages.

*In Kubernetes:* `LeaderElectionRecord` (k8s.io/client-go/tools/leaderelection/resourcelock/interface.go) and the
bookkeeping of `LeaderElector` (leaderelection.go).
"""

from __future__ import annotations

from typing import Any

from cp_sim.sim import immutable

Object = dict[str, Any]
NAMESPACE = "kube-system"


@immutable
class LeaseRecord:
    """What a Lease says.  Times are texts of the holder's clock; nobody but people compares them."""

    holder: str = ""
    lease_s: int = 0
    acquire_time: str = ""
    renew_time: str = ""
    transitions: int = 0


def read(lease: Object) -> LeaseRecord:
    """The record in a Lease object."""
    spec = lease.get("spec") or {}
    return LeaseRecord(
        spec.get("holderIdentity") or "",
        spec.get("leaseDurationSeconds") or 0,
        spec.get("acquireTime") or "",
        spec.get("renewTime") or "",
        spec.get("leaseTransitions") or 0,
    )


def spec_of(record: LeaseRecord) -> Object:
    """The `spec` of a Lease with this record."""
    return {
        "holderIdentity": record.holder,
        "leaseDurationSeconds": record.lease_s,
        "acquireTime": record.acquire_time,
        "renewTime": record.renew_time,
        "leaseTransitions": record.transitions,
    }


class Candidate:
    """What one candidate has seen of the lease, and when, by its own clock.

    A lease counts as valid for as long as it says after the candidate has *seen it change*: the times in the record are
    those of another machine's clock, and clocks differ.
    """

    def __init__(self, identity: str, lease_s: int) -> None:
        self.identity = identity
        self.lease_s = lease_s
        self.observed = LeaseRecord()
        self.observed_ms = 0
        self._fetched: LeaseRecord | None = None

    @property
    def is_leader(self) -> bool:
        """Whether the lease names this candidate, as far as it knows."""
        return bool(self.identity) and self.observed.holder == self.identity

    def is_valid(self, now_ms: int) -> bool:
        """Whether the lease that was seen last has not run out."""
        return self.observed_ms + self.observed.lease_s * 1000 > now_ms

    def wrote(self, record: LeaseRecord, now_ms: int) -> None:
        """The candidate's own record was stored."""
        self.observed, self.observed_ms = record, now_ms

    def fetched(self, record: LeaseRecord, now_ms: int) -> None:
        """The lease was read; only what differs from what was read before starts the wait anew."""
        if record != self._fetched:
            self.observed, self.observed_ms, self._fetched = record, now_ms, record

    def may_take(self, now_ms: int) -> bool:
        """Whether to write oneself into the lease: it is one's own, nobody's, or has run out."""
        return self.is_leader or not self.observed.holder or not self.is_valid(now_ms)

    def wanted(self, now: str) -> LeaseRecord:
        """The record to write at `now`: a renewal of one's own lease, or the lease in a new hand."""
        old = self.observed
        if self.is_leader:
            return LeaseRecord(self.identity, self.lease_s, old.acquire_time, now, old.transitions)
        return LeaseRecord(self.identity, self.lease_s, now, now, old.transitions + 1)

    def first(self, now: str) -> LeaseRecord:
        """The record of a lease that does not exist yet."""
        return LeaseRecord(self.identity, self.lease_s, now, now, 0)

    def released(self, now: str) -> LeaseRecord:
        """The record that gives the lease up: nobody's, and valid for a second only."""
        return LeaseRecord("", 1, now, now, self.observed.transitions)
