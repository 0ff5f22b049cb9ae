"""How much room a write asks for.

*In Kubernetes:* etcd's backend quota (`--quota-backend-bytes`): a member whose database would grow beyond it raises the
alarm NOSPACE, after which the whole cluster takes no writes until someone makes room and disarms it.

Source: etcd `server/storage/quota.go`.
"""

from __future__ import annotations

import marshal
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.lease_api import LeaseGrantRequest
from cp_sim.etcd.store import Grant, Put

DEFAULT_QUOTA_BYTES = 2 * 1024**3
# What etcd adds for each key and each lease.
KEY_OVERHEAD_BYTES = 256
LEASE_OVERHEAD_BYTES = 64


def value_bytes(value: Any) -> int:
    """About how many bytes a value takes; marshal is the fastest measure at hand, its numbers are close to JSON's."""
    return len(value) if isinstance(value, str | bytes) else len(marshal.dumps(value, 2))


def cost(operation: Any) -> int:
    """How many bytes the operation may add to the database: 0 for whatever writes no key and makes no lease."""
    if isinstance(operation, Put | api.PutRequest):
        return KEY_OVERHEAD_BYTES + len(operation.key) + value_bytes(operation.value)
    if isinstance(operation, api.TxnRequest):
        return max(sum(map(_inner, operation.success)), sum(map(_inner, operation.failure)))
    if isinstance(operation, Grant | LeaseGrantRequest):
        return LEASE_OVERHEAD_BYTES
    return 0


def _inner(operation: api.RequestOp | None) -> int:
    # etcd counts the puts of a txn, not those of txns within it.
    return cost(operation) if isinstance(operation, api.PutRequest) else 0
