"""The verbs: each handler is a small state machine, `start(server, work)` and `proceed(server, work, answer)`.

Both return what to ask of the store next, or `Done`.  A handler holds no state of its own; what it must remember
between two answers stands in the request's `Work`, so that a world with requests in flight can be copied and
drawn.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import behind, errors, health, tokens
from cp_sim.apiserver.verbs import (
    apply,
    binding,
    create,
    delete,
    deletecollection,
    eviction,
    finalize,
    loading,
    patch,
    pod_log,
    quorum,
    read,
    scale,
    update,
    watch,
)
from cp_sim.apiserver.work import Work

__all__ = ["HANDLERS", "handler_of", "loading", "watch"]

HANDLERS: dict[str, Any] = {
    "create": create,
    "get": read.get,
    "list": read.list_,
    "watch": watch,
    "update": update,
    "patch": patch,
    "apply": apply,
    "delete": delete,
    "deletecollection": deletecollection,
    "binding": binding,
    "eviction": eviction,
    "finalize": finalize,
    "scale": scale,
    "token": tokens,
    "log": pod_log,
    "quorum": quorum,
    "health": health,
    "behind": behind,
}

_OF_SUBRESOURCE = {
    ("create", "binding"): "binding",
    ("create", "eviction"): "eviction",
    ("create", "token"): "token",
    ("get", "log"): "log",
    ("update", "finalize"): "finalize",
    ("get", "scale"): "scale",
    ("update", "scale"): "scale",
    ("patch", "scale"): "scale",
}


_CONNECTIONS = frozenset(("exec", "attach", "portforward", "proxy"))


def handler_of(work: Work) -> str:
    """The handler of a request.

    Raises:
        ApiError: 404 for a subresource that is not there, 405 for a verb that the resource does not take.
    """
    call, kind = work.call, work.kind
    assert kind is not None
    if not call.subresource:
        if call.verb not in kind.verbs:
            raise errors.method_not_allowed()
        if call.verb == "create" and kind.plural == "bindings":
            return "binding"
        return "apply" if call.patch_type == "apply" else call.verb
    sub = kind.subresource(call.subresource)
    if sub is None:
        raise errors.no_such_path()
    if call.verb not in sub.verbs:
        raise errors.method_not_allowed()
    special = _OF_SUBRESOURCE.get((call.verb, call.subresource))
    if call.subresource in _CONNECTIONS and kind.plural == "pods":
        return "log"
    if special is not None:
        return special
    if call.verb in ("get", "update", "patch"):
        return "apply" if call.patch_type == "apply" else call.verb
    raise errors.no_such_path()
