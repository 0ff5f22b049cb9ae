"""The actor `endpoints-controller`."""

from __future__ import annotations

from typing import Any

from cp_sim.client.informer import Informers
from cp_sim.client.plan import Plan
from cp_sim.controller_manager import endpoints, serving
from cp_sim.controller_manager.service_controllers import ServiceController
from cp_sim.objects.meta import key

Object = dict[str, Any]


class EndpointsController(ServiceController):
    """Keeps one Endpoints object for each Service with a selector.

    Endpoints that somebody edits stay so until something else changes; deleted ones come back.

    *In Kubernetes:* `endpoints-controller` in kube-controller-manager.
    """

    max_retries = 15

    def __init__(self, informers: Informers) -> None:
        super().__init__("endpoints-controller", informers, "endpoint-controller", "endpoint-controller")

    def setup(self) -> None:
        super().setup()
        self.endpoints = self.informers.of("endpoints").on_change(self, "endpoints_changed")

    def endpoints_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """Endpoints that were deleted are made again, if their Service is still there."""
        if change == "DELETED":
            self.enqueue(key(new))

    def reconcile(self, key_: str) -> Plan:
        service = self.services.get(key_)
        current = self.endpoints.get(key_)
        if service is None:
            self.triggers.pop(key_, None)
            return endpoints.without_service(current)
        if not serving.wants_endpoints(service):
            return Plan((), "no selector: its endpoints are the user's own affair")
        pods = self.selected_pods(service)
        return endpoints.reconcile(service, pods, current, self.next_trigger(service, pods))
