"""What a controller wants done, as data: a pure `reconcile` returns a `Plan`, the controller's actor carries it out."""

from __future__ import annotations

from typing import Any

from cp_sim.sim import immutable


@immutable
class Create:
    """Create `object` (its kind and namespace say where).  `because` is one sentence for people."""

    object: dict[str, Any]
    because: str = ""


@immutable
class Update:
    """Replace the stored object by `object`, or only its subresource (`status`).

    `metadata.resourceVersion` must be that of the object the controller saw; when an earlier action of the same plan
    wrote the same object, the executor puts in the newer one.
    """

    object: dict[str, Any]
    subresource: str = ""
    because: str = ""


@immutable
class Patch:
    """Patch an object.  `type` is merge, strategic or json."""

    resource: str
    namespace: str
    name: str
    patch: Any
    type: str = "strategic"
    subresource: str = ""
    because: str = ""


@immutable
class Delete:
    """Delete an object, only if its uid (and resourceVersion) still are as given, where given."""

    resource: str
    namespace: str
    name: str
    uid: str = ""
    resource_version: str = ""
    propagation: str = ""
    grace_s: int | None = None
    because: str = ""


@immutable
class Emit:
    """Write a Kubernetes Event about `object`; repeated ones are counted up as client-go's recorder does."""

    object: dict[str, Any]
    type: str  # Normal or Warning
    reason: str
    message: str


@immutable
class Later:
    """Reconcile the same key again in `delay_ms` milliseconds (`AddAfter`).

    With `background` the world may settle before that, as it always may when the delay is long.
    """

    delay_ms: int
    because: str = ""
    background: bool = False


@immutable
class Together:
    """Actions whose requests are sent at once, as parallel goroutines do; the plan goes on when all are answered."""

    actions: tuple[Any, ...]


@immutable
class SlowStart:
    """Creations in batches of 1, 2, 4, ...: each batch at once, the next only if the whole batch succeeded.

    After a failure the rest is skipped and the plan fails with the first error (`slowStartBatch` in
    k8s.io/kubernetes/pkg/controller).
    """

    actions: tuple[Create, ...]


Action = Create | Update | Patch | Delete | Emit | Later | Together | SlowStart


@immutable
class Plan:
    """The outcome of one reconcile: what was observed, what is desired, what to do about it, and why.

    `observed` and `desired` are small dicts for people and pictures (`{"replicas": 2}`).  Actions are carried out in
    order; the first that fails ends the plan and the key is retried with back-off, unless `on_error` names a method
    of the controller that takes (key, plan, action, response) and returns what to do instead: a further Plan, or None
    for the usual retry. `on_done` names a method that takes (key, plan, responses) after the last action; it may
    return a further Plan.

    `expect_creations` and `expect_deletions` (keys of objects) are noted in the controller's expectations before the
    first request is sent; what fails is taken off again.  With `retry` the key counts as failed when the plan has been
    carried out, and is tried again with back-off (for what follows a failure: a status that tells of it).
    """

    actions: tuple[Action, ...] = ()
    because: str = ""
    observed: Any = None
    desired: Any = None
    on_error: str = ""
    on_done: str = ""
    expect_creations: int = 0
    expect_deletions: tuple[str, ...] = ()
    retry: bool = False


NOTHING = Plan()
