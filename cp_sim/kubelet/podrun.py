"""A pod on a node as its kubelet knows it: its containers' states, and the status that follows from them.

Source: `pkg/kubelet/kubelet_pods.go` (getPhase, convertStatusToAPIStatus), `pkg/kubelet/status/generate.go`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cp_sim.kubelet.behaviour import Behaviour
from cp_sim.objects import meta
from cp_sim.sim import Timer

Object = dict[str, Any]

WAITING, RUNNING, TERMINATED = "waiting", "running", "terminated"
# What a container is in its pod. A sidecar is an init container with restartPolicy Always: it stays.
INIT, SIDECAR, MAIN = "init", "sidecar", "main"


class ContainerRun:
    """One container: its state now, its last end, how often it was restarted."""

    __slots__ = (
        "backoff_ms",
        "behaviour",
        "exit_code",
        "finished_ms",
        "image",
        "last",
        "message",
        "name",
        "pull_backoff_ms",
        "pull_policy",
        "pulled_ms",
        "ready",
        "reason",
        "restarts",
        "role",
        "started_ms",
        "started_text",
        "finished_text",
        "state",
        "tried",
    )

    def __init__(self, container: Object, role: str, behaviour: Behaviour) -> None:
        self.name: str = container["name"]
        self.image: str = container.get("image", "")
        self.pull_policy: str = container.get("imagePullPolicy", "")
        self.role = role
        self.behaviour = behaviour
        self.state = WAITING
        self.reason = "ContainerCreating"
        self.message = ""
        self.ready = False
        self.restarts = 0
        self.tried = False  # whether its start was begun (or is over)
        self.started_ms = self.finished_ms = 0
        self.started_text = self.finished_text = ""
        self.exit_code = 0
        self.last: Object = {}
        self.backoff_ms = 0
        self.pull_backoff_ms = 0
        self.pulled_ms = -1  # how long its image was pulled, -1: not at all

    @property
    def succeeded(self) -> bool:
        """Whether it has ended with exit code 0."""
        return self.state == TERMINATED and self.exit_code == 0

    def container_id(self, uid: str) -> str:
        """A made-up id, the same in every telling of the story."""
        return "containerd://" + hashlib.sha256(f"{uid}/{self.name}/{self.restarts}".encode()).hexdigest()

    def ended(self, uid: str) -> Object:
        """The `terminated` state."""
        return {
            "exitCode": self.exit_code,
            "reason": "Completed" if self.exit_code == 0 else "Error",
            "startedAt": self.started_text,
            "finishedAt": self.finished_text,
            "containerID": self.container_id(uid),
        }

    def wire(self, uid: str) -> Object:
        """The entry of `status.containerStatuses`."""
        status: Object = {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "lastState": {"terminated": self.last} if self.last else {},
            "ready": self.ready or (self.role == INIT and self.succeeded),
            "restartCount": self.restarts,
            "started": self.state == RUNNING,
        }
        if self.state == WAITING:
            waiting = {"reason": self.reason}
            if self.message:
                waiting["message"] = self.message
            status["state"] = {WAITING: waiting}
            if self.last:
                status["imageID"], status["containerID"] = image_id(self.image), self.last["containerID"]
            return status
        status["imageID"] = image_id(self.image)
        status["containerID"] = self.container_id(uid)
        if self.state == RUNNING:
            status["state"] = {RUNNING: {"startedAt": self.started_text}}
        else:
            status["state"] = {TERMINATED: self.ended(uid)}
        return status


class PodRun:
    """A pod that a kubelet has taken on."""

    __slots__ = (
        "awaited",
        "conditions",
        "containers",
        "failure",
        "found",
        "ip",
        "look_ms",
        "missing",
        "node",
        "plain",
        "pod",
        "requests",
        "start_text",
        "stopping",
        "timers",
        "uid",
    )

    def __init__(
        self, pod: Object, node: str, containers: list[ContainerRun], start_text: str, plain: bool = False
    ) -> None:
        self.uid = meta.uid(pod)
        self.pod = pod
        self.node = node
        self.containers = containers
        self.ip = ""
        self.start_text = start_text
        self.stopping = False
        self.plain = plain  # say no more than the fake kubelets of the recordings do
        self.failure: tuple[str, str] | None = None  # reason and message, once the kubelet has given the pod up
        self.timers: dict[tuple[str, int], Timer] = {}
        self.conditions: dict[str, tuple[str, str, str, str]] = {}  # type -> status, reason, message, since
        self.missing: list[Any] = []  # what it needs and is not known to be there
        self.found: dict[tuple[str, str], Object] = {}
        self.awaited = 0  # answers about what it needs
        self.look_ms = 0
        self.requests: tuple[int, int] = (0, 0)  # milli CPU, bytes of memory

    @property
    def restart_policy(self) -> str:
        """`spec.restartPolicy`."""
        return self.pod["spec"].get("restartPolicy") or "Always"

    def of_role(self, *roles: str) -> list[ContainerRun]:
        """The containers of these roles, in order."""
        return [container for container in self.containers if container.role in roles]

    @property
    def initialized(self) -> bool:
        """Whether all init containers have done their part."""
        return all(
            container.succeeded if container.role == INIT else container.state == RUNNING
            for container in self.of_role(INIT, SIDECAR)
        )

    @property
    def phase(self) -> str:
        """The pod's phase, from its containers and its restart policy."""
        if self.failure is not None:
            return "Failed"
        mains = self.of_role(MAIN)
        policy = self.restart_policy
        if policy == "Never" and any(c.role == INIT and c.state == TERMINATED and c.exit_code for c in self.containers):
            return "Failed"
        if any(container.state == WAITING and not container.last for container in mains):
            return "Pending"
        if any(container.state != TERMINATED for container in mains):
            return "Running"
        if policy == "Always":
            return "Running"
        if all(container.exit_code == 0 for container in mains):
            return "Succeeded"
        return "Failed" if policy == "Never" else "Running"

    def wire(self, now: str, host_ip: str) -> Object:
        """The pod's `status`, and nulls for what is to be taken out of the stored one."""
        phase = self.phase
        status: Object = {"phase": phase, "startTime": self.start_text, "hostIP": host_ip, "hostIPs": [{"ip": host_ip}]}
        if self.failure is not None:
            status["reason"], status["message"] = self.failure
        generation = 0 if self.plain else meta.generation(self.pod)
        if generation:
            status["observedGeneration"] = generation
        if self.ip:
            status["podIP"], status["podIPs"] = self.ip, [{"ip": self.ip}]
        status["conditions"] = self._conditions(phase, now, generation)
        inits = self.of_role(INIT, SIDECAR)
        if inits:
            status["initContainerStatuses"] = [container.wire(self.uid) for container in inits]
        status["containerStatuses"] = [container.wire(self.uid) for container in self.of_role(MAIN)]
        return status

    def _conditions(self, phase: str, now: str, generation: int) -> list[Object]:
        finished = phase in ("Succeeded", "Failed")
        wanted = [("PodReadyToStartContainers", str(bool(self.ip) and not finished), "", "")]
        wanted.append(("Initialized", *self._initialized(phase)))
        containers_ready = self._containers_ready(phase)
        wanted.append(("Ready", *self.ready_condition()))
        wanted.append(("ContainersReady", *containers_ready))
        if not self.plain and meta.condition(self.pod, "PodScheduled") is None:
            wanted.append(("PodScheduled", "True", "", ""))
        found = []
        for type_, status, reason, message in wanted:
            before = self.conditions.get(type_)
            since = before[3] if before is not None and before[0] == status else now
            self.conditions[type_] = (status, reason, message, since)
            entry: Object = {"type": type_, "status": status, "lastTransitionTime": since}
            if before is None:
                entry["lastProbeTime"] = None
            if generation:
                entry["observedGeneration"] = generation
            for field, text, old in (("reason", reason, 1), ("message", message, 2)):
                if text:
                    entry[field] = text
                elif before is not None and before[old]:
                    entry[field] = None
            found.append(entry)
        return found

    def _initialized(self, phase: str) -> tuple[str, str, str]:
        if phase == "Succeeded":
            return "True", "" if self.plain else "PodCompleted", ""
        if self.initialized or phase == "Failed":
            return "True", "", ""
        names = [c.name for c in self.of_role(INIT, SIDECAR) if not (c.succeeded or c.state == RUNNING)]
        incomplete = " ".join(names)
        return "False", "ContainersNotInitialized", f"containers with incomplete status: [{incomplete}]"

    def _containers_ready(self, phase: str) -> tuple[str, str, str]:
        if phase == "Succeeded":
            return "False", "PodCompleted", ""
        if phase == "Failed":
            return "False", "PodCompleted" if self.plain else "PodFailed", ""
        unready = " ".join(container.name for container in self.of_role(SIDECAR, MAIN) if not container.ready)
        if unready:
            return "False", "ContainersNotReady", f"containers with unready status: [{unready}]"
        return "True", "", ""

    def ready_condition(self) -> tuple[str, str, str]:
        """Status, reason and message of the condition Ready: all containers and all readiness gates."""
        containers_ready = self._containers_ready(self.phase)
        if containers_ready[0] != "True":
            return containers_ready
        messages = []
        for gate in self.pod["spec"].get("readinessGates") or ():
            type_ = gate["conditionType"]
            found = meta.condition(self.pod, type_)
            if found is None:
                messages.append(f'corresponding condition of pod readiness gate "{type_}" does not exist.')
            elif found["status"] != "True":
                texts = f'"{type_}" is not "True", but {found["status"]}'
                messages.append(f"the status of pod readiness gate {texts}")
        if messages:
            return "False", "ReadinessGatesNotReady", ", ".join(messages)
        return "True", "", ""


def image_id(image: str) -> str:
    """The resolved name of an image: with its registry and a digest."""
    name = image.partition("@")[0]
    repository = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
    first, slash, _ = repository.partition("/")
    if not slash:
        repository = f"docker.io/library/{repository}"
    elif "." not in first and ":" not in first and first != "localhost":
        repository = f"docker.io/{repository}"
    return f"{repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"
