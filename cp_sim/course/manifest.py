"""Pods for lessons in one line: the manifest that one would write as YAML."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def pod(name: str, cpu: str = "", memory: str = "", *, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """The manifest of a pod with one container; `spec` are further fields, `nodeSelector={"disk": "ssd"}`.

    `cpu` and `memory` are the container's requests, as in YAML: `"500m"`, `"1Gi"`; empty ones are left out.
    """
    requests = {resource: amount for resource, amount in (("cpu", cpu), ("memory", memory)) if amount}
    container: Object = {"name": "main", "image": "nginx"}
    if requests:
        container["resources"] = {"requests": requests}
    metadata: Object = {"name": name, "labels": dict(labels)} if labels else {"name": name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**spec, "containers": [container]}}


def pods(prefix: str, count: int, cpu: str = "", memory: str = "", **further: Any) -> list[Object]:
    """`count` equal pods, called `prefix-1`, `prefix-2`, ..."""
    return [pod(f"{prefix}-{number}", cpu, memory, **further) for number in range(1, count + 1)]
