"""Which store a cluster has, and what it is called in the trace that somebody outside has written there."""

from __future__ import annotations

import importlib
from typing import Any

from cp_sim.etcd.api import DeleteRangeRequest, PutRequest, TxnRequest
from cp_sim.etcd.applier import is_read
from cp_sim.etcd.store import REGISTRY


def written_by(operation: Any, response: Any = None) -> str:
    """The subject under which the trace files a write that the store itself was asked for; empty if it is none, or if
    nothing was there to delete.
    """
    if getattr(response, "deleted", None) == 0:
        return ""
    match operation:
        case PutRequest(key=key):
            return key.removeprefix(REGISTRY)
        case DeleteRangeRequest(key=key, range_end=range_end):
            return key.removeprefix(REGISTRY) + ("..." if range_end else "")
        case TxnRequest() if not is_read(operation):
            inner = (written_by(one) for one in (*operation.success, *operation.failure))
            return next(filter(None, inner), "")
    return ""


def open_store(name: str, store: Any) -> Any:
    """The actor `name` in front of a real etcd; see `cp_sim.etcd.real`.

    Raises:
        ValueError: the address cannot be read.
        StoreAway: nobody answers there.
        ModuleNotFoundError: the extra `cp-sim[etcd]` is not installed.
    """
    try:
        real = importlib.import_module("cp_sim.etcd.real.real")
    except ModuleNotFoundError as problem:
        if (problem.name or "").split(".")[0] not in ("grpc", "google"):
            raise
        wanted = 'a real etcd speaks gRPC, which comes with an extra: pip install "cp-sim[etcd]"'
        raise ModuleNotFoundError(wanted, name=problem.name) from None
    return real.RealEtcd(name, store)
