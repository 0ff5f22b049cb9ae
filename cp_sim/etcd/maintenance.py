"""The requests and answers of etcd's Maintenance service, as records: compaction, alarms, hashes, status.

Compaction and alarms go through the log, so that all members agree on them; the rest asks one member about itself.

*In Kubernetes:* `etcdserverpb.Maintenance` (and `KV.Compact`), what `etcdctl endpoint status`, `alarm`, `defrag` and
`snapshot` ask. Sizes are bytes.

Source: etcd `api/etcdserverpb/rpc.proto`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.sim import immutable

# The alarms. NOSPACE lets only reads, deletes and compactions through, CORRUPT nothing at all.
NOSPACE, CORRUPT = "NOSPACE", "CORRUPT"
# What an AlarmRequest does.
GET, ACTIVATE, DEACTIVATE = "GET", "ACTIVATE", "DEACTIVATE"


@immutable
class CompactionRequest:
    """Forget what can only be seen before `revision`; `physical` waits until the room is given back."""

    revision: int
    physical: bool = False


@immutable
class CompactionResponse:
    """It counts; the room may be given back a little later."""

    revision: int


@immutable
class Alarm:
    """An alarm that `member` has raised and nobody has disarmed yet."""

    member: str
    alarm: str


@immutable
class AlarmRequest:
    """List alarms of a kind (`GET`; of every kind without `alarm`), raise the alarm of a member or disarm it."""

    action: str = GET
    member: str = ""
    alarm: str = ""


@immutable
class AlarmResponse:
    """The alarms that were asked for, raised or disarmed."""

    revision: int
    alarms: tuple[Alarm, ...] = ()


@immutable
class StatusRequest:
    """How is the member that is asked."""


@immutable
class StatusResponse:
    """A member about itself: the size of its file and what of it is in use, who leads, how far its log is applied.

    `errors` are its alarms; `leader` is empty while nobody leads.
    """

    revision: int
    member: str
    version: str
    db_size: int
    db_size_in_use: int
    db_size_quota: int
    leader: str
    raft_term: int
    raft_index: int
    raft_applied_index: int
    learner: bool = False
    errors: tuple[str, ...] = ()


@immutable
class HashKVRequest:
    """The checksum of all that can be read up to `revision` (0: now) at the member that is asked."""

    revision: int = 0


@immutable
class HashKVResponse:
    """The checksum, and between which revisions it was taken."""

    revision: int
    hash: int
    compact_revision: int
    hash_revision: int


@immutable
class DefragmentRequest:
    """Let the file of the member that is asked shrink to what is in use."""


@immutable
class DefragmentResponse:
    """It has shrunk."""

    revision: int


@immutable
class SnapshotRequest:
    """All that the member holds."""


@immutable
class SnapshotResponse:
    """A `cp_sim.etcd.snapshot.Snapshot`."""

    revision: int
    snapshot: Any
