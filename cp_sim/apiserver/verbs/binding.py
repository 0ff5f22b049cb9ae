"""create of `pods/binding`: the scheduler's word on where a pod runs.

*In Kubernetes:* `BindingREST` in `pkg/registry/core/pod/storage/storage.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.admission.pod_topology_labels import zone_labels
from cp_sim.apiserver.verbs import guaranteed
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import StoreAnswer
from cp_sim.objects import edit
from cp_sim.objects.kinds import KINDS


def start(server: Any, work: Work) -> Any:
    """Check the target, then try."""
    call = work.call
    body = call.body or {}
    metadata = body.get("metadata") or {}
    if not call.name:
        call.name = metadata.get("name") or ""
    work.kind = KINDS["pods"]
    target = body.get("target") or {}
    causes = []
    if target.get("kind") not in ("Node", "Minion", "", None):
        causes.append(
            {
                "reason": "FieldValueNotSupported",
                "message": f'Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"',
                "field": "target.kind",
            }
        )
    if not target.get("name"):
        causes.append({"reason": "FieldValueRequired", "message": "Required value", "field": "target.name"})
    if causes:
        texts = [f"{cause['field']}: {cause['message']}" for cause in causes]
        raise errors.internal(texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]")
    if metadata.get("name") not in (None, "", call.name):
        raise errors.bad_request("name in URL does not match name in Binding object")
    work.note("decode")
    return guaranteed.begin(server, work, Handler)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Go on with what the store says."""
    return guaranteed.proceed(server, work, Handler, answer)


def transform(server: Any, work: Work, pod: dict[str, Any]) -> Any:
    """The pod with its node, its condition PodScheduled, and the zone labels of the node; no nomination any more."""
    call = work.call
    body = call.body
    metadata = pod["metadata"]
    uid = (body.get("metadata") or {}).get("uid")
    if uid and uid != metadata["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {metadata['uid']}"
        raise conflict(call.name, why)
    if metadata.get("deletionTimestamp"):
        raise conflict(call.name, f"pod {metadata['name']} is being deleted, cannot be assigned to a host")
    spec = pod["spec"]
    node = body["target"]["name"]
    if spec.get("nodeName"):
        raise conflict(call.name, f'pod {metadata["name"]} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise conflict(call.name, f"pod {metadata['name']} has non-empty .spec.schedulingGates")
    work.note("validate")
    return bound(server, pod, node, body)


def conflict(name: str, why: str) -> errors.ApiError:
    """409 of a binding; it is about the subresource."""
    return errors.conflict("pods/binding", "", name, why)


def bound(server: Any, pod: dict[str, Any], node: str, body: dict[str, Any]) -> dict[str, Any]:
    """The pod as it is after binding."""
    metadata = dict(pod["metadata"])
    given = (body.get("metadata") or {}).get("annotations")
    if given:
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **given}
    labels = zone_labels(server, node)
    labels |= (body.get("metadata") or {}).get("labels") or {}
    if labels:
        metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
    # Feature gate ClearingNominatedNodeNameAfterBinding.
    status = edit.drop(pod.get("status") or {}, "nominatedNodeName")
    condition = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": server.loop.clock.timestamp(),
    }
    others = [one for one in status.get("conditions") or () if one["type"] != "PodScheduled"]
    return {
        **pod,
        "metadata": metadata,
        "spec": {**pod["spec"], "nodeName": node},
        "status": {**status, "conditions": [*others, condition]},
    }


def written(server: Any, work: Work, made: dict[str, Any], revision: int) -> Done:
    """The pod is bound."""
    return Done({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201, revision)


class Handler:
    """How a binding goes on."""

    transform = staticmethod(transform)
    written = staticmethod(written)

    @staticmethod
    def missing(server: Any, work: Work) -> Any:
        """There is no such pod."""
        raise errors.not_found("pods", "", work.call.name)
