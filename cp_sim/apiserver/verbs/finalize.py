"""update of `namespaces/finalize`: the word of the namespace controller that everything inside is gone.

*In Kubernetes:* `FinalizeREST` in `pkg/registry/core/namespace/storage`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.verbs import guaranteed, update
from cp_sim.apiserver.verbs.guaranteed import Remove
from cp_sim.apiserver.work import Work
from cp_sim.etcd.store import StoreAnswer


def start(server: Any, work: Work) -> Any:
    """Check the name, then try."""
    update.read_body(work)
    return guaranteed.begin(server, work, Handler)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Go on with what the store says."""
    return guaranteed.proceed(server, work, Handler, answer)


def transform(server: Any, work: Work, current: dict[str, Any]) -> Any:
    """The namespace with other finalizers; without any it goes, if it was to go."""
    new = work.call.body
    update.check_uid(work, new["metadata"], current["metadata"])
    update.check_version(work, new["metadata"], current["metadata"])
    made = update.with_system_fields(new, current["metadata"])
    spec = {key: value for key, value in (new.get("spec") or {}).items() if value}
    made = {**made, "spec": spec, "status": current.get("status") or {}}
    work.note("validate")
    metadata = made["metadata"]
    if metadata.get("deletionTimestamp") and not spec.get("finalizers") and not metadata.get("finalizers"):
        return Remove(made)
    return made


class Handler:
    """How it goes on."""

    transform = staticmethod(transform)
    missing = staticmethod(update.missing)
    written = staticmethod(update.written)
    removed = staticmethod(update.removed)
