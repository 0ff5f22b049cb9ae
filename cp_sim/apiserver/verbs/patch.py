"""patch: JSON patch, merge patch, strategic merge patch; apply has a room of its own.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors, forms
from cp_sim.apiserver.verbs import create, guaranteed, update
from cp_sim.apiserver.work import Work
from cp_sim.etcd.store import StoreAnswer


def start(server: Any, work: Work) -> Any:
    """Try the patch on what the cache knows."""
    work.note("decode", sentence=work.call.patch_type)
    return guaranteed.begin(server, work, Handler)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Go on with what the store says."""
    return guaranteed.proceed(server, work, Handler, answer)


def transform(server: Any, work: Work, current: dict[str, Any]) -> Any:
    """The patched object in place of `current`."""
    call, kind = work.call, work.kind
    assert kind is not None
    new = patched(server, work, current)
    metadata = new.get("metadata") or {}
    if metadata.get("name") != call.name:
        name = metadata.get("name") or ""
        raise errors.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({call.name})"
        )
    if kind.namespaced and (metadata.get("namespace") or "") != call.namespace:
        raise errors.bad_request(create.NAMESPACE_MISMATCH)
    new = create.with_type(kind, forms.with_defaults(kind, new))
    return update.replace(server, work, new, current, patched=True)


def patched(server: Any, work: Work, current: dict[str, Any]) -> dict[str, Any]:
    """The current object with the patch applied."""
    from cp_sim.objects import patches

    call, kind = work.call, work.kind
    assert kind is not None
    if call.patch_type == "json":
        return patches.json_patch(current, call.body)
    if call.patch_type == "merge":
        return patches.merge_patch(current, call.body)
    return patches.strategic_patch(kind, current, call.body)


class Handler:
    """How a patch goes on."""

    transform = staticmethod(transform)
    written = staticmethod(update.written)
    removed = staticmethod(update.removed)

    @staticmethod
    def missing(server: Any, work: Work) -> Any:
        """There is nothing to patch."""
        kind = work.kind
        assert kind is not None
        raise errors.not_found(kind.plural, kind.group, work.call.name)
