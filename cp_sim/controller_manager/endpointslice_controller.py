"""The actor `endpointslice-controller`, with the memory that tells it when its cache is behind its own writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from cp_sim.apiserver.request import Response
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Action, Create, Delete, Plan, Update
from cp_sim.controller_manager import endpointslice, serving
from cp_sim.controller_manager.endpointslice import CONTROLLER, MANAGED_BY, SERVICE_NAME
from cp_sim.controller_manager.service_controllers import ServiceController
from cp_sim.objects.meta import generation, key, labels, name, namespace, node_name

Object = dict[str, Any]

# A slice that somebody else has touched is looked at after this time (`endpointSliceChangeMinSyncDelay`).
TOUCHED_DELAY_MS = 1_000
DELETED = -1


def by_service(piece: Object) -> Iterable[str]:
    """Index of EndpointSlices: the Service they belong to."""
    service = labels(piece).get(SERVICE_NAME)
    return (f"{namespace(piece)}/{service}",) if service else ()


class EndpointSliceController(ServiceController):
    """Keeps the EndpointSlices of each Service with a selector.

    It remembers the generation of every slice that it wrote.  As long as its cache shows an older one it does not act
    on the Service but comes back a second later.

    *In Kubernetes:* `endpointslice-controller` in kube-controller-manager.
    """

    max_retries = 15
    base_backoff_ms = 1_000

    def __init__(self, informers: Informers) -> None:
        super().__init__("endpointslice-controller", informers)
        self.generations: dict[str, dict[str, int]] = {}  # service -> slice -> generation written

    def setup(self) -> None:
        super().setup()
        self.nodes = self.informers.of("nodes")
        self.slices = self.informers.of("endpointslices.discovery.k8s.io").index("service", by_service)
        self.slices.on_change(self, "slice_changed")

    def slice_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A slice was changed or deleted: if that was not this controller, its Service has to look."""
        if labels(new).get(MANAGED_BY) != CONTROLLER:
            return
        service = f"{namespace(new)}/{labels(new).get(SERVICE_NAME, '')}"
        known = self.generations.get(service, {})
        if change == "DELETED":
            was_known = name(new) in known
            if was_known and known.pop(name(new)) != DELETED:
                self.enqueue(service, TOUCHED_DELAY_MS)
        elif generation(new) > known.get(name(new), 0) and service not in self.executions:
            self.enqueue(service, TOUCHED_DELAY_MS)

    def reconcile(self, key_: str) -> Plan:
        service = self.services.get(key_)
        if service is None:
            self.triggers.pop(key_, None)
            self.generations.pop(key_, None)
            return NOTHING
        if not serving.wants_endpoints(service):
            return Plan((), "no selector: its endpoints are the user's own affair")
        slices = [piece for piece in self.slices.where("service", key_) if labels(piece).get(MANAGED_BY) == CONTROLLER]
        if self._is_behind(key_, slices):
            return Plan((), "the cache does not show the slices written last: look again later", retry=True)
        pods = self.selected_pods(service)
        homeless = [pod for pod in pods if self._is_homeless(pod)] if not serving.publishes_unready(service) else []
        placed = [pod for pod in pods if pod not in homeless] if homeless else pods
        plan = endpointslice.reconcile(service, placed, slices, self.zone_of, self.next_trigger(service, pods))
        if homeless:
            # A pod on a node that does not exist (any more) is left out, and looked for again later.
            return dataclasses.replace(
                plan, retry=True, because=f"{plan.because}; {len(homeless)} without a node left out"
            )
        return plan

    def _is_homeless(self, pod: Object) -> bool:
        return self.nodes.get(node_name(pod)) is None and serving.serves(pod, even_terminating=True)

    def zone_of(self, node: str) -> str:
        """The zone of a node."""
        found = self.nodes.get(node)
        return labels(found).get(endpointslice.ZONE, "") if found is not None else ""

    def _is_behind(self, key_: str, slices: list[Object]) -> bool:
        known = self.generations.get(key_, {})
        shown = {name(piece): generation(piece) for piece in slices}
        for piece, written in known.items():
            if written == DELETED:
                if piece in shown:
                    return True
            elif piece not in shown or shown[piece] < written:
                return True
        return False

    def answered(self, key_: str, action: Action, response: Response) -> None:
        """Remember what was written."""
        if not response.ok:
            return
        known = self.generations.setdefault(key_, {})
        if isinstance(action, Create | Update):
            written = known[name(response.body)] = generation(response.body)
            cached = self.slices.get(key(response.body))
            if cached is not None and generation(cached) > written:
                self.enqueue(key_, TOUCHED_DELAY_MS)  # somebody was there between the write and its answer
        elif isinstance(action, Delete):
            known[action.name] = DELETED
