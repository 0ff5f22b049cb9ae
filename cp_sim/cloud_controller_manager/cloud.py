"""A cloud as data: machines and load balancers, an API with a delay, and faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cp_sim.sim import Actor, immutable

REGION = "local"


@dataclass(slots=True)
class Machine:
    """A virtual machine.  `state` is running, stopped or gone."""

    name: str
    zone: str
    region: str = REGION
    instance_type: str = "standard-4"
    addresses: tuple[tuple[str, str], ...] = ()
    state: str = "running"

    @property
    def provider_id(self) -> str:
        """What the Node will carry as `spec.providerID`."""
        return f"sim://{self.region}/{self.zone or 'nowhere'}/{self.name}"


@dataclass(slots=True)
class LoadBalancer:
    """A load balancer in front of the nodes, for one Service."""

    name: str
    address: str
    ports: tuple[tuple[str, int, int], ...] = ()  # protocol, port, node port
    backends: tuple[str, ...] = ()


@immutable
class CloudRequest:
    """`operation` (ensure, update or delete) on the load balancer `name`; answered by a `CloudAnswer` to `reply_to`."""

    operation: str
    name: str
    reply_to: str
    key: str
    ports: tuple[tuple[str, int, int], ...] = ()
    backends: tuple[str, ...] = ()


@immutable
class CloudAnswer:
    """What the cloud made of a request; `error` is empty when it was done."""

    request: CloudRequest
    address: str = ""
    error: str = ""


@immutable
class Work:
    """The timer message that ends a request's wait."""

    request: CloudRequest


class Cloud(Actor):
    """Machines and load balancers, and the API through which controllers ask for them.

    A load balancer takes `delay_ms` of virtual time to be made.  `faults` maps an operation to the error with which it
    fails until the entry is taken out again, e.g. `{"ensure": "quota exceeded: 0 of 5 load balancers left"}`.
    """

    def __init__(self, name: str = "cloud", delay_ms: int = 5_000) -> None:
        super().__init__(name)
        self.delay_ms = delay_ms
        self.machines: dict[str, Machine] = {}
        self.load_balancers: dict[str, LoadBalancer] = {}
        self.faults: dict[str, str] = {}
        self._addresses = 0

    # -- machines --------------------------------------------------------------------------------------------------

    def start_machine(self, name: str, zone: str = "", instance_type: str = "standard-4") -> Machine:
        """Make a machine, or start a stopped one; returns it."""
        machine = self.machines.get(name)
        if machine is None or machine.state == "gone":
            machine = self.machines[name] = Machine(name, zone, instance_type=instance_type)
        machine.state = "running"
        return machine

    def stop_machine(self, name: str) -> None:
        """Switch a machine off; it still exists."""
        self.machines[name].state = "stopped"

    def end_machine(self, name: str) -> None:
        """Delete a machine for good."""
        self.machines.pop(name, None)

    def machine(self, node: str, provider_id: str = "") -> Machine | None:
        """The machine of a node, None if the cloud knows none (any more)."""
        machine = self.machines.get(node)
        return None if machine is not None and provider_id and machine.provider_id != provider_id else machine

    # -- load balancers --------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        if isinstance(message, CloudRequest):
            self.loop.after(self.delay_ms if message.operation != "update" else 0, self.name, Work(message))
        elif isinstance(message, Work):
            self.loop.send(message.request.reply_to, self._done(message.request))
        else:
            super().receive(message)

    def _done(self, request: CloudRequest) -> CloudAnswer:
        error = self.faults.get(request.operation, "")
        if error:
            return CloudAnswer(request, error=error)
        if request.operation == "delete":
            self.load_balancers.pop(request.name, None)
            self.loop.record("delete load balancer", f"services/{request.key}", f"{request.name} is gone")
            return CloudAnswer(request)
        balancer = self.load_balancers.get(request.name)
        if balancer is None:
            self._addresses += 1
            # 203.0.113.0/24 is set aside for documentation (RFC 5737).
            address = f"203.0.113.{self._addresses % 254 + 1}"
            balancer = self.load_balancers[request.name] = LoadBalancer(request.name, address)
            self.loop.record("create load balancer", f"services/{request.key}", f"{request.name} at {address}")
        if request.operation == "ensure":
            balancer.ports = request.ports
        balancer.backends = request.backends
        return CloudAnswer(request, balancer.address)
