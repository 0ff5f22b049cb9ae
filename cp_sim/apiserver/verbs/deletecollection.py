"""deletecollection: every object that a list selects is deleted, one after the other.

*In Kubernetes:* `Store.DeleteCollection`.  The answer is the list of what was selected, as it was before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cp_sim.apiserver import listing
from cp_sim.apiserver.deletion import DeleteOptions, parse
from cp_sim.apiserver.request import ApiError
from cp_sim.apiserver.verbs import delete, guaranteed
from cp_sim.apiserver.work import AwaitQuorumRevision, Done, Work
from cp_sim.etcd.store import StoreAnswer


@dataclass(slots=True)
class Collection:
    """How far a deletecollection has come."""

    asked: listing.ListOptions
    options: DeleteOptions
    found: dict[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    revision: int = 0


def start(server: Any, work: Work) -> Any:
    """List first."""
    options = parse(work)
    work.state = Collection(listing.parse(work), options)
    return AwaitQuorumRevision()


def proceed(server: Any, work: Work, answer: StoreAnswer | None) -> Any:
    """Delete the next one."""
    state: Collection = work.state
    if answer is None:
        state.found = listing.make(server, work, state.asked)
        state.left = [item["metadata"]["name"] for item in reversed(state.found["items"])]
        return following(server, work)
    inner = work.state
    outcome = _inner(server, work, answer, inner)
    return outcome


def following(server: Any, work: Work) -> Any:
    """The next deletion, or the answer."""
    state: Collection = work.state
    kind = work.kind
    assert kind is not None
    while state.left:
        work.call.name = state.left.pop()
        namespace = work.call.namespace
        if kind.namespaced and not namespace:
            break
        work.attempts = 0
        work.fresh = work.state_is_read = False
        work.state = state.options
        try:
            outcome = guaranteed.begin(server, work, delete.Handler)
        except ApiError as error:
            work.state = state
            if error.code == 404:
                continue
            raise
        inner, work.state = work.state, state
        state.options = inner
        if type(outcome) is not Done:
            return outcome
        _noted(server, work, outcome)
    work.call.name = ""
    return Done(state.found)


def _inner(server: Any, work: Work, answer: StoreAnswer, state: Collection) -> Any:
    work.state = state.options
    try:
        if isinstance(work.state, delete._Marked):
            outcome = delete.finish(server, work, answer)
        else:
            outcome = guaranteed.proceed(server, work, delete.Handler, answer)
    except ApiError as error:
        work.state = state
        if error.code == 404:
            _plain(state)
            return following(server, work)
        raise
    state.options = work.state
    work.state = state
    if type(outcome) is Done:
        _plain(state)
        _noted(server, work, outcome)
        return following(server, work)
    return outcome


def _plain(state: Collection) -> None:
    if isinstance(state.options, delete._Marked):
        state.options = state.options.options


def _noted(server: Any, work: Work, outcome: Done) -> None:
    """Every object deleted leaves its own record."""
    if outcome.revision:
        server.loop.record(
            "delete", work.subject, revision=outcome.revision, evidence=work.passage(200), actor=server.name
        )
        server.loop.caused_by(work.cause)
