"""The records of a member: what it proposes, whom it owes an answer, what wakes it, and what it tells of itself."""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.store import StoreRequest
from cp_sim.sim import immutable


@immutable
class Settings:
    """A member's timing and limits; the values are etcd's own.

    `snapshot_count` entries after the last snapshot the log is cut, but for the last `catch_up_entries`, which stay for
    members that lag a little; `quota_backend_bytes` of 0 is etcd's default.  Source: etcd `server/embed/config.go`
    (v3.6), `server/etcdserver/server.go`.
    """

    tick_ms: int = 100
    election_ticks: int = 10
    snapshot_count: int = 10_000
    catch_up_entries: int = 5_000
    request_ms: int = 5_000
    read_retry_ms: int = 500
    gap_limit: int = 5_000
    quota_backend_bytes: int = 0
    auto_compaction_mode: str = "periodic"
    auto_compaction_retention: str = "0"

    @property
    def election_ms(self) -> int:
        """How long a member waits for a leader before it stands for election, at the least."""
        return self.tick_ms * self.election_ticks

    @property
    def timeout_ms(self) -> int:
        """How long a member tries to answer a request: 5 s for the disk and the network, and two elections.

        Source: etcd `server/config/config.go`, ReqTimeout.
        """
        return self.request_ms + 2 * self.election_ms


@immutable
class Proposal:
    """What an entry of the log carries: an operation, who proposed it under which number, when, and because of which
    record.
    """

    operation: Any
    member: str
    number: int
    time_ms: int
    cause: int | None


@immutable
class Asked:
    """A request that waits for its answer, since `since_ms`; `cause` is the record that made somebody ask."""

    number: int
    request: StoreRequest
    since_ms: int
    cause: int | None


@immutable
class RaftNote:
    """What a member was after a change of its role: the evidence of the records about `members/<name>`.

    `role` is "leader", "follower", "candidate", "pre-candidate" or "learner", `leader` whom it follows (empty: nobody
    is known), `commit` the last entry that it knows to be committed.
    """

    member: str
    role: str
    term: int
    leader: str
    commit: int


@immutable
class Tick:
    """Timer: raft's clock may have something to say."""


@immutable
class Written:
    """Timer: the disk has confirmed what was written in this boot as number `number`."""

    number: int


@immutable
class Overdue:
    """Timer: the oldest request has waited as long as etcd lets it."""


@immutable
class AskAgain:
    """Timer: the read index that was asked for may have been lost."""


@immutable
class Leaderless:
    """Timer: there has been no leader for three elections; `loss` counts the losses."""

    loss: int


@immutable
class LookBack:
    """Timer: it is time to ask whether history may be forgotten."""


@immutable
class LeaseEnds:
    """Timer: a lease has not been kept alive."""

    lease: int


@immutable
class MemberStopped:
    """A member has ended by itself; whoever looks after it (the kubelet, for a static pod) starts it anew."""

    name: str
    reason: str


@immutable
class Gone:
    """To a member that was removed: it does not belong to the group any more.

    *In Kubernetes:* the answer "410 Gone" of a peer's raft handler.
    """

    member: str


def no_leader() -> api.EtcdError:
    """The request asks for a leader, and the member knows none."""
    return api.EtcdError("UNAVAILABLE", "etcdserver: no leader")


def leader_changed() -> api.EtcdError:
    """A new leader was elected while the read was on its way."""
    return api.EtcdError("UNAVAILABLE", "etcdserver: leader changed")


def stopped() -> api.EtcdError:
    """The member has stopped."""
    return api.EtcdError("UNAVAILABLE", "etcdserver: server stopped")


def timed_out() -> api.EtcdError:
    """No quorum has answered in time."""
    return api.EtcdError("UNAVAILABLE", "etcdserver: request timed out")


def deadline_exceeded() -> api.EtcdError:
    """Nobody has led for so long that the request was never proposed; the words are those of Go's context package."""
    return api.EtcdError("UNKNOWN", "context deadline exceeded")


def timed_out_leader_failed() -> api.EtcdError:
    """The request began under a leader that is gone."""
    return api.EtcdError("UNAVAILABLE", "etcdserver: request timed out, possibly due to previous leader failure")


def timed_out_connection_lost() -> api.EtcdError:
    """The member does not hear those whom it needs."""
    return api.EtcdError("UNAVAILABLE", "etcdserver: request timed out, possibly due to connection lost")


def too_many_requests() -> api.EtcdError:
    """Too many committed entries wait to be applied."""
    return api.EtcdError("RESOURCE_EXHAUSTED", "etcdserver: too many requests")


def not_for_learners() -> api.EtcdError:
    """A learner answers serializable reads and nothing else."""
    return api.EtcdError("FAILED_PRECONDITION", "etcdserver: rpc not supported for learner")


def proposal_dropped() -> api.EtcdError:
    """The leader is handing over.  etcd hands raft's own words through."""
    return api.EtcdError("UNKNOWN", "raft proposal dropped")
