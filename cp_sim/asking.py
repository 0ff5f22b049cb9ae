"""The one outside, who asks, looks and lets time pass.

Every question of the user is a request to the API server, sent under the caller's name, and the loop runs until the
answer is there; looking (`get`, `at`, `explain`) reads the store and the trace and changes nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl

from cp_sim.apiserver.request import ApiError, HttpRequest, Response
from cp_sim.etcd.opening import written_by
from cp_sim.etcd.store import CancelWatch, StoreAnswer
from cp_sim.history import Explanation, Input, Past, parse_reference, read, subject_of
from cp_sim.objects.kinds import Kind
from cp_sim.presence import Presence
from cp_sim.sim import Clock, Record, Trace, Turn, parse_duration
from cp_sim.user import User
from cp_sim.what_if import WhatIf, profiles_of, what_if
from cp_sim.why_not import why_not

Face = TypeVar("Face", bound=Callable[..., Any])

# How long one who asks the store itself waits for its answer; etcd gives up after 7 s without a quorum.
STORE_PATIENCE_MS = 10_000
# How long changes may travel to the watches of the same one.
TOLD_PATIENCE_MS = 1_000


def outside(method: Face) -> Face:
    """Note each call of `method` from outside in the journal; what it calls itself is not noted again."""

    @functools.wraps(method)
    def noted(self: Asking, *args: Any, **kwargs: Any) -> Any:
        with self.turn:
            if self._depth == 0:
                self.loop.poll(wait=True)
                self.journal.append(Input(self.clock.now_ms, method.__name__, args, tuple(kwargs.items())))
            self._depth += 1
            try:
                return method(self, *args, **kwargs)
            finally:
                self._depth -= 1

    return noted  # type: ignore[return-value]


class Asking(Presence):
    """Speaks for the one outside; every call that may change something is noted in `journal`."""

    clock: Clock
    trace: Trace
    turn: Turn
    user: User
    journal: list[Input]
    _depth: int

    def get(self, what: str, namespace: str = "default") -> Any:
        """One object for `"pod/web-1"`, a list for `"pods"`; looking changes nothing and costs no time.

        `namespace="*"` lists all namespaces.  *In Kubernetes:* `kubectl get -o json`, without the request.

        Raises:
            ApiError: there is no such object.
            UnknownKind: there is no such kind.
        """
        with self.turn:
            return read(self.etcd, what, namespace, self.revision)

    @property
    def revision(self) -> int:
        """The store's current revision: the number of writes so far, plus one."""
        with self.turn:
            return self.etcd.current_revision

    def at(self, revision: int) -> Past:
        """The cluster as it was at `revision`, to read and to draw.

        Raises:
            ValueError: the revision is in the future or was compacted.
        """
        oldest = max(1, self.etcd.compact_revision)
        if not oldest <= revision <= self.revision:
            raise ValueError(f"revision {revision} cannot be shown: the store holds {oldest} to {self.revision}")
        past = Past(self.etcd, self.trace, revision)
        past.profiles = profiles_of(self)
        return past

    def explain(self, what: str, namespace: str = "default") -> Explanation:
        """Why `"pod/web-1"` is as it is: the chain of causes back to what somebody asked for.

        Objects that are gone can be explained too, as long as the trace remembers them.
        """
        kind, name = parse_reference(what)
        if not name:
            raise ValueError(f'explain wants one object, such as "{kind.singular}/web-1", not "{what}"')
        return Explanation(subject_of(kind, namespace, name), self.trace)

    def why_not(self, what: str, node: str = "", namespace: str = "default") -> str:
        """One sentence on why `"pod/web-1"` is not on `node`; without a node, a line for each.

        Looking changes nothing: the answer is what the scheduler noted when it decided.

        Raises:
            LookupError: there is no such pod or node, and never was; names the near ones.
            ValueError: `what` is no pod.
        """
        with self.turn:
            return why_not(self, what, node, namespace)

    def what_if(
        self,
        what: str | dict[str, Any],
        *,
        namespace: str = "default",
        requests: Mapping[str, Any] | None = None,
        labels: Mapping[str, str | None] | None = None,
        node_selector: Mapping[str, str | None] | None = None,
        tolerations: Any = None,
        affinity: dict[str, Any] | None = None,
        priority: int | str | None = None,
        patch: dict[str, Any] | None = None,
        add_node: Any = None,
        remove_node: Any = None,
        cordon: Any = None,
        uncordon: Any = None,
        taint: Mapping[str, Any] | None = None,
        label_node: Mapping[str, Any] | None = None,
        without: Any = None,
    ) -> WhatIf:
        """Where a pod would go with a change; nothing is changed, no time passes, no chance is used up.

        Args:
            what: `"pod/web-1"` (as if it were placed anew), `"deployment/web"` (its next pod), or a manifest.
            namespace: of the pod.
            requests: `{"cpu": "500m"}`, of the first container; None as an amount asks for nothing.
            labels: labels of the pod; None as a value removes one.
            node_selector: `{"disk": "ssd"}`; None as a value removes one.
            tolerations: further ones, `"gpu=true:NoSchedule"`, `"*"`, or as in a manifest; one or a list.
            affinity: in place of the pod's own, as in a manifest.
            priority: a number, or the name of a PriorityClass.
            patch: a strategic merge patch of the pod, for everything else.
            add_node: a name, or a dict with the arguments of `add_node`, or a Node's manifest; one or a list.
            remove_node: a name or several; the pods on it are gone, too.
            cordon, uncordon: a name or several.
            taint: `{"worker-1": "gpu=true:NoSchedule"}`; a trailing minus removes.
            label_node: `{"worker-1": "disk=ssd"}`; a trailing minus removes.
            without: pods that are not there, `"pod/web-2"`; one or a list.

        Raises:
            LookupError: there is no such pod, workload, node or PriorityClass; names the near ones.
            ValueError: something cannot be read, or the API server would not let in such a pod.
        """
        changes = {
            "requests": requests, "labels": labels, "node_selector": node_selector, "tolerations": tolerations,
            "affinity": affinity, "priority": priority, "patch": patch, "add_node": add_node,
            "remove_node": remove_node, "cordon": cordon, "uncordon": uncordon, "taint": taint,
            "label_node": label_node, "without": without,
        }  # fmt: skip
        with self.turn:
            return what_if(self, what, namespace, **changes)

    @outside
    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        user: str = "admin",
    ) -> Response:
        """A raw REST call, answered as the API server answers it; errors are answers too and raise nothing.

        `query` may also stand in the path.  A watch answers with the list of its changes, after `timeoutSeconds` of
        virtual time.  `user` names the caller: `admin`, `alice`, `node-1`, ...  *In Kubernetes:* `kubectl get --raw`.
        """
        path, _, in_path = path.partition("?")
        asked_for = {
            **dict(parse_qsl(in_path, keep_blank_values=True)),
            **{key: str(value) for key, value in (query or {}).items()},
        }
        asked = HttpRequest(method, path, asked_for, dict(headers or {}), body, user)
        return self._answer(asked, record=method.upper() not in ("GET", "HEAD", "OPTIONS"))

    @outside
    def ask_store(self, operation: Any, member: str = "") -> StoreAnswer:
        """A request of etcd's own API (`cp_sim.etcd.api`, `lease_api`, `maintenance`), put to a member of the store.

        *In Kubernetes:* what `etcdctl` asks, past the API server. A refusal is an answer with `error` and `code`; a
        member that does not answer gives `UNAVAILABLE`. `member` names the member's actor (empty: the first).
        """
        member = member or self.store_actor.name
        token = self.user.ask_store(member, operation)
        self.loop.caused_by(None)
        self.loop.run_until(lambda: token in self.user.told, STORE_PATIENCE_MS)
        told = self.user.told.pop(token, None)
        if told is None:
            return StoreAnswer(token, 0, False, error=f"{member} does not answer", code="UNAVAILABLE")
        subject = "" if told.error or self.trace.of_revision(told.revision) else written_by(operation, told.response)
        if subject:
            verb = type(operation).__name__.removesuffix("Request").lower()
            because = "asked of the store itself, past the API server"
            self.loop.record(verb, subject, because, revision=told.revision, actor="etcdctl")
        if self.user.heard:  # what its watches are told of the same write is on its way
            self.loop.run_until(lambda: all(to != self.user.name for to, *_ in self.loop.pending()), TOLD_PATIENCE_MS)
        return told

    @outside
    def watch_store(self, prefix: str, revision: int = 0, member: str = "") -> int:
        """Open a watch at a member of the store (empty: the first); returns its token. `cluster.etcd.watch` is the
        comfortable way.
        """
        token = self.user.watch_store(member or self.store_actor.name, prefix, revision)
        self.loop.caused_by(None)
        self.loop.run_until(lambda: bool(self.user.heard[token]), STORE_PATIENCE_MS)
        return token

    @outside
    def cancel_store_watch(self, token: int, member: str) -> None:
        """End a watch that `watch_store` has opened at `member`."""
        self.loop.send(member, CancelWatch(self.user.name, token))

    def _answer(self, asked: HttpRequest, record: bool) -> Response:
        if record:
            self.loop.record(asked.method.upper(), asked.path, "a request from outside", actor=asked.caller)
        token = self.user.send(asked)
        self.loop.caused_by(None)
        self.loop.run_until(lambda: token in self.user.answers)
        response = self.user.take(token)
        if response is None:
            raise TimeoutError(f"{asked.method} {asked.path}: the API server did not answer")
        return response

    def _do(
        self,
        verb: str,
        method: str,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        body: Any = None,
        subresource: str = "",
        content_type: str = "application/json",
        because: str = "",
    ) -> Any:
        """A request of the user behind one of the methods below; raises `ApiError` if it is refused."""
        self.loop.record(verb, subject_of(kind, namespace, name), because, actor="user")
        path = kind.path(namespace, "" if method == "POST" and not subresource else name, subresource)
        query = {} if method == "DELETE" else {"fieldValidation": "Strict"}  # as kubectl asks
        asked = HttpRequest(method, path, query, {"content-type": content_type}, body, "admin")
        response = self._answer(asked, record=False)
        if not response.ok:
            raise ApiError(response.body if response.status else {"code": 0, **response.body})
        return response.body

    # -- time ------------------------------------------------------------------------------------------------------

    @outside
    def settle(self) -> Self:
        """Run until nothing is left to do (heartbeats aside); returns the cluster.

        Raises:
            StillBusy: somebody never comes to rest; the message says who.
        """
        self.loop.settle()
        return self

    @outside
    def run(self, duration: str | int) -> Self:
        """Let `"40s"`, `"5m"` (or so many milliseconds) of virtual time pass; returns the cluster."""
        self.loop.run(parse_duration(duration))
        return self

    @outside
    def step(self) -> list[Record]:
        """Let one thing happen; returns what the trace says about it, an empty list when all is at rest.

        Events and heartbeats are written on the way; they do not count as things of their own.
        """
        return self.loop.step(_is_worth_a_step)


def _is_worth_a_step(record: Record) -> bool:
    return not record.subject.startswith(("events/", "leases/"))
