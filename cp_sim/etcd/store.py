"""The `Store` interface: what an API server asks of its store, and what it is told.

The shapes are those in which Kubernetes uses etcd (`k8s.io/apiserver/pkg/storage/etcd3`): read one key, read a range at
a revision, put and delete only if nobody was faster, watch, compact, leases.  A request is a message and so is its
answer: with one member it comes at the same instant, with three it takes a quorum.  Whoever answers these messages is
a store: the embedded `etcd`, a replicated one, an adapter to a real one.
"""

from __future__ import annotations

from typing import Any, Protocol

from cp_sim.sim import immutable

# Lists and watches of everything below a prefix use the prefix itself; keys look like /registry/pods/default/web-1.
REGISTRY = "/registry/"


@immutable
class KeyValue:
    """A key as the store has it.  `value` is the stored object; it must not be edited."""

    key: str
    value: Any
    create_revision: int
    mod_revision: int
    version: int
    lease: int = 0


@immutable
class Get:
    """Read one key, now (`revision=0`) or as of a revision.

    With `serializable` the member that is asked answers at once from what it has, which may be old; otherwise a read
    sees everything that was acknowledged before it was asked for.
    """

    key: str
    revision: int = 0
    serializable: bool = False


@immutable
class List:
    """Read the keys below `prefix` in order, at most `limit` (0: all), beginning at `start` (empty: the first).

    `serializable` as in `Get`.
    """

    prefix: str
    revision: int = 0
    limit: int = 0
    start: str = ""
    serializable: bool = False


@immutable
class Put:
    """Write `value`, only if the key's mod_revision is `expect` (0: only if absent; None: whatever is there).

    When that does not hold the answer is `succeeded=False` with the key as it is now, so that the caller need not ask.
    """

    key: str
    value: Any
    expect: int | None = None
    lease: int = 0


@immutable
class Delete:
    """Remove the key, only if its mod_revision is `expect` (None: whatever is there)."""

    key: str
    expect: int | None = None


@immutable
class Compact:
    """Forget all history before `revision`."""

    revision: int


@immutable
class Grant:
    """Make a lease of `ttl_s` seconds; keys put with it vanish when it ends.  The store chooses its `lease` id."""

    ttl_s: int
    lease: int = 0


@immutable
class Revoke:
    """End a lease now; its keys vanish."""

    lease: int


Operation = Get | List | Put | Delete | Compact | Grant | Revoke


@immutable
class StoreRequest:
    """`operation`, to be answered by a `StoreAnswer` with the same `token` to the actor `reply_to`.

    It is one of those above or a request of etcd's own API (`api.py`, `lease_api.py`, `maintenance.py`). With
    `require_leader` a member that knows no leader refuses at once (gRPC metadata `hasleader`).
    """

    operation: Any
    reply_to: str
    token: int
    require_leader: bool = False


@immutable
class StoreAnswer:
    """What became of an operation.

    `revision` is the store's revision at the time of the answer.  `kv` is the key read or written (after a failed
    condition: as it is now, None if absent; after a delete: as it was).  `kvs`, `more` and `count` (all keys of the
    range, whatever the limit) answer a List, `lease` a Grant, `response` a request of etcd's own API (`api.py`).
    `error` is empty or etcd's own text, e.g. `etcdserver: mvcc: required revision has been compacted`, `code` the
    name of its gRPC code, e.g. `OUT_OF_RANGE`.
    """

    token: int
    revision: int
    succeeded: bool = True
    kv: KeyValue | None = None
    kvs: tuple[KeyValue, ...] = ()
    more: bool = False
    count: int = 0
    lease: int = 0
    error: str = ""
    code: str = ""
    response: Any = None


@immutable
class WatchRequest:
    """Send every change below `prefix` from `revision` on (0: from now on) to the actor `reply_to`.

    With `require_leader`, as the API server asks, a member that knows no leader ends the watch with etcd's error.
    """

    prefix: str
    reply_to: str
    token: int
    revision: int = 0
    require_leader: bool = True


@immutable
class CancelWatch:
    """Send no more changes for `token`."""

    reply_to: str
    token: int


@immutable
class WatchProgress:
    """Say up to which revision the watch `token` has been told everything: a `WatchChanges` without changes."""

    reply_to: str
    token: int


@immutable
class KeyChange:
    """One key was put (`kv`) or deleted (`kv` is None); `previous` is what was there before."""

    key: str
    revision: int
    kv: KeyValue | None
    previous: KeyValue | None


@immutable
class WatchChanges:
    """Changes in order of revision; `error` and no changes if the watch cannot go on (its start was compacted)."""

    token: int
    revision: int
    changes: tuple[KeyChange, ...] = ()
    error: str = ""
    compact_revision: int = 0


class Store(Protocol):
    """An actor that answers `StoreRequest`, `WatchRequest` and `CancelWatch`.

    Each successful Put and Delete is recorded in the trace with its revision by whoever asked for it (the API
    server), not by the store: the store knows keys, not reasons.
    """

    name: str

    def receive(self, message: Any) -> None:
        """Take one of the messages above."""
