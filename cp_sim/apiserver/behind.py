"""A server among others may refuse what it should not, because its caches lag behind the store: then it looks again.

A namespace that another server has just made, a service account, a priority class: what admission misses in its caches
it asks the store for. Here the whole request is begun anew, once, when the caches have seen what the store has now.

*In Kubernetes:* the live lookups of `k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle` and
`plugin/pkg/admission/serviceaccount` (`getServiceAccount`). *Simplified:* one look for all of them; access rules, which
the real server takes from its caches alone, are not looked up again either.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import claims
from cp_sim.apiserver.request import ApiError
from cp_sim.apiserver.work import AwaitQuorumRevision, Work

_READS = frozenset(("get", "list", "watch"))


def may_be(server: Any, work: Work, error: ApiError) -> bool:
    """Whether a refusal may come from caches that are old."""
    return server.shared_store and error.code in (403, 404) and not work.caught_up and work.call.verb not in _READS  # type: ignore[no-any-return]


def catch_up(server: Any, work: Work) -> AwaitQuorumRevision:
    """Wait until the caches are as fresh as the store is now, then begin anew."""
    work.caught_up = True
    claims.give_back(server, work)
    work.claims = work.pending = None
    work.fresh = work.state_is_read = False
    handler = work.state[0] if work.handler == "quorum" else work.handler
    work.handler, work.state = "behind", handler
    del work.gates[1:]
    work.warnings.clear()
    return AwaitQuorumRevision()


def proceed(server: Any, work: Work, _answer: Any) -> Any:
    """The caches are fresh: the request is begun anew."""
    from cp_sim.apiserver import verbs

    work.handler, work.state = work.state, None
    return verbs.HANDLERS[work.handler].start(server, work)
