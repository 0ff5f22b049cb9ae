"""Priority: the name of a PriorityClass becomes a number in the pod.

*In Kubernetes:* `plugin/pkg/admission/priority`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission.plugin import Attributes, Plugin
from cp_sim.objects import edit

CLASSES = "priorityclasses.scheduling.k8s.io"
SYSTEM = ("system-cluster-critical", "system-node-critical")
DEFAULT_POLICY = "PreemptLowerPriority"


class Priority(Plugin):
    """Resolves `spec.priorityClassName`, and keeps at most one default class."""

    name = "Priority"
    resources = ("pods", CLASSES)
    reads = (CLASSES,)
    mutates = ("CREATE", "UPDATE")
    validates = ("CREATE", "UPDATE", "DELETE")

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.resource != "pods" or asked.subresource:
            return
        pod = asked.object
        spec = pod.get("spec") or {}
        if asked.operation == "UPDATE":
            old = (asked.old or {}).get("spec") or {}
            if spec.get("priority") is None and old.get("priority") is not None:
                pod = edit.put(pod, "spec.priority", old["priority"])
            if spec.get("preemptionPolicy") is None and old.get("preemptionPolicy") is not None:
                pod = edit.put(pod, "spec.preemptionPolicy", old["preemptionPolicy"])
            asked.object = pod
            return
        name, value, policy = self._class_of(server, asked, spec.get("priorityClassName") or "")
        given = spec.get("priority")
        if given is not None and given != value:
            raise asked.forbidden(
                f"the integer value of priority ({given}) must not be provided in pod spec; "
                f"priority admission controller computed {value} from the given PriorityClass name"
            )
        given_policy = spec.get("preemptionPolicy")
        if given_policy is not None and given_policy != policy:
            raise asked.forbidden(
                f"the string value of PreemptionPolicy ({given_policy}) must not be provided in pod spec; "
                f"priority admission controller computed {policy} from the given PriorityClass name"
            )
        added = {"priority": value, "preemptionPolicy": policy}
        if name:
            added["priorityClassName"] = name
        asked.object = {**pod, "spec": {**spec, **added}}

    def validate(self, server: Any, asked: Attributes) -> None:
        if asked.resource == CLASSES and asked.operation == "DELETE" and asked.name in SYSTEM:
            raise asked.forbidden("this is a system priority class and cannot be deleted")
        if asked.resource != CLASSES or asked.operation == "DELETE" or not asked.object.get("globalDefault"):
            return
        default = self._default_class(server)
        if default is None:
            return
        if asked.operation == "CREATE" or default["metadata"]["name"] != asked.name:
            raise asked.forbidden(
                f"PriorityClass {default['metadata']['name']} is already marked as default. Only one default can exist"
            )

    def _class_of(self, server: Any, asked: Attributes, name: str) -> tuple[str, int, str]:
        if not name:
            default = self._default_class(server)
            if default is None:
                return "", 0, DEFAULT_POLICY
            found, name = default, default["metadata"]["name"]
        else:
            found = server.known(CLASSES, name)
            if found is None:
                raise asked.forbidden(f"no PriorityClass with name {name} was found")
        return name, found["value"], found.get("preemptionPolicy") or DEFAULT_POLICY

    def _default_class(self, server: Any) -> dict[str, Any] | None:
        cache = server.caches.get(CLASSES)
        if cache is None:
            return None
        default = None
        for one in cache.objects.values():
            if one.get("globalDefault") and (default is None or one["value"] < default["value"]):
                default = one
        return default
