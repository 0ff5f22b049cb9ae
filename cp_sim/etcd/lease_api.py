"""The requests and answers of etcd's Lease service, as records.

*In Kubernetes:* `etcdserverpb.Lease`; the API server hangs Events on leases, so that they vanish after an hour.
A lease's id is chosen by whoever proposes the grant, before it is replicated, so that every member knows it by the
same id. Times to live are seconds.

Source: etcd `api/etcdserverpb/rpc.proto`.
"""

from __future__ import annotations

from cp_sim.sim import immutable


@immutable
class LeaseGrantRequest:
    """Make a lease of `ttl` seconds; an `id` of 0 lets the store choose one."""

    ttl: int
    id: int = 0


@immutable
class LeaseGrantResponse:
    """The lease and the time to live that it was given, which may be longer than asked for."""

    revision: int
    id: int
    ttl: int


@immutable
class LeaseRevokeRequest:
    """End a lease now; its keys vanish."""

    id: int


@immutable
class LeaseRevokeResponse:
    """The lease is gone."""

    revision: int


@immutable
class LeaseKeepAliveRequest:
    """Let a lease begin its time to live anew."""

    id: int


@immutable
class LeaseKeepAliveResponse:
    """The seconds it has from now on; 0 says that there is no such lease."""

    revision: int
    id: int
    ttl: int


@immutable
class LeaseTimeToLiveRequest:
    """How long has a lease left, and with `keys`, what hangs on it."""

    id: int
    keys: bool = False


@immutable
class LeaseTimeToLiveResponse:
    """`ttl` seconds left of `granted_ttl`; a `ttl` of -1 says that there is no such lease."""

    revision: int
    id: int
    ttl: int
    granted_ttl: int = 0
    keys: tuple[str, ...] = ()


@immutable
class LeaseLeasesRequest:
    """Which leases are there."""


@immutable
class LeaseLeasesResponse:
    """The ids of all leases, smallest first."""

    revision: int
    leases: tuple[int, ...] = ()
