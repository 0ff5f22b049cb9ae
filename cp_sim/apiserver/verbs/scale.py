"""get, update and patch of the subresource `scale`: how many replicas, whatever the kind calls them.

*In Kubernetes:* `ScaleREST` of Deployments, ReplicaSets, StatefulSets and ReplicationControllers, and of custom
resources.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import decoding, errors, forms, tracking
from cp_sim.apiserver.custom_columns import look_up
from cp_sim.apiserver.managed import manager
from cp_sim.apiserver.printing.text import label_text
from cp_sim.apiserver.verbs import apply, guaranteed, patch, update
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import Get, StoreAnswer
from cp_sim.objects import edit, selectors
from cp_sim.objects.kinds import Kind

Object = dict[str, Any]
SCALE = Kind(kind="Scale", group="autoscaling", version="v1", plural="scale", namespaced=True)


def start(server: Any, work: Work) -> Any:
    """Read the object, or try to write its replicas."""
    call, kind = work.call, work.kind
    assert kind is not None
    if call.verb == "get":
        return Get(kind.store_key(call.namespace, call.name))
    if call.verb == "update":
        name = ((call.body or {}).get("metadata") or {}).get("name") or ""
        if name != call.name:
            raise errors.bad_request(
                f"the name of the object ({name}) does not match the name on the URL ({call.name})"
            )
    work.note("decode")
    return guaranteed.begin(server, work, Handler)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Answer the read, or go on with the write."""
    kind = work.kind
    assert kind is not None
    if work.call.verb == "get":
        if answer.kv is None:
            raise errors.not_found(kind.plural, kind.group, work.call.name)
        return Done(scale_of(server, kind, server.decorated(kind, answer.kv)))
    return guaranteed.proceed(server, work, Handler, answer)


def transform(server: Any, work: Work, current: Object) -> Any:
    """The object with another number of replicas."""
    call, kind = work.call, work.kind
    assert kind is not None
    scale = scale_of(server, kind, current)
    if call.verb == "update":
        new = call.body
    elif call.patch_type == "apply":
        new = work.state = apply.parsed(call.body) if isinstance(call.body, str) else call.body
        apply.check_type(SCALE, new)
        patch.check_name(work, {**new, "metadata": {"namespace": call.namespace, **(new.get("metadata") or {})}})
    else:
        new = patch.understood_scale(work, patch.patched(server, work, scale))
    replicas = (new.get("spec") or {}).get("replicas", 0)
    metadata = new.get("metadata") or {}
    update.check_version(work, metadata, current["metadata"])
    if replicas < 0:
        cause = {
            "reason": "FieldValueInvalid",
            "message": f"Invalid value: {replicas}: must be greater than or equal to 0",
            "field": "spec.replicas",
        }
        raise errors.invalid("Scale", "autoscaling", call.name, [cause])
    work.note("validate")
    path = replicas_path(server, kind)
    made = current
    if edit.get(current, path) != replicas:
        made = edit.put(current, path, replicas)
        made = edit.change(made, "metadata.generation", lambda old: (old or 0) + 1)
    if kind.custom:
        forms.check_update(kind, made, current, "", server)
    if call.patch_type != "apply":
        made = tracking.on_update(server, work, made, current)
        return made if replicas else manager.disowned(made, ("f:spec", "f:replicas"))
    config = edit.put({"metadata": {}}, path, replicas)
    writer, shape = tracking.writer(server, work, "Apply"), tracking.shape_of(server, kind)
    owned = manager.apply(shape, current, config, writer, decoding.is_true(call.options.get("force")))
    return edit.put(made, "metadata.managedFields", owned["metadata"].get("managedFields") or [])


def replicas_path(server: Any, kind: Kind) -> str:
    """Where the desired replicas stand."""
    if not kind.custom:
        return "spec.replicas"
    return str(definition_scale(server, kind).get("specReplicasPath", ".spec.replicas")).lstrip(".")


def definition_scale(server: Any, kind: Kind) -> Object:
    """`subresources.scale` of a custom kind's definition."""
    definition = server.catalog.definitions.get(f"{kind.plural}.{kind.group}") or {"spec": {"versions": []}}
    version: dict[str, Any] = next((one for one in definition["spec"]["versions"] if one["name"] == kind.version), {})
    return (version.get("subresources") or {}).get("scale") or {}


def scale_of(server: Any, kind: Kind, obj: Object) -> Object:
    """The Scale of an object."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    metadata = obj["metadata"]
    shown = {
        key: metadata[key]
        for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if key in metadata
    }
    if kind.custom:
        asked = definition_scale(server, kind)
        desired = (look_up(obj, asked.get("specReplicasPath", "")) or [0])[0]
        observed = (look_up(obj, asked.get("statusReplicasPath", "")) or [0])[0]
        found = look_up(obj, asked.get("labelSelectorPath", "")) if asked.get("labelSelectorPath") else []
        text = str(found[0]) if found else ""
    else:
        desired, observed = spec.get("replicas", 0), status.get("replicas", 0)
        selector = spec.get("selector")
        if kind.storage == "replicationcontrollers":
            text = label_text(selector) if selector else ""
        else:
            text = str(selectors.of_wire(selector)) if selector else ""
    inner: Object = {"replicas": observed}
    if text:
        inner["selector"] = text
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": shown,
        "spec": {"replicas": desired} if desired else {},
        "status": inner,
    }


def written(server: Any, work: Work, made: Object, revision: int) -> Done:
    """The number is stored."""
    assert work.kind is not None
    return Done(scale_of(server, work.kind, made), 200, revision)


class Handler:
    """How a change of scale goes on."""

    transform = staticmethod(transform)
    written = staticmethod(written)

    @staticmethod
    def missing(server: Any, work: Work) -> Any:
        """There is nothing to scale."""
        kind = work.kind
        assert kind is not None
        raise errors.not_found(kind.plural, kind.group, work.call.name)
