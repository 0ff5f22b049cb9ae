"""`kubectl autoscale`.

Source: kubernetes/kubectl pkg/cmd/autoscale/autoscale.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.client import StatusError
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, write_query
from cp_sim.course.kubectl.errors import failure, several
from cp_sim.course.kubectl.shell import Invocation, command

_OLD = (
    "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for "
    "utilization or '500m' for milliCPU)."
)


@command("autoscale", PRINT + "min=# max=# cpu-percent=# cpu= memory= name= filename:f=* recursive:R save-config")
def autoscale(invocation: Invocation) -> None:
    """Create a HorizontalPodAutoscaler."""
    flags = invocation.flags
    if flags.given("cpu-percent"):
        invocation.err(_OLD)
    if flags["max"] < 1:
        raise failure(f"--max=MAXPODS is required and must be at least 1, max: {flags['max']}")
    if flags["max"] < flags["min"]:
        raise failure(
            f"--max=MAXPODS must be larger or equal to --min=MINPODS, max: {flags['max']}, min: {flags['min']}"
        )
    found = builder.infos(invocation)
    if found.errors:
        raise several(found.errors)
    type_ = invocation.client.type_of("horizontalpodautoscalers.autoscaling")
    for info in found.infos:
        name = flags["name"] or info.name
        target = {"apiVersion": info.type.api_version, "kind": info.type.kind, "name": info.name}
        spec: dict[str, Any] = {"maxReplicas": flags["max"], "scaleTargetRef": target, "metrics": _metrics(flags)}
        if flags["min"] > 0:
            spec["minReplicas"] = flags["min"]
        obj: Any = {"apiVersion": "autoscaling/v2", "kind": type_.kind, "metadata": {"name": name}, "spec": spec}
        if dry_run(invocation) != "client":
            path = f"/apis/autoscaling/v2/namespaces/{info.namespace}/{type_.plural}"
            try:
                obj = invocation.client.call("POST", path, query=write_query(invocation, "kubectl-autoscale"), body=obj)
            except StatusError as error:
                if error.reason != "AlreadyExists":
                    raise
                raise failure(
                    "failed to create autoscaling/v2 HPA and the configuration is incompatible with "
                    "autoscaling/v1: empty input"
                ) from None
        done(invocation, type_, name, "autoscaled", obj)


def _metrics(flags: Any) -> list[Any]:
    metrics = []
    asked = {
        "cpu": f"{flags['cpu-percent']}%" if flags.given("cpu-percent") else flags["cpu"],
        "memory": flags["memory"],
    }
    for name, text in asked.items():
        if not text:
            continue
        target: dict[str, Any] = {"type": "AverageValue", "averageValue": text}
        if text.endswith("%"):
            target = {"type": "Utilization", "averageUtilization": int(text[:-1])}
        metrics.append({"type": "Resource", "resource": {"name": name, "target": target}})
    return metrics
