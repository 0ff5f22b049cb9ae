"""A request in flight, as data: who asks what, which gates it has passed, what it waits for."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from cp_sim.apiserver import passage
from cp_sim.apiserver.passage import Gate, Passage
from cp_sim.apiserver.request import Call, Request, User
from cp_sim.objects.kinds import Kind
from cp_sim.sim import immutable


@immutable
class Done:
    """The end of a request: what is answered, and the revision it wrote (0 for none)."""

    body: Any
    code: int = 200
    revision: int = 0
    watching: bool = False


@immutable
class AwaitRevision:
    """Go on when the watch cache has seen `revision`; after `timeout_ms` the request fails with 504."""

    revision: int
    timeout_ms: int = 3_000


@immutable
class AwaitQuorumRevision:
    """Go on when the watch cache is as fresh as the store is now (a consistent read from the cache)."""


@dataclass(slots=True)
class Work:
    """One request between its arrival and its answer.

    `kind` is what it is about; `handler` names the verb handler; `state` is what that handler must remember between
    store answers; `waiting_for` is a word for pictures: `etcd`, `watch cache`.
    """

    id: int
    request: Request
    user: User
    call: Call
    kind: Kind | None = None
    handler: str = ""
    gates: list[Gate] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    outside: Any = None
    object: Any = None
    fresh: bool = False
    caught_up: bool = False  # it was begun anew, with caches as fresh as the store
    state_is_read: bool = False
    attempts: int = 0
    state: Any = None
    pending: Any = None
    claims: list[Any] | None = None  # what is still to be taken in the store before the object is written
    claimed: list[Any] = field(default_factory=list)
    wanted: Any = None  # the object before anything was allocated for it
    waiting_for: str = ""
    asked: Any = None  # the operation that the store was asked last
    retries: int = 0
    turns: int = 0
    since_ms: int = 0
    cause: int | None = None
    timer: Any = None

    def note(self, gate: str, verdict: str = "passed", sentence: str = "", changed: tuple[str, ...] = ()) -> None:
        """Leave a note at a gate."""
        self.gates.append(passage.gate(gate, verdict, sentence, changed))

    @property
    def subject(self) -> str:
        """`plural/namespace/name` of what the request is about."""
        call = self.call
        plural = self.kind.plural if self.kind is not None else call.resource
        if call.namespace and call.name:
            return f"{plural}/{call.namespace}/{call.name}"
        return "/".join(part for part in (plural, call.namespace, call.name) if part)

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be stored."""
        return bool(self.call.options.get("dryRun"))

    def passage(self, code: int = 0) -> Passage:
        """The notes so far, as evidence."""
        verb = f"{self.call.verb} {self.call.subresource}" if self.call.subresource else self.call.verb
        return Passage(self.user.name, verb, self.subject, tuple(self.gates), code)

    def __deepcopy__(self, memo: dict[int, Any]) -> Work:
        made = copy.copy(self)
        made.gates = list(self.gates)
        made.warnings = list(self.warnings)
        made.state = copy.copy(self.state)
        made.claims = copy.copy(self.claims)
        made.claimed = list(self.claimed)
        made.timer = copy.deepcopy(self.timer, memo)
        memo[id(self)] = made
        return made
