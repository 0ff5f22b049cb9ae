"""Leases: what keys hang on which lease.  Time is not here: whoever has a clock revokes what has run out.

Source: etcd `server/lease/lessor.go`.
"""

from __future__ import annotations

from cp_sim.etcd import api

# A shorter time to live is raised to this: ceil(3/2 election timeouts of one second).
MINIMUM_TTL_S = 2
MAXIMUM_TTL_S = 9_000_000_000


class Lease:
    """A lease: its granted time to live, when it runs out unless it is kept alive, and the keys that vanish then."""

    __slots__ = ("expires_ms", "id", "keys", "ttl_s")

    def __init__(self, id_: int, ttl_s: int, expires_ms: int = 0) -> None:
        self.id = id_
        self.ttl_s = ttl_s
        self.expires_ms = expires_ms
        self.keys: dict[str, None] = {}


class Lessor:
    """All leases of a store."""

    def __init__(self) -> None:
        self.leases: dict[int, Lease] = {}
        self._next_id = 1

    def copy(self) -> Lessor:
        """An independent lessor with the same leases."""
        made = Lessor()
        made._next_id = self._next_id
        for lease in self.leases.values():
            twin = made.leases[lease.id] = Lease(lease.id, lease.ttl_s, lease.expires_ms)
            twin.keys = dict(lease.keys)
        return made

    def grant(self, ttl_s: int, id_: int = 0, now_ms: int = 0) -> Lease:
        """Make a lease whose time runs from `now_ms` on; an id of 0 lets the store choose one.

        Raises:
            EtcdError: the time is too long, or the id is taken.
        """
        if ttl_s > MAXIMUM_TTL_S:
            raise api.lease_ttl_too_large()
        if id_ == 0:
            while self._next_id in self.leases:
                self._next_id += 1
            id_ = self._next_id
            self._next_id += 1
        if id_ in self.leases:
            raise api.lease_exists()
        lease = Lease(id_, max(ttl_s, MINIMUM_TTL_S))
        self.leases[id_] = lease
        lease.expires_ms = now_ms + 1000 * lease.ttl_s
        return lease

    def renew(self, id_: int, now_ms: int) -> int:
        """Let a lease begin its time to live anew; returns its seconds, 0 if there is no such lease."""
        lease = self.leases.get(id_)
        if lease is None:
            return 0
        lease.expires_ms = now_ms + 1000 * lease.ttl_s
        return lease.ttl_s

    def renew_all(self, now_ms: int, extra_ms: int = 0) -> None:
        """Let every lease begin anew, as a new leader does, who cannot know how much was left.

        etcd adds `extra_ms`, an election timeout, for the clients that are still looking for the new leader.
        """
        for lease in self.leases.values():
            lease.expires_ms = now_ms + 1000 * lease.ttl_s + extra_ms

    def require(self, id_: int) -> Lease:
        """The lease of that id.

        Raises:
            EtcdError: there is none.
        """
        lease = self.leases.get(id_)
        if lease is None:
            raise api.lease_not_found()
        return lease

    def attach(self, id_: int, key: str) -> None:
        """Let `key` vanish with the lease."""
        self.leases[id_].keys[key] = None

    def detach(self, id_: int, key: str) -> None:
        """Free `key` from the lease; a lease that is gone is fine."""
        lease = self.leases.get(id_)
        if lease is not None:
            lease.keys.pop(key, None)
