"""Forgetting the store's history: every five minutes one of the servers has what is older than that compacted.

The servers agree without knowing each other: each tries to write `compact_rev_key` on condition that nobody has since
its last look. Who succeeds compacts up to the revision of its last look; who does not takes note and waits.

*In Kubernetes:* `k8s.io/apiserver/pkg/storage/etcd3/compact.go` (it compares the key's version; here its revision,
which changes with it), `--etcd-compaction-interval`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.store import Compact, Put, StoreAnswer, StoreRequest
from cp_sim.sim import immutable

INTERVAL_MS = 300_000
# The key that the servers agree by; reading it tells the store's revision.
KEY = "compact_rev_key"


@immutable
class Round:
    """Timer: it is time to try."""


class Compactor:
    """The part of a server that compacts, every `interval_ms`; 0 for never."""

    def __init__(self, server: Any, interval_ms: int = 0) -> None:
        self.server = server
        self.interval_ms = interval_ms
        self.compacted = 0  # what was compacted last, as far as this server knows
        self._seen = 0  # the key's revision at the last look
        self._revision = 0  # the store's revision at the last look
        self._token = 0

    def start(self) -> None:
        """Wait for the first round."""
        if self.interval_ms:
            self.server.loop.after(self.interval_ms, self.server.name, Round(), background=True)

    def begin(self) -> None:
        """Try to be the one who compacts."""
        self.start()
        self.server.loop.caused_by(None)
        self._ask(Put(KEY, str(self._revision), expect=self._seen))

    def _ask(self, operation: Any) -> None:
        self._token = self.server.link.token()
        self.server.loop.send(self.server.store, StoreRequest(operation, self.server.name, self._token))

    def awaits(self, token: int) -> bool:
        """Whether an answer is to one of its questions."""
        return token == self._token != 0

    def answered(self, answer: StoreAnswer) -> None:
        """The key was written, or somebody else had been faster."""
        self._token = 0
        if answer.error or answer.kv is None or answer.kv.key != KEY:
            return
        wanted, self._revision, self._seen = self._revision, answer.revision, answer.kv.mod_revision
        if not answer.succeeded:
            self.compacted = int(answer.kv.value or 0)
        elif wanted:
            self.compacted = wanted
            because = "what is older than five minutes is forgotten"
            self.server.loop.record("compact", f"revisions/{wanted}", because, actor=self.server.name)
            self._ask(Compact(wanted))
