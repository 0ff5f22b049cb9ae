"""etcd's v3 API as records: requests, responses and the errors with their exact texts.

*In Kubernetes:* the messages of `etcdserverpb.KV`, field by field. Keys and values are text here (bytes there); a
value may also be any JSON value, which is kept as it is. `range_end` means what it means in etcd: empty for the
single key, `"\\0"` for everything from `key` on, otherwise the first key that is not part of the range.

Source: etcd `api/etcdserverpb/rpc.proto`, `api/v3rpc/rpctypes/error.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.store import KeyValue
from cp_sim.sim import immutable

# range_end for "every key from here on"; as key and range_end it means the whole store.
FROM_KEY = "\0"


class EtcdError(Exception):
    """etcd refused a request: the gRPC code's name and the text, e.g. `NOT_FOUND`, `etcdserver: requested lease not
    found`.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    def __reduce__(self) -> Any:
        return EtcdError, (self.code, self.text)


def compacted() -> EtcdError:
    """The revision asked for is gone."""
    return EtcdError("OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted")


def future_revision() -> EtcdError:
    """The revision asked for has not come yet."""
    return EtcdError("OUT_OF_RANGE", "etcdserver: mvcc: required revision is a future revision")


def lease_not_found() -> EtcdError:
    """There is no lease of that id."""
    return EtcdError("NOT_FOUND", "etcdserver: requested lease not found")


def lease_exists() -> EtcdError:
    """A lease of that id was granted before."""
    return EtcdError("FAILED_PRECONDITION", "etcdserver: lease already exists")


def lease_ttl_too_large() -> EtcdError:
    """A lease may not live longer than 9,000,000,000 seconds."""
    return EtcdError("OUT_OF_RANGE", "etcdserver: too large lease TTL")


def empty_key() -> EtcdError:
    """Every request needs a key."""
    return EtcdError("INVALID_ARGUMENT", "etcdserver: key is not provided")


def key_not_found() -> EtcdError:
    """`ignore_value` and `ignore_lease` need a key that is there; also etcd's word for an empty operation in a txn."""
    return EtcdError("INVALID_ARGUMENT", "etcdserver: key not found")


def value_provided() -> EtcdError:
    """`ignore_value` and a value exclude each other."""
    return EtcdError("INVALID_ARGUMENT", "etcdserver: value is provided")


def lease_provided() -> EtcdError:
    """`ignore_lease` and a lease exclude each other."""
    return EtcdError("INVALID_ARGUMENT", "etcdserver: lease is provided")


def too_many_operations() -> EtcdError:
    """A txn has at most 128 compares and operations per list."""
    return EtcdError("INVALID_ARGUMENT", "etcdserver: too many operations in txn request")


def duplicate_key() -> EtcdError:
    """A txn may write a key once."""
    return EtcdError("INVALID_ARGUMENT", "etcdserver: duplicate key given in txn request")


def request_too_large() -> EtcdError:
    """A request may have at most 1.5 MiB."""
    return EtcdError("INVALID_ARGUMENT", "etcdserver: request is too large")


def no_space() -> EtcdError:
    """The backend's quota is used up, or the alarm that says so has not been disarmed yet."""
    return EtcdError("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded")


def corrupt() -> EtcdError:
    """The members do not hold the same data: nothing is answered any more."""
    return EtcdError("DATA_LOSS", "etcdserver: corrupt cluster")


# What rejects a watch; sent in the answer to its creation, not as an error of the call.
EMPTY_WATCH_RANGE = "mvcc: watcher range is empty"
DUPLICATE_WATCH_ID = "mvcc: duplicate watch ID provided on the WatchStream"


@immutable
class RangeRequest:
    """Read keys.  `sort_order` is NONE, ASCEND or DESCEND; `sort_target` KEY, VERSION, CREATE, MOD or VALUE."""

    key: str
    range_end: str = ""
    limit: int = 0
    revision: int = 0
    sort_order: str = "NONE"
    sort_target: str = "KEY"
    serializable: bool = False
    keys_only: bool = False
    count_only: bool = False
    min_mod_revision: int = 0
    max_mod_revision: int = 0
    min_create_revision: int = 0
    max_create_revision: int = 0


@immutable
class PutRequest:
    """Write a key."""

    key: str
    value: Any = ""
    lease: int = 0
    prev_kv: bool = False
    ignore_value: bool = False
    ignore_lease: bool = False


@immutable
class DeleteRangeRequest:
    """Delete keys."""

    key: str
    range_end: str = ""
    prev_kv: bool = False


@immutable
class Compare:
    """A condition: `target` (VERSION, CREATE, MOD, VALUE or LEASE) of every key in the range stands in `result` to
    `operand`.

    `result` is EQUAL, GREATER, LESS or NOT_EQUAL.
    """

    target: str
    result: str
    key: str
    range_end: str = ""
    operand: Any = 0


@immutable
class TxnRequest:
    """If all compares hold do `success`, else `failure`: all or nothing, as one revision. None stands for an empty
    operation.
    """

    compare: tuple[Compare, ...] = ()
    success: tuple[RequestOp | None, ...] = ()
    failure: tuple[RequestOp | None, ...] = ()


RequestOp = RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest


@immutable
class RangeResponse:
    """What was read; `count` is the number of keys in the range, whatever the limit and the filters."""

    revision: int
    kvs: tuple[KeyValue, ...] = ()
    more: bool = False
    count: int = 0


@immutable
class PutResponse:
    """Written; `prev_kv` only if asked for."""

    revision: int
    prev_kv: KeyValue | None = None


@immutable
class DeleteRangeResponse:
    """Deleted; `prev_kvs` only if asked for."""

    revision: int
    deleted: int = 0
    prev_kvs: tuple[KeyValue, ...] = ()


@immutable
class TxnResponse:
    """Which branch was taken and what its operations answered.  That of a txn within a txn has revision 0."""

    revision: int
    succeeded: bool
    responses: tuple[ResponseOp, ...] = ()


ResponseOp = RangeResponse | PutResponse | DeleteRangeResponse | TxnResponse


def end_of(range_end: str) -> str | None:
    """The end of a range that is no single key: None for `"\\0"` (to the last key)."""
    return None if range_end == FROM_KEY else range_end


def prefix_end(prefix: str) -> str:
    """The `range_end` of all keys that begin with `prefix`: the prefix with its last character raised by one."""
    for place in range(len(prefix) - 1, -1, -1):
        if prefix[place] != "\U0010ffff":
            following = chr(ord(prefix[place]) + 1)
            return prefix[:place] + ("\ue000" if following == "\ud800" else following)
    return FROM_KEY
