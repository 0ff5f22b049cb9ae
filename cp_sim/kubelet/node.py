"""A hollow node: what one kubelet knows about its machine, and which pods it may take on."""

from __future__ import annotations

import heapq
from typing import Any

from cp_sim.client import Client, EventRecorder
from cp_sim.kubelet.messages import StaticPod
from cp_sim.kubelet.podrun import PodRun
from cp_sim.kubelet.spec import NodeSpec, internal_address
from cp_sim.objects import edit, meta, quantity, selectors
from cp_sim.sim import immutable

Object = dict[str, Any]

# What a machine is taken to hold of an image that nothing is known about.
IMAGE_SIZE_BYTES = 25_000_000


@immutable
class Refusal:
    """Why a kubelet does not take a pod: the reason, and the message without `Pod was rejected: `."""

    reason: str
    message: str


def node_address(number: int) -> str:
    """The address of the machine that joined as the `number`th."""
    return f"10.0.{number // 250}.{number % 250 + 1}"


class HollowNode:
    """A kubelet's machine, its addresses, images and pods."""

    def __init__(self, spec: NodeSpec, number: int, api: Client) -> None:
        self.spec = spec
        self.number = number
        self.address = internal_address(spec) or node_address(number)
        self.uid = ""
        self.object: Object | None = None
        self.lease: Object | None = None
        self.stopped = False  # the kubelet does not run
        self.off = False  # nor does anything else: the machine is off
        self.cut_off = False
        self.ahead_ms = 0  # by how much its clock goes ahead
        self.static: dict[str, StaticPod] = {}  # what is known of the processes behind the static pods
        self.ready = (True, "", "")  # whether it posts Ready, else with what reason and message
        self.status_due_ms = 0
        self.status_tries = 0  # to post the status, in vain
        self.lease_tries = 0
        self.lease_wait_ms = 0  # the pause before the next try to renew the Lease, while there is one
        self.pods: dict[str, PodRun] = {}
        self.overdue: list[Any] = []  # timers that fired while the kubelet was stopped
        self.recorder = EventRecorder(api, "kubelet", spec.name)
        self.images: dict[str, int] = {}
        for image in spec.images:
            name, size = image if isinstance(image, tuple | list) else (image, IMAGE_SIZE_BYTES)
            self.images[str(name)] = int(size)
        self._cpu_milli = quantity.milli(spec.cpu)
        self._memory_bytes = quantity.value(spec.memory)
        self._used_cpu_milli = 0
        self._used_memory_bytes = 0
        self._free_addresses: list[int] = []
        self._last_address = 1

    @property
    def name(self) -> str:
        """The Node's name."""
        return self.spec.name

    @property
    def user(self) -> str:
        """The name under which this kubelet speaks to the API server."""
        return f"system:node:{self.spec.name}"

    # -- images ---------------------------------------------------------------------------------------------------

    def has_image(self, image: str) -> bool:
        """Whether the image need not be pulled."""
        return image in self.images

    def pulled(self, image: str) -> None:
        """The image is here now. *Simplified:* it is not added to the Node's `status.images`."""
        self.images.setdefault(image, IMAGE_SIZE_BYTES)

    # -- pods -----------------------------------------------------------------------------------------------------

    def suits(self, pod: Object) -> bool:
        """Whether the node's labels, as far as they are known here, are those that the pod insists on."""
        spec = pod["spec"]
        selector = spec.get("nodeSelector")
        required = edit.get(pod, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
        if not selector and not required:
            return True
        labels = meta.labels(self.object or {})
        if selector and any(labels.get(key) != value for key, value in selector.items()):
            return False
        return not required or selectors.matches_node_selector(required, labels, self.name)

    def refusal(self, pod: Object) -> Refusal | None:
        """Why the pod cannot run here for want of room, or None (`pkg/kubelet/lifecycle/predicate.go`)."""
        if len(self.pods) >= self.spec.pods:
            return _no_room("pods", 1, len(self.pods), self.spec.pods)
        cpu_milli, memory_bytes = requests_of(pod)
        if cpu_milli and self._used_cpu_milli + cpu_milli > self._cpu_milli:
            return _no_room("cpu", cpu_milli, self._used_cpu_milli, self._cpu_milli)
        if memory_bytes and self._used_memory_bytes + memory_bytes > self._memory_bytes:
            return _no_room("memory", memory_bytes, self._used_memory_bytes, self._memory_bytes)
        return None

    def take(self, run: PodRun) -> None:
        """Take a pod on: it occupies its requests."""
        run.requests = requests_of(run.pod)
        self.pods[run.uid] = run
        self._used_cpu_milli += run.requests[0]
        self._used_memory_bytes += run.requests[1]

    def release(self, run: PodRun) -> None:
        """The pod has finished or is gone: its room and its address are free."""
        if self.pods.pop(run.uid, None) is None:
            return
        self._used_cpu_milli -= run.requests[0]
        self._used_memory_bytes -= run.requests[1]
        if run.ip and run.ip != self.address:
            heapq.heappush(self._free_addresses, int(run.ip.rpartition(".")[2]))

    def address_for(self, pod: Object) -> str:
        """An IP for the pod: the host's for `hostNetwork`, else one of the node's own range."""
        if pod["spec"].get("hostNetwork"):
            return self.address
        if self._last_address < 254 or not self._free_addresses:
            self._last_address += 1
            last = self._last_address
        else:
            last = heapq.heappop(self._free_addresses)
        if self.number < 256:
            return f"10.244.{self.number}.{last}"
        return f"10.{self.number // 256}.{self.number % 256}.{last}"


def _no_room(resource: str, requested: int, used: int, capacity: int) -> Refusal:
    numbers = f"requested: {requested}, used: {used}, capacity: {capacity}"
    return Refusal(f"OutOf{resource}", f"Node didn't have enough resource: {resource}, {numbers}")


def requests_of(pod: Object) -> tuple[int, int]:
    """(milli CPU, bytes of memory) that a pod asks for: its containers' sum, or its largest init container."""
    spec = pod["spec"]
    cpu_milli = memory_bytes = 0
    for container in spec["containers"]:
        asked = (container.get("resources") or {}).get("requests")
        if asked:
            cpu_milli += quantity.milli(asked.get("cpu", 0))
            memory_bytes += quantity.value(asked.get("memory", 0))
    for container in spec.get("initContainers") or ():
        asked = (container.get("resources") or {}).get("requests") or {}
        cpu_milli = max(cpu_milli, quantity.milli(asked.get("cpu", 0)))
        memory_bytes = max(memory_bytes, quantity.value(asked.get("memory", 0)))
    return cpu_milli, memory_bytes


def pod_reference(pod: Object, container: str = "", role: str = "containers") -> Object:
    """What an Event about a pod, or one of its containers, refers to."""
    reference: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": meta.namespace(pod),
        "name": meta.name(pod),
        "uid": meta.uid(pod),
        "resourceVersion": meta.resource_version(pod),
    }
    if container:
        reference["fieldPath"] = f"spec.{role}{{{container}}}"
    return reference
