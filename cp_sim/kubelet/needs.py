"""What a pod needs before its containers can start: the ConfigMaps and Secrets that it names.

A missing one behind a volume keeps the pod in ContainerCreating, one behind an environment variable makes its container
fail with CreateContainerConfigError; either way the kubelet looks again, ever more seldom, until it is there.

Source: `pkg/volume/configmap/configmap.go`, `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables),
`pkg/volume/util/operationexecutor` (back-off from 0.5 s to 2 min 2 s).

*Simplified:* volumes of other kinds are always there; so are the projected ones of the service account.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.kubelet.node import HollowNode
from cp_sim.kubelet.podrun import PodRun
from cp_sim.kubelet.work import PodWork
from cp_sim.objects import meta
from cp_sim.sim import immutable

Object = dict[str, Any]

FIRST_LOOK_MS = 500
LAST_LOOK_MS = 122_000
# Stands for an object of which nobody could say whether it is there.
UNKNOWN: Any = "unknown"
# How long a look may take and still be waited for by whoever lets the world settle.
FOREGROUND_LIMIT_MS = 2_000


@immutable
class Need:
    """One thing that must be there: `container` wants it as environment, or the pod as volume `volume`."""

    resource: str
    name: str
    key: str = ""
    volume: str = ""
    container: str = ""


def needs_of(pod: Object) -> list[Need]:
    """What must be there before the pod can start, each thing once per place where it is wanted."""
    spec = pod["spec"]
    found: dict[Need, None] = {}
    for volume in spec.get("volumes") or ():
        if "configMap" in volume and not volume["configMap"].get("optional"):
            found[Need("configmaps", volume["configMap"].get("name", ""), volume=volume["name"])] = None
        if "secret" in volume and not volume["secret"].get("optional"):
            found[Need("secrets", volume["secret"].get("secretName", ""), volume=volume["name"])] = None
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        for need in _of_environment(container):
            found[need] = None
    return list(found)


def _of_environment(container: Object) -> list[Need]:
    wanted: list[tuple[str, Object | None]] = []
    for source in container.get("envFrom") or ():
        wanted += [("configmaps", source.get("configMapRef")), ("secrets", source.get("secretRef"))]
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        wanted += [("configmaps", source.get("configMapKeyRef")), ("secrets", source.get("secretKeyRef"))]
    return [
        Need(resource, reference.get("name", ""), reference.get("key", ""), container=container["name"])
        for resource, reference in wanted
        if reference and not reference.get("optional")
    ]


class Needs(PodWork):
    """The steps of a pod that waits for what it names."""

    def _look(self, node: HollowNode, run: PodRun, _place: int = -1) -> None:
        """Ask for everything that is not known to be there."""
        asked: dict[tuple[str, str], None] = {}
        for need in run.missing:
            asked[(need.resource, need.name)] = None
        run.awaited = len(asked)
        run.found.clear()
        for resource, name in asked:
            call = Call("get", resource, meta.namespace(run.pod), name)
            self.actor.send(node, call, "need_answered", (node.name, run.uid, resource, name))

    def need_answered(self, node: HollowNode, run: PodRun, resource: str, name: str, response: Response) -> None:
        """One of them is there, or is not."""
        run.awaited -= 1
        if response.ok:
            run.found[(resource, name)] = response.body
        elif response.status != 404:
            run.found[(resource, name)] = UNKNOWN
        if run.awaited == 0 and not run.stopping:
            self._weigh(node, run)

    def _weigh(self, node: HollowNode, run: PodRun) -> None:
        """Start if all is there, else say what is missing and look again later."""
        run.missing = [need for need in run.missing if _problem(run, need)]
        problems = [(need, _problem(run, need)) for need in run.missing]
        volumes = [(need, problem) for need, problem in problems if need.volume]
        if not problems:
            for container in run.containers:
                if container.reason == "CreateContainerConfigError":
                    container.reason, container.message = "ContainerCreating", ""
            self._step("start_next", node, run)
            return
        for need, problem in volumes:
            text = f'MountVolume.SetUp failed for volume "{need.volume}" : {problem}'
            self._emit(node, run.pod, "Warning", "FailedMount", text)
        if not volumes and self._cannot_configure(node, run, problems):
            self.report(node, run)
        run.look_ms = min(run.look_ms * 2, LAST_LOOK_MS) if run.look_ms else FIRST_LOOK_MS
        self._after(node, run, run.look_ms, "look", background=run.look_ms > FOREGROUND_LIMIT_MS)

    def _cannot_configure(self, node: HollowNode, run: PodRun, problems: list[tuple[Need, str]]) -> bool:
        """Note what keeps containers from being made; returns whether that is news."""
        news = False
        for container in run.containers:
            problem = next((problem for need, problem in problems if need.container == container.name), "")
            if problem:
                self._emit(node, run.pod, "Warning", "Failed", f"Error: {problem}", container)
                news = news or container.message != problem
                container.reason, container.message = "CreateContainerConfigError", problem
        return news


def _problem(run: PodRun, need: Need) -> str:
    """Why a need is not met, empty if it is."""
    kind = "configmap" if need.resource == "configmaps" else "secret"
    found = run.found.get((need.resource, need.name))
    if found is None:
        return f'{kind} "{need.name}" not found'
    if found == UNKNOWN:
        return f"failed to sync {kind} cache: timed out waiting for the condition"
    if need.key and need.key not in {**(found.get("data") or {}), **(found.get("binaryData") or {})}:
        kind = "ConfigMap" if need.resource == "configmaps" else "Secret"
        return f"couldn't find key {need.key} in {kind} {meta.namespace(run.pod)}/{need.name}"
    return ""
