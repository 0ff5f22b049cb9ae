"""Services of type LoadBalancer get a load balancer in the cloud, and its address in their status.

Source: k8s.io/cloud-provider/controllers/service/controller.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Response
from cp_sim.client import NOTHING, Action, Controller, Emit, Informers, Patch, Plan
from cp_sim.cloud_controller_manager.cloud import Cloud, CloudAnswer, CloudRequest
from cp_sim.cloud_controller_manager.install import NAME
from cp_sim.objects import edit, meta

Object = dict[str, Any]
Ports = tuple[tuple[str, int, int], ...]

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
NO_NODES = ("Warning", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer")


class ServiceController(Controller):
    """Brings the cloud's load balancers in line with the Services, and cleans up behind them.

    The cloud takes its time: a key whose order is on its way is left alone until the answer has come.

    *In Kubernetes:* `service-lb-controller` in cloud-controller-manager; retries start at 5 s and double up to 5
    minutes.
    """

    resource = "services"
    base_backoff_ms = 5_000
    cap_backoff_ms = 300_000

    def __init__(self, informers: Informers, cloud: Cloud) -> None:
        super().__init__("service-controller", informers, NAME)
        self.cloud = cloud
        self.ordered: dict[str, CloudRequest] = {}
        self.answers: dict[str, CloudAnswer] = {}
        self.known: dict[str, tuple[Ports, tuple[str, ...]]] = {}  # what each balancer was last told
        self._hosts: tuple[str, ...] = ()

    def setup(self) -> None:
        self.services = self.informers.of("services").on_change(self, "service_changed")
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")

    # -- what wakes it -------------------------------------------------------------------------------------------------

    def service_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """Services that want a load balancer, have one, or still hold the finalizer."""
        key = meta.key(new)
        if change == "DELETED":
            self.known.pop(key, None)
        elif wants_load_balancer(new) or FINALIZER in meta.finalizers(new):
            self.enqueue(key)

    def node_changed(self, change: str, old: Object | None, new: Object) -> None:
        """When the set of nodes that can take traffic changes, every load balancer has to hear of it."""
        if change != "MODIFIED" or old is None or takes_traffic(old) != takes_traffic(new):
            self._hosts = ()
            for key in self.known:
                self.enqueue(key)

    def notice(self, message: Any) -> None:
        if isinstance(message, CloudAnswer):
            self.ordered.pop(message.request.key, None)
            self.answers[message.request.key] = message
            self.enqueue(message.request.key)
        else:
            super().notice(message)

    # -- what it does --------------------------------------------------------------------------------------------------

    def hosts(self) -> tuple[str, ...]:
        """The names of the nodes that can take traffic, sorted."""
        if not self._hosts:
            self._hosts = tuple(sorted(meta.name(node) for node in self.nodes.list() if takes_traffic(node)))
        return self._hosts

    def reconcile(self, key: str) -> Plan:
        service = self.services.get(key)
        if service is None or key in self.ordered:
            self.answers.pop(key, None)
            return NOTHING
        answer = self.answers.pop(key, None)
        if answer is not None:
            return self._answered_by_cloud(service, answer)
        if needs_cleanup(service):
            event = Emit(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
            return Plan((event,), "nobody wants the load balancer any more", on_done="order_delete")
        if not wants_load_balancer(service):
            return NOTHING
        wanted = (ports_of(service), self.hosts())
        if key not in self.known or self.known[key][0] != wanted[0]:
            return self._ensure(service)
        if self.known[key][1] != wanted[1]:
            return Plan((Emit(service, *NO_NODES),) if not wanted[1] else (), on_done="order_update")
        return NOTHING

    def _ensure(self, service: Object) -> Plan:
        actions: list[Action] = [Emit(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")]
        if FINALIZER not in meta.finalizers(service):
            actions.append(_finalizers(service, [*meta.finalizers(service), FINALIZER]))
        if not self.hosts():
            actions.append(Emit(service, *NO_NODES))
        because = f"{meta.name(service)} is of type LoadBalancer: ask the cloud for one"
        return Plan(
            tuple(actions), because, observed={"balancer": None}, desired={"balancer": 1}, on_done="order_ensure"
        )

    def _answered_by_cloud(self, service: Object, answer: CloudAnswer) -> Plan:
        request = answer.request
        key = meta.key(service)
        if answer.error:
            return Plan((self._failure(service, answer),), f"the cloud says: {answer.error}", retry=True)
        if request.operation == "delete":
            self.known.pop(key, None)
            kept = [finalizer for finalizer in meta.finalizers(service) if finalizer != FINALIZER]
            done = Emit(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")
            actions: list[Action] = [_finalizers(service, kept), done]
            if not meta.is_deleting(service):
                actions.append(_status(service, {"ingress": None}))
            return Plan(tuple(actions), "the load balancer is gone: let go of the Service")
        self.known[key] = (request.ports, request.backends)
        if request.operation == "update":
            updated = Emit(service, "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts")
            return Plan((updated,) if request.backends else ())
        status = {"ingress": [{"ip": answer.address, "ipMode": "VIP"}]}
        actions = [Emit(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")]
        if edit.get(service, "status.loadBalancer") != status:
            actions.append(_status(service, status))
        return Plan(tuple(actions), f"the load balancer stands at {answer.address}: tell the Service")

    def _failure(self, service: Object, answer: CloudAnswer) -> Emit:
        operation, error = answer.request.operation, answer.error
        if operation == "update":
            hosts = " ".join(answer.request.backends)
            text = f"Error updating load balancer with new hosts [{hosts}]: {error}"
            return Emit(service, "Warning", "UpdateLoadBalancerFailed", text)
        text = f"Error syncing load balancer: failed to {operation} load balancer: {error}"
        return Emit(service, "Warning", "SyncLoadBalancerFailed", text)

    # -- orders to the cloud -------------------------------------------------------------------------------------------

    def order_ensure(self, key: str, _plan: Plan, _responses: list[Response]) -> None:
        """The finalizer is in place: ask for the load balancer."""
        self._order("ensure", key)

    def order_update(self, key: str, _plan: Plan, _responses: list[Response]) -> None:
        """Tell the load balancer which nodes there are."""
        self._order("update", key)

    def order_delete(self, key: str, _plan: Plan, _responses: list[Response]) -> None:
        """Ask for the end of the load balancer."""
        self._order("delete", key)

    def _order(self, operation: str, key: str) -> None:
        service = self.services.get(key)
        if service is None:
            return
        # The name that cloud providers agree on: `a` and the Service's uid without its dashes, at most 32 characters.
        name = ("a" + meta.uid(service).replace("-", ""))[:32]
        request = CloudRequest(operation, name, self.name, key, ports_of(service), self.hosts())
        self.ordered[key] = request
        self.loop.send(self.cloud.name, request)


def wants_load_balancer(service: Object) -> bool:
    """Whether the Service asks the cloud, and not some other class of load balancers, for one."""
    spec = service.get("spec") or {}
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass") and not meta.is_deleting(service)


def needs_cleanup(service: Object) -> bool:
    """Whether a load balancer stands (or may stand) that the Service does not want any more."""
    return FINALIZER in meta.finalizers(service) and not wants_load_balancer(service)


def takes_traffic(node: Object) -> bool:
    """Whether load balancers may send traffic to the node."""
    return meta.is_ready(node) and EXCLUDE_LABEL not in meta.labels(node)


def ports_of(service: Object) -> Ports:
    """(protocol, port, node port) of each port of the Service."""
    ports = edit.get(service, "spec.ports") or ()
    return tuple((port.get("protocol", "TCP"), port["port"], port.get("nodePort", 0)) for port in ports)


def _finalizers(service: Object, finalizers: list[str]) -> Patch:
    patch = {"metadata": {"finalizers": finalizers or None}}
    return Patch("services", meta.namespace(service), meta.name(service), patch, type="merge")


def _status(service: Object, status: Object) -> Patch:
    patch = {"status": {"loadBalancer": status}}
    return Patch("services", meta.namespace(service), meta.name(service), patch, type="merge", subresource="status")
