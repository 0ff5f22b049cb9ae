"""A consistent read from the watch cache: ask the store for its revision, wait until the cache has seen it.

*In Kubernetes:* `ConsistentListFromCache` in `k8s.io/apiserver/pkg/storage/cacher`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.work import AwaitRevision, Work
from cp_sim.etcd.store import StoreAnswer


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """The store has told its revision: the handler goes on when the cache is there."""
    work.handler, work.state = work.state
    return AwaitRevision(answer.revision)
