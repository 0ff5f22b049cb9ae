"""What the store holds, and whether it is an object at all: somebody with `etcdctl` may have put anything there."""

from __future__ import annotations

import dataclasses
from typing import Any

from cp_sim.apiserver import compaction, errors
from cp_sim.etcd.store import StoreAnswer


def is_object(value: Any) -> bool:
    """Whether a value of the store is an object.

    *Simplified:* the real server also fails every list that comes across such a value; here lists pass over it.
    """
    return isinstance(value, dict) and isinstance(value.get("metadata"), dict)


def readable(answer: StoreAnswer) -> StoreAnswer:
    """An answer of the store of which everything can be read.

    Raises:
        ApiError: 500, the key has a value that is no object.
    """
    kv = answer.kv
    if kv is not None and not is_object(kv.value) and kv.key != compaction.KEY:
        raise errors.internal(f"couldn't get version/kind; json parse error: the value of {kv.key} is no object")
    if not answer.kvs or all(is_object(one.value) for one in answer.kvs):
        return answer
    return dataclasses.replace(answer, kvs=tuple(one for one in answer.kvs if is_object(one.value)))
