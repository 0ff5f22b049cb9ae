"""What the controllers of Endpoints and EndpointSlices share: from pods to the Services they serve."""

from __future__ import annotations

from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.controller_manager import serving
from cp_sim.controller_manager.indexes import by_label, by_selector, selected
from cp_sim.controller_manager.serving import TriggerTimes, trigger_time
from cp_sim.objects.edit import get
from cp_sim.objects.meta import is_deleting, is_ready, key, labels, namespace, node_name, phase

Object = dict[str, Any]


class ServiceController(Controller):
    """A controller whose keys are Services and whose work follows the pods that they select.

    A pod looks up the Services of its namespace through its own labels, so that one change never makes anybody go
    through all Services.
    """

    resource = "services"

    def __init__(self, name: str, informers: Informers, account: str = "", event_source: str = "") -> None:
        super().__init__(name, informers, f"system:serviceaccount:kube-system:{account or name}", event_source)
        self.triggers: dict[str, TriggerTimes] = {}

    def setup(self) -> None:
        self.services = self.informers.of("services").index("selector", by_selector)
        self.services.on_change(self, "service_changed")
        self.pods = self.informers.of("pods").index("label", by_label).on_change(self, "pod_changed")

    def service_changed(self, _change: str, _old: Object | None, new: Object) -> None:
        """A Service came, changed or went."""
        self.enqueue(key(new))

    def pod_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A pod came, changed or went: the Services that select it look, if what they show has changed."""
        if change == "MODIFIED" and old is not None:
            if _facts(old) == _facts(new):
                return
            if labels(old) != labels(new):
                self._enqueue_services_of(old)
        self._enqueue_services_of(new)

    def _enqueue_services_of(self, pod: Object) -> None:
        own = labels(pod)
        inside = namespace(pod)
        for label, value in own.items():
            for service in self.services.where("selector", f"{inside}/{label}={value}"):
                if service["spec"]["selector"].items() <= own.items():
                    self.enqueue(key(service))

    def selected_pods(self, service: Object) -> list[Object]:
        """The pods that the Service's selector matches."""
        return selected(self.pods, namespace(service), get(service, "spec.selector") or {})

    def next_trigger(self, service: Object, pods: list[Object]) -> str:
        """The time of the change that is going to be published, remembered so that it is published once."""
        known, text = trigger_time(self.triggers.get(key(service), TriggerTimes()), service, pods)
        self.triggers[key(service)] = known
        return text


def _facts(pod: Object) -> tuple[Any, ...]:
    """All of a pod that an endpoint shows."""
    spec = pod.get("spec") or {}
    return (
        labels(pod),
        is_ready(pod),
        is_deleting(pod),
        phase(pod),
        get(pod, "status.podIP"),
        node_name(pod),
        spec.get("hostname"),
        spec.get("subdomain"),
    )


__all__ = ["ServiceController", "serving"]
