"""Leases: what keys hang on which lease.  Time is not here: whoever has a clock revokes what has run out.

Source: etcd `server/lease/lessor.go`.
"""

from __future__ import annotations

from cp_sim.etcd import api

# A shorter time to live is raised to this: ceil(3/2 election timeouts of one second).
MINIMUM_TTL_S = 2
MAXIMUM_TTL_S = 9_000_000_000


class Lease:
    """A lease: its granted time to live and the keys that vanish with it."""

    __slots__ = ("id", "keys", "ttl_s")

    def __init__(self, id_: int, ttl_s: int) -> None:
        self.id = id_
        self.ttl_s = ttl_s
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
            twin = made.leases[lease.id] = Lease(lease.id, lease.ttl_s)
            twin.keys = dict(lease.keys)
        return made

    def grant(self, ttl_s: int, id_: int = 0) -> Lease:
        """Make a lease; an id of 0 lets the store choose one.

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
        lease = self.leases[id_] = Lease(id_, max(ttl_s, MINIMUM_TTL_S))
        return lease

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
