"""Keys below a prefix: what a cluster calls `/registry/...` is `PREFIX/registry/...` in a real etcd that it shares.

The way back is in `cp_sim.etcd.wire.convert`, which takes the prefix off before it looks at a key.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from cp_sim.etcd import api


class Below:
    """Puts the keys of requests below `prefix`."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def key(self, key: str) -> str:
        """A key as etcd has it."""
        return self.prefix + key

    def end(self, range_end: str) -> str:
        """The end of a range as etcd has it."""
        if not range_end or not self.prefix:
            return range_end
        return api.prefix_end(self.prefix) if range_end == api.FROM_KEY else self.prefix + range_end

    def request(self, request: Any) -> Any:
        """A Range, Put, DeleteRange or Txn request (or None) as etcd is to get it."""
        if request is None or not self.prefix:
            return request
        if isinstance(request, api.TxnRequest):
            return api.TxnRequest(
                tuple(self._ranged(compare) for compare in request.compare),
                tuple(self.request(operation) for operation in request.success),
                tuple(self.request(operation) for operation in request.failure),
            )
        if isinstance(request, api.PutRequest):
            return dataclasses.replace(request, key=self.key(request.key))
        return self._ranged(request)

    def _ranged(self, request: Any) -> Any:
        return dataclasses.replace(request, key=self.key(request.key), range_end=self.end(request.range_end))
