"""The requests and answers of etcd's Maintenance service, as records: compaction, alarms, hashes, status.

Compaction and alarms go through the log, so that all members agree on them; the rest asks one member about itself.

*In Kubernetes:* `etcdserverpb.Maintenance` (and `KV.Compact`), what `etcdctl endpoint status`, `alarm`, `defrag` and
`snapshot` ask. Sizes are bytes.

Source: etcd `api/etcdserverpb/rpc.proto`.
"""

from __future__ import annotations

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
    """List alarms (`GET`), raise one or disarm one; no `member` means any, no `alarm` means every kind."""

    action: str = GET
    member: str = ""
    alarm: str = ""


@immutable
class AlarmResponse:
    """The alarms that were asked for, raised or disarmed."""

    revision: int
    alarms: tuple[Alarm, ...] = ()
