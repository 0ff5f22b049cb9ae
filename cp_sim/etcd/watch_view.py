"""A watch that was opened from outside: it collects what it is told, to be read and printed."""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.printing import kv_text
from cp_sim.etcd.store import KeyChange, WatchChanges
from cp_sim.etcd.watch import WatchEvent, event


class Watch:
    """What happens to the keys of a range, as `etcdctl watch` tells it; prints as there.

    It goes on collecting while the cluster runs, until `cancel` or until etcd ends it: then `cancelled` is true and
    `error` says why, e.g. `etcdserver: mvcc: required revision has been compacted`.
    """

    def __init__(self, world: Any, span: tuple[str, str], revision: int, prev_kv: bool, endpoint: str) -> None:
        self.key, self.range_end = span
        self.revision = revision
        self._world = world
        self._prev_kv = prev_kv
        self._cancelled = False
        self._endpoint: str = endpoint or world.etcd.name
        self._token: int = world.watch_store(_prefix(*span), revision, self._endpoint)

    def _told(self) -> list[WatchChanges]:
        found: list[WatchChanges] = self._world.user.heard.get(self._token, [])
        return found

    @property
    def events(self) -> list[WatchEvent]:
        """What the watch was told so far, in order: `type` PUT or DELETE, `kv`, and `prev_kv` if it was asked for."""
        compacted = self._world.etcd.compact_revision
        return [
            event(change, self._prev_kv, compacted)
            for told in self._told()
            for change in told.changes
            if self._wants(change)
        ]

    @property
    def told_revision(self) -> int:
        """The revision up to which the watch was told everything; to go on after it, watch from the next one."""
        return max((told.revision for told in self._told() if not told.error), default=0)

    @property
    def error(self) -> str:
        """Why etcd has ended the watch; empty while it has not."""
        return next((told.error for told in self._told() if told.error), "")

    @property
    def compact_revision(self) -> int:
        """For a watch that asked for what was compacted: the oldest revision that can be watched; else 0."""
        return next((told.compact_revision for told in self._told() if told.error), 0)

    @property
    def cancelled(self) -> bool:
        """Whether the watch has ended."""
        return self._cancelled or bool(self.error)

    def cancel(self) -> None:
        """End the watch; what it was told stays."""
        if not self.cancelled:
            self._world.cancel_store_watch(self._token, self._endpoint)
        self._cancelled = True

    def _wants(self, change: KeyChange) -> bool:
        if not self.range_end:
            return change.key == self.key
        end = api.end_of(self.range_end)
        return self.key <= change.key and (end is None or change.key < end)

    def __str__(self) -> str:
        lines = [f"{told.type}\n{kv_text(told.prev_kv) + chr(10) if told.prev_kv else ''}{kv_text(told.kv)}"
                 for told in self.events]  # fmt: skip
        if self.error:
            lines.append(f"watch was canceled ({self.error})")
        return "\n".join(lines)

    def __repr__(self) -> str:
        state = f"ended: {self.error or 'cancelled'}" if self.cancelled else f"told up to revision {self.told_revision}"
        return f"<Watch of {self.key!r}, {len(self.events)} events, {state}>"


def _prefix(key: str, range_end: str) -> str:
    """What all keys of the range begin with; members are asked to watch that."""
    if not range_end:
        return key
    if range_end == api.FROM_KEY:
        return ""
    if range_end == api.prefix_end(key):
        return key
    shared = 0
    for left, right in zip(key, range_end):
        if left != right:
            break
        shared += 1
    return key[:shared]
