"""The store, looked at from outside: costs no time, asks nobody, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cp_sim.etcd.store import KeyValue


class Looking:
    """The store, looked at from outside; of several members, as the one has it that has applied most."""

    def __init__(self, world: Any) -> None:
        self._world = world

    @property
    def name(self) -> str:
        """The name of the member that is looked at, and asked where no endpoint is given."""
        return str(self._world.store_actor.name)

    @property
    def current_revision(self) -> int:
        """The number of writes so far, plus one."""
        return int(self._world.store_actor.current_revision)

    @property
    def compact_revision(self) -> int:
        """The oldest revision that can be read; 0 if nothing was compacted yet."""
        return int(self._world.store_actor.compact_revision)

    def range_at(self, prefix: str, revision: int = 0) -> list[KeyValue]:
        """The keys that begin with `prefix` as of `revision` (0: now), in order.

        Raises:
            EtcdError: the revision is compacted or still to come.
        """
        with self._world.turn:
            found: list[KeyValue] = self._world.store_actor.range_at(prefix, revision)
            return found

    def get_at(self, key: str, revision: int = 0) -> KeyValue | None:
        """One key as of `revision` (0: now), or None.

        Raises:
            EtcdError: the revision is compacted or still to come.
        """
        with self._world.turn:
            found: KeyValue | None = self._world.store_actor.get_at(key, revision)
            return found

    def all_values(self) -> Iterator[Any]:
        """Every object that the store holds in any revision; some more than once."""
        found: Iterator[Any] = self._world.store_actor.all_values()
        return found

    def keys(self, prefix: str = "") -> list[str]:
        """Every key below `prefix` that is there, or was at a revision which can still be read, in order."""
        actor = self._world.store_actor
        if hasattr(actor, "mvcc"):
            names: list[str] = actor.mvcc.keys()
            return [name for name in names if name.startswith(prefix)]
        return [kv.key for kv in self.range_at(prefix)]

    def history(self, key: str) -> list[KeyValue]:
        """All versions of a key that can still be read, oldest first; `version` 0 says that it was deleted then."""
        actor, found = self._world.store_actor, list[KeyValue]()
        if hasattr(actor, "mvcc"):
            return list(actor.mvcc.versions(key))
        revision = self.current_revision
        while revision >= max(1, self.compact_revision):
            kv = self.get_at(key, revision)
            if kv is None:
                break
            found.append(kv)
            revision = kv.mod_revision - 1
        return found[::-1]

    def __repr__(self) -> str:
        return f"<etcd at revision {self.current_revision}, compacted at {self.compact_revision}>"
