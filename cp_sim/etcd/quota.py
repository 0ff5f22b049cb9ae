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
# About what a version takes beside its key and value: the revision it is filed under, field numbers, bbolt's own.
VERSION_OVERHEAD_BYTES = 56
# The file of a store that is still empty, as `etcdctl endpoint status` tells it.
EMPTY_BYTES = 20_480


def value_bytes(value: Any) -> int:
    """About how many bytes a value takes; marshal is the fastest measure at hand, its numbers are close to JSON's."""
    return len(value) if isinstance(value, str | bytes) else len(marshal.dumps(value, 2))


def value_data(value: Any) -> bytes:
    """A value as bytes, the same for equal values; faster than its JSON."""
    if isinstance(value, bytes):
        return value
    return value.encode(errors="surrogatepass") if isinstance(value, str) else marshal.dumps(value, 2)


def version_bytes(key: str, value: Any) -> int:
    """About how many bytes a version of a key takes in the file; None is the value of a tombstone."""
    return VERSION_OVERHEAD_BYTES + len(key) + (0 if value is None else value_bytes(value))


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
