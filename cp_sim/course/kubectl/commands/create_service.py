"""`kubectl create service …`, `kubectl run` and `kubectl expose`.

Sources: kubernetes/kubectl pkg/cmd/{create/create_service.go,run/run.go,expose/expose.go}.
"""

from __future__ import annotations

import json
import re
from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, write_query
from cp_sim.course.kubectl.commands.create import TYPED, make, name_of
from cp_sim.course.kubectl.errors import failure, several, usage
from cp_sim.course.kubectl.flags import require
from cp_sim.course.kubectl.shell import ALIASES, Invocation, command
from cp_sim.objects import edit, meta

ALIASES.update({"create svc": "create service"})
_SERVICES = {"clusterip": "ClusterIP", "nodeport": "NodePort", "loadbalancer": "LoadBalancer"}


def _tcp(flags: Any, node_port: int = 0) -> list[dict[str, Any]]:
    ports = []
    for text in flags["tcp"]:
        front, colon, back = text.partition(":")
        if not front.isdigit():
            raise failure(f'strconv.Atoi: parsing "{front}": invalid syntax')
        target: Any = int(back) if back.isdigit() else back
        port = {
            "name": text.replace(":", "-"),
            "port": int(front),
            "protocol": "TCP",
            "targetPort": target if colon else int(front),
        }
        if node_port:
            port["nodePort"] = node_port
        ports.append(port)
    return ports


def _service(invocation: Invocation, kind: str) -> None:
    flags, name = invocation.flags, name_of(invocation)
    headless = flags["clusterip"] == "None"
    if not flags["tcp"] and not headless:
        raise failure("at least one tcp port specifier must be provided")
    labels = {"app": name}
    spec: dict[str, Any] = {"ports": _tcp(flags, flags["node-port"] if flags.given("node-port") else 0)}
    if not spec["ports"]:
        del spec["ports"]
    spec |= {"selector": labels, "type": kind}
    if flags["clusterip"]:
        spec["clusterIP"] = flags["clusterip"]
    obj: dict[str, Any] = {"metadata": {"name": name, "labels": labels}, "spec": spec}
    make(invocation, "services", obj, failed=f"failed to create {kind} service: ", empties=("status.loadBalancer",))


@command("create service clusterip", TYPED + "tcp=* clusterip=")
def create_clusterip(invocation: Invocation) -> None:
    """Create a Service of type ClusterIP."""
    _service(invocation, "ClusterIP")


@command("create service nodeport", TYPED + "tcp=* node-port=#")
def create_nodeport(invocation: Invocation) -> None:
    """Create a Service of type NodePort."""
    _service(invocation, "NodePort")


@command("create service loadbalancer", TYPED + "tcp=*")
def create_loadbalancer(invocation: Invocation) -> None:
    """Create a Service of type LoadBalancer."""
    _service(invocation, "LoadBalancer")


@command("create service externalname", TYPED + "tcp=* external-name=")
def create_externalname(invocation: Invocation) -> None:
    """Create a Service that is another name for something outside."""
    name = name_of(invocation)
    require(invocation.flags, "external-name")
    labels = {"app": name}
    spec: dict[str, Any] = {
        "externalName": invocation.flags["external-name"],
        "selector": labels,
        "type": "ExternalName",
    }
    if invocation.flags["tcp"]:
        spec["ports"] = _tcp(invocation.flags)
    obj = {"metadata": {"name": name, "labels": labels}, "spec": spec}
    make(
        invocation, "services", obj, failed="failed to create ExternalName service: ", empties=("status.loadBalancer",)
    )


@command(
    "run",
    PRINT
    + "image= port= expose env=+ labels:l= annotations=+ restart= overrides= override-type= command rm stdin:i tty:t "
    "attach quiet:q image-pull-policy= save-config leave-stdin-open privileged pod-running-timeout=~ "
    "cascade=?background",
)
def run(invocation: Invocation) -> None:
    """Create one pod."""
    flags = invocation.flags
    require(flags, "image")
    if not invocation.arguments:
        raise usage("NAME is required for run", "run")
    if not flags["image"]:
        raise failure("--image is required")
    name, arguments = invocation.arguments[0], invocation.arguments[1:]
    restart = flags["restart"] or "Always"
    if restart not in ("Always", "OnFailure", "Never"):
        raise failure(f"invalid restart policy: {restart}, valid values are: Always, OnFailure, Never")
    obj = _pod(invocation, name, arguments, restart)
    if flags["overrides"]:
        try:
            obj = edit.merge(obj, json.loads(flags["overrides"]))
        except ValueError as error:
            raise failure(f"invalid JSON in --overrides: {error}") from None
    _send(invocation, "pods", obj, "created", ("status",), "kubectl-run")
    if flags["expose"]:
        if not flags["port"]:
            raise failure("--port must be set when exposing a service")
        port = int(flags["port"])
        spec = {"ports": [{"port": port, "protocol": "TCP", "targetPort": port}], "selector": obj["metadata"]["labels"]}
        _send(invocation, "services", {"metadata": {"name": name}, "spec": spec}, "created", (), "kubectl-run")


def _pod(invocation: Invocation, name: str, arguments: list[str], restart: str) -> dict[str, Any]:
    flags = invocation.flags
    container: dict[str, Any] = {"image": flags["image"], "name": name, "resources": {}}
    if arguments:
        container["command" if flags["command"] else "args"] = list(arguments)
    if flags["env"]:
        container["env"] = []
        for text in flags["env"]:
            key, equals, value = text.partition("=")
            if not equals or not key:
                raise failure(f"invalid env: {text}")
            container["env"].append({"name": key, "value": value})
    if flags["port"]:
        if not re.fullmatch(r"\d+", flags["port"]):
            raise failure(f'strconv.Atoi: parsing "{flags["port"]}": invalid syntax')
        container["ports"] = [{"containerPort": int(flags["port"])}]
    if flags["image-pull-policy"]:
        container["imagePullPolicy"] = flags["image-pull-policy"]
    metadata: dict[str, Any] = {"name": name, "labels": _labels(flags["labels"]) if flags["labels"] else {"run": name}}
    if flags["annotations"]:
        metadata["annotations"] = dict(text.split("=", 1) for text in flags["annotations"] if "=" in text)
    spec = {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart}
    return {"metadata": metadata, "spec": spec}


def _labels(text: str) -> dict[str, str]:
    labels = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals:
            raise failure(f"unexpected label spec: {part}")
        labels[key] = value
    return labels


def _send(invocation: Invocation, resource: str, obj: Any, verb: str, empties: tuple[str, ...], manager: str) -> None:
    type_ = invocation.client.type_of(resource)
    body = {"apiVersion": type_.api_version, "kind": type_.kind, **obj}
    if dry_run(invocation) == "client":
        for path in empties:
            body = edit.put(body, path, {})
        done(invocation, type_, meta.name(body), verb, body)
        return
    path = type_.path(invocation.namespace)
    stored = invocation.client.call("POST", path, query=write_query(invocation, manager), body=body)
    done(invocation, type_, meta.name(body), verb, stored)


@command(
    "expose",
    PRINT + "port= target-port= protocol= type= name= selector= labels:l= external-ip= load-balancer-ip= cluster-ip= "
    "session-affinity= overrides= filename:f=* recursive:R save-config kustomize:k= override-type=",
)
def expose(invocation: Invocation) -> None:
    """Put a Service before what a Deployment, ReplicaSet, ReplicationController, Pod or Service selects."""
    chosen = invocation.flags.values.pop("selector", "")
    found = builder.infos(invocation)
    if found.errors:
        raise several(found.errors)
    for info in found.infos:
        _expose_one(invocation, info, chosen)


def _expose_one(invocation: Invocation, info: Any, chosen: str) -> None:
    flags, obj = invocation.flags, info.object
    if info.type.plural not in ("pods", "services", "replicationcontrollers", "deployments", "replicasets"):
        raise failure(f"cannot expose a {info.type.kind}")
    selector = _labels(chosen) if chosen else _selector(info)
    ports = [int(part) for part in flags["port"].split(",")] if flags["port"] else _ports(obj)
    if not ports:
        raise failure(
            "couldn't find port via --port flag or introspection\nSee 'kubectl expose -h' for help and examples"
        )
    target = flags["target-port"]
    made = []
    for i, port in enumerate(ports):
        entry: dict[str, Any] = {"port": port, "protocol": flags["protocol"] or "TCP"}
        entry["targetPort"] = int(target) if target.isdigit() else target or port
        if len(ports) > 1:
            entry["name"] = f"port-{i + 1}"
        made.append(entry)
    spec: dict[str, Any] = {"ports": made, "selector": selector}
    for flag, field in (("type", "type"), ("cluster-ip", "clusterIP"), ("session-affinity", "sessionAffinity")):
        if flags[flag]:
            spec[field] = flags[flag]
    name = (flags["name"] or info.name)[:63]
    metadata: dict[str, Any] = {"name": name}
    labels = _labels(flags["labels"]) if flags["labels"] else meta.labels(obj)
    if labels:
        metadata["labels"] = labels
    made_service = {"metadata": metadata, "spec": spec}
    _send(invocation, "services", made_service, "exposed", ("status.loadBalancer",), "kubectl-expose")


def _selector(info: Any) -> dict[str, str]:
    if info.type.plural == "pods":
        if not meta.labels(info.object):
            raise failure("the pod has no labels and cannot be exposed")
        return meta.labels(info.object)
    selector = edit.get(info.object, "spec.selector") or {}
    if info.type.group:
        if selector.get("matchExpressions"):
            raise failure(
                f'couldn\'t convert expressions - "{selector["matchExpressions"]}" to map-based selector format'
            )
        return dict(selector.get("matchLabels") or {})
    return dict(selector)


def _ports(obj: dict[str, Any]) -> list[int]:
    spec = edit.get(obj, "spec.template.spec") or obj.get("spec") or {}
    if "ports" in spec:
        return [entry["port"] for entry in spec["ports"]]
    return [
        entry["containerPort"] for container in spec.get("containers") or () for entry in container.get("ports") or ()
    ]
