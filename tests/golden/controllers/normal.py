"""Our objects, writes and Events in the form of the recordings, and both in a form that can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from cp_sim.etcd.store import KeyChange
from cp_sim.objects import meta

Object = dict[str, Any]

METADATA = ("name", "labels", "annotations", "finalizers", "generation", "generateName", "deletionGracePeriodSeconds")
POD_SPEC = ("nodeName", "affinity", "hostname", "subdomain", "nodeSelector", "restartPolicy")
TEMPLATE_SPEC = ("nodeSelector", "tolerations", "affinity", "restartPolicy")
LEFT_OUT = ("Event", "Lease", "Binding", "LimitRange")
ZONE_LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
# A pod that was refused never was an object, so its name has no number.
REFUSED = re.compile(r'(pods "[\w-]+-)[bcdfghjklmnpqrstvwxz2456789]{5}(" is forbidden)')
KUBELET_FIELDS = re.compile(
    r"spec\.nodeName|status\.phase|metadata\.labels\.topology\..*|metadata\.deletionGracePeriodSeconds"
    r"|status\.conditions\[(PodScheduled|Ready|ContainersReady|Initialized|PodReadyToStartContainers)\]"
)


class Normalizer:
    """Brings the objects of one run into the recorded form."""

    def __init__(self, namespace: str, keep_node: bool) -> None:
        self.namespace = namespace
        self.keep_node = keep_node
        self.names: dict[str, str] = {}  # real name -> prefix#n
        self.counts: dict[str, int] = {}
        self.ips: dict[str, str] = {}

    def learn(self, obj: Object) -> None:
        """Remember the name of an object that was just created."""
        prefix = obj["metadata"].get("generateName")
        name = meta.name(obj)
        if prefix and name not in self.names and name.startswith(prefix) and obj["kind"] in ("Pod", "EndpointSlice"):
            self.counts[prefix] = self.counts.get(prefix, 0) + 1
            self.names[name] = f"{prefix}#{self.counts[prefix]}"

    def text(self, value: Any) -> Any:
        """Real names, addresses and the namespace replaced in any JSON value."""
        if isinstance(value, dict):
            return {self.text(key): self.text(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.text(one) for one in value]
        if not isinstance(value, str):
            return value
        if value in self.ips:
            return self.ips[value]
        if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
            return "<uid>"
        if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value):
            return "T"
        for real, told in self.names.items():
            if real in value:
                value = value.replace(real, told)
        value = REFUSED.sub(r"\1<random>\2", value)
        return re.sub(rf"\b{self.namespace}\b", "NS", value)

    def object(self, obj: Object) -> Object:
        """One object in the recorded form."""
        return self.text(self.shape(obj))

    def shape(self, obj: Object) -> Object:
        """The fields that are recorded, with real names and times."""
        kind = obj["kind"]
        if obj.get("status", {}).get("podIP"):
            self.ips[obj["status"]["podIP"]] = f"ip({self.names.get(meta.name(obj), meta.name(obj))})"
        if kind == "Service" and obj["spec"].get("clusterIP", "None") not in ("None", ""):
            self.ips[obj["spec"]["clusterIP"]] = f"clusterIP({meta.name(obj)})"
        shown: Object = {"kind": kind, "metadata": _metadata(obj)}
        for field, value in obj.items():
            if field not in ("kind", "apiVersion", "metadata", "status", "spec"):
                shown[field] = value
        spec, status = obj.get("spec"), obj.get("status")
        if spec is not None:
            shown["spec"] = _spec(kind, spec, self.keep_node)
        if status is not None:
            shown["status"] = _status(kind, status)
        if kind in ("ConfigMap", "Secret") and "data" in shown:
            shown["data"] = {k: "<pem>" if k == "ca.crt" else v for k, v in shown["data"].items()}
        if kind == "ControllerRevision":
            shown.pop("data", None)
        if kind == "Secret" and "data" in shown:
            shown["data"] = dict.fromkeys(shown["data"], "<data>")
        if kind == "Node":
            shown["metadata"].pop("generation", None)
        for side in shown.get("endpoints") or ():
            side.get("targetRef", {})
        shown = _without_uids(shown)
        if not self.keep_node:
            shown = _hide_nodes(shown, kind)
        return shown


def _metadata(obj: Object) -> Object:
    metadata = obj["metadata"]
    shown = {field: metadata[field] for field in METADATA if metadata.get(field) not in (None, {}, [])}
    if metadata.get("ownerReferences"):
        keys = ("apiVersion", "kind", "name", "controller", "blockOwnerDeletion")
        shown["ownerReferences"] = [{k: ref[k] for k in keys if k in ref} for ref in metadata["ownerReferences"]]
    if metadata.get("deletionTimestamp"):
        shown["deletionTimestamp"] = "<set>"
    return shown


def _container(container: Object, fields: Iterable[str]) -> Object:
    return {field: container[field] for field in fields if container.get(field) not in (None, {}, [])}


def _spec(kind: str, spec: Object, keep_node: bool) -> Object:
    if kind == "Pod":
        shown = {field: spec[field] for field in POD_SPEC if spec.get(field) not in (None, "", {})}
        fields = ("name", "image", "env", "ports", "resources")
        shown["containers"] = [_container(c, fields) for c in spec["containers"]]
        if keep_node and spec.get("tolerations"):
            shown["tolerations"] = spec["tolerations"]
        return shown
    if kind == "Node":
        return {field: spec[field] for field in ("taints", "unschedulable") if field in spec}
    shown = dict(spec)
    if "template" in shown:
        template = shown["template"]
        pod = template["spec"]
        cut = {field: pod[field] for field in TEMPLATE_SPEC if pod.get(field) not in (None, "", {}, "Always")}
        cut["containers"] = [_container(c, ("name", "image")) for c in pod["containers"]]
        kept = ("labels", "annotations")
        metadata = {field: template["metadata"][field] for field in kept if template["metadata"].get(field)}
        shown["template"] = {"metadata": metadata, "spec": cut}
    return shown


def _status(kind: str, status: Object) -> Object:
    shown = dict(status)
    if kind == "Pod":
        fields = ("phase", "reason", "message", "qosClass", "conditions")
        shown = {field: shown[field] for field in fields if field in shown}
    if kind == "Node":
        shown = {"conditions": shown.get("conditions") or []}
    if "conditions" in shown:
        shown["conditions"] = sorted((_condition(kind, c) for c in shown["conditions"]), key=_type)
    return shown


def _condition(kind: str, condition: Object) -> Object:
    if kind == "Node":
        hidden = ("lastHeartbeatTime", "lastTransitionTime")
    elif kind == "Pod":
        hidden = ("lastProbeTime", "lastTransitionTime", "observedGeneration")
    else:
        hidden = ()
    empty = (None,) if kind == "PodDisruptionBudget" else ("", None)
    return {k: v for k, v in condition.items() if k not in hidden and v not in empty}


def _type(condition: Object) -> str:
    return condition["type"]


def _without_uids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: _without_uids(v) for k, v in value.items() if k not in ("uid", "resourceVersion", "creationTimestamp")
        }
    if isinstance(value, list):
        return [_without_uids(one) for one in value]
    return value


def _hide_nodes(value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        hidden = {}
        for key, one in value.items():
            if key == "nodeName" and one:
                hidden[key] = "<node>"
            elif key in ZONE_LABELS and kind == "Pod":
                hidden[key] = "<zone>"
            elif key in ("zone", "hints"):
                continue
            else:
                hidden[key] = _hide_nodes(one, kind)
        return hidden
    if isinstance(value, list):
        return [_hide_nodes(one, kind) for one in value]
    return value


# -- writes --------------------------------------------------------------------------------------------------------


def flat(obj: Object) -> dict[str, Any]:
    """The fields of a recorded object, by dotted path."""
    found: dict[str, Any] = {}
    left_out = ("kind",) if obj["kind"] == "Secret" else ("kind", "data")
    _flatten("", {k: v for k, v in obj.items() if k not in left_out}, found)
    for hidden in ("metadata.name", "metadata.generateName", "status.qosClass"):
        found.pop(hidden, None)
    return found


def _flatten(path: str, value: Any, found: dict[str, Any]) -> None:
    if path == "status.conditions":
        for entry in value:
            text = f"{entry['status']}/{entry.get('reason') or ''}/{entry.get('message') or ''}"
            found[f"{path}[{entry['type']}]"] = text
    elif isinstance(value, dict):
        for key, one in value.items():
            _flatten(f"{path}.{key}" if path else key, one, found)
    else:
        found[path] = value


ON_CREATE = re.compile(
    r"metadata\.(labels|annotations|ownerReferences|finalizers).*|spec\.replicas|spec\.nodeName|status\.phase"
)


def write_of(change: KeyChange, normal: Normalizer) -> Object | None:
    """One change of the store as a recorded write; None for kinds that are left out."""
    obj = (change.kv or change.previous).value
    if not isinstance(obj, dict) or obj.get("kind") in LEFT_OUT or "metadata" not in obj:
        return None
    if change.kv is not None and change.previous is None:
        normal.learn(obj)
    name = normal.text(meta.name(obj))
    told = f"{obj['kind']}/{name}"
    if change.kv is None:
        return {"op": "delete", "obj": told}
    now = flat(normal.shape(change.kv.value))
    if change.previous is None:
        return {
            "op": "create",
            "obj": told,
            "set": normal.text({k: v for k, v in now.items() if ON_CREATE.fullmatch(k)}),
        }
    before = flat(normal.shape(change.previous.value))
    changed = {k: v for k, v in now.items() if before.get(k, _NOTHING) != v}
    changed.update({k: None for k in before if k not in now})
    return {"op": "update", "obj": told, "set": normal.text(changed)}


_NOTHING = object()


# -- a form in which both sides can be compared --------------------------------------------------------------------


class Plain:
    """Hashes become numbers in the order of their first appearance, times and the n of `#n` vanish."""

    def __init__(self, hashes: Iterable[str]) -> None:
        self.hashes = {found: f"<hash{place}>" for place, found in enumerate(dict.fromkeys(hashes), 1)}

    def of(self, value: Any) -> Any:
        """The value in plain form."""
        text = json.dumps(value, sort_keys=True)
        for found, told in self.hashes.items():
            text = text.replace(found, told)
        text = re.sub(r"#\d+", "#", text)
        text = re.sub(r'"T\+?\d*"', '"T"', text)
        return json.loads(text)


def canonical(value: Any) -> str:
    """Text by which things are sorted and compared."""
    return json.dumps(value, sort_keys=True)


def sorted_lists(value: Any) -> Any:
    """Endpoints and addresses in a fixed order: which pod comes first is chance."""
    if isinstance(value, dict):
        return {
            key: sorted((sorted_lists(one) for one in each), key=canonical)
            if key in ("endpoints", "addresses", "notReadyAddresses", "subsets") and isinstance(each, list)
            else sorted_lists(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [sorted_lists(one) for one in value]
    return value


def controllers_writes(writes: Iterable[Object]) -> dict[str, list[Any]]:
    """By object, the writes that are not a kubelet's or the scheduler's."""
    found: dict[str, list[Any]] = {}
    for write in writes:
        changed = {k: v for k, v in (write.get("set") or {}).items() if k != "metadata.deletionGracePeriodSeconds" or v}
        kind = write["obj"].partition("/")[0]
        if write["op"] == "update" and kind == "Pod" and all(KUBELET_FIELDS.fullmatch(field) for field in changed):
            continue
        if (
            write["op"] == "update"
            and kind == "Node"
            and all(
                "Kubelet" in str(v) and "Kubelet stopped" not in str(v) and "Kubelet never" not in str(v)
                for v in changed.values()
            )
        ):
            continue
        found.setdefault(write["obj"], []).append([write["op"], sorted_lists(changed)])
    return found
