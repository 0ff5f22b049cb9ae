"""`kubectl create namespace|deployment|configmap|secret|serviceaccount|priorityclass|quota|poddisruptionbudget`.

Sources: kubernetes/kubectl pkg/cmd/create/create_{namespace,deployment,configmap,secret,serviceaccount,…}.go.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from cp_sim.course.kubectl.commands.create import TYPED, make, name_of
from cp_sim.course.kubectl.errors import failure, usage
from cp_sim.course.kubectl.flags import require
from cp_sim.course.kubectl.shell import ALIASES, Invocation, command
from cp_sim.objects.selectors import parse_labels

ALIASES.update(
    {
        "create ns": "create namespace",
        "create deploy": "create deployment",
        "create dep": "create deployment",
        "create cm": "create configmap",
        "create sa": "create serviceaccount",
        "create pc": "create priorityclass",
        "create resourcequota": "create quota",
        "create pdb": "create poddisruptionbudget",
    }
)


@command("create namespace", TYPED)
def create_namespace(invocation: Invocation) -> None:
    """Create a namespace."""
    obj = {"metadata": {"name": name_of(invocation)}}
    make(invocation, "namespaces", obj, empties=("spec", "status"))


@command("create deployment", TYPED + "image=+ replicas:r=# port=#")
def create_deployment(invocation: Invocation) -> None:
    """Create a Deployment of one pod template."""
    flags = invocation.flags
    require(flags, "image")
    name = (invocation.arguments or [""])[0]
    arguments = flags["--"]
    if len(invocation.arguments) - len(arguments) != 1:
        raise usage(f"exactly one NAME is required, got {len(invocation.arguments)}", "create deployment")
    containers = [_container(image) for image in flags["image"]]
    if arguments:
        if len(containers) > 1:
            raise failure("cannot specify multiple --image options and command")
        containers[0]["command"] = list(arguments)
    if flags.given("port") and flags["port"] > 0:
        containers[0]["ports"] = [{"containerPort": flags["port"]}]
    replicas = flags["replicas"] if flags.given("replicas") else 1
    if replicas < 0:
        raise failure("--replicas must be 0 or greater")
    labels = {"app": name}
    obj = {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }
    make(invocation, "deployments.apps", obj, failed="failed to create deployment: ", empties=("status",))


def _container(image: str) -> dict[str, Any]:
    name = image.rsplit("/", 1)[-1]
    name = name.partition("@")[0].partition(":")[0]
    return {"name": re.sub(r"[^-a-z0-9]", "", name.lower().replace("_", "-")), "image": image, "resources": {}}


@command("create configmap", TYPED + "from-literal=+ from-file=+ from-env-file=+ append-hash")
def create_configmap(invocation: Invocation) -> None:
    """Create a ConfigMap of literals and files."""
    name = name_of(invocation)
    data = _data(invocation)
    obj: dict[str, Any] = {"metadata": {"name": name}}
    if data:
        obj["data"] = data
    make(invocation, "configmaps", obj, failed="failed to create configmap: ")


@command("create secret generic", TYPED + "from-literal=+ from-file=+ from-env-file=+ type= append-hash")
def create_secret(invocation: Invocation) -> None:
    """Create a Secret of literals and files."""
    name = name_of(invocation)
    data = {key: base64.b64encode(value.encode()).decode() for key, value in _data(invocation).items()}
    obj: dict[str, Any] = {"metadata": {"name": name}}
    if data:
        obj["data"] = data
    if invocation.flags["type"]:
        obj["type"] = invocation.flags["type"]
    make(invocation, "secrets", obj, failed="failed to create secret ")


def _data(invocation: Invocation) -> dict[str, str]:
    flags = invocation.flags
    if flags["from-env-file"] and (flags["from-file"] or flags["from-literal"]):
        raise failure("from-env-file cannot be combined with from-file or from-literal")
    data: dict[str, str] = {}
    for literal in flags["from-literal"]:
        key, equals, value = literal.partition("=")
        if not equals or not key:
            raise failure(f"invalid literal source {literal}, expected key=value")
        _add(data, key, value.strip("'\"") if value[:1] in "'\"" else value)
    for source in flags["from-file"]:
        key, equals, path = source.rpartition("=")
        _add(data, key if equals else path.rsplit("/", 1)[-1], _read(invocation, path))
    for path in flags["from-env-file"]:
        for line in _read(invocation, path).splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                key, _, value = line.lstrip().partition("=")
                _add(data, key, value)
    return data


def _add(data: dict[str, str], key: str, value: str) -> None:
    if key in data:
        raise failure(f'cannot add key "{key}", another key by that name already exists in Data for ConfigMap')
    data[key] = value


def _read(invocation: Invocation, path: str) -> str:
    files = invocation.kubectl.files
    if files is not None:
        if path in files:
            return files[path]
    elif Path(path).is_file():
        return Path(path).read_text()
    raise failure(f"error reading {path}: no such file or directory")


@command("create serviceaccount", TYPED)
def create_serviceaccount(invocation: Invocation) -> None:
    """Create a ServiceAccount."""
    obj = {"metadata": {"name": name_of(invocation)}}
    make(invocation, "serviceaccounts", obj, failed="failed to create serviceaccount: ")


@command("create priorityclass", TYPED + "value=# global-default description= preemption-policy=")
def create_priorityclass(invocation: Invocation) -> None:
    """Create a PriorityClass."""
    flags = invocation.flags
    require(flags, "value")
    obj: dict[str, Any] = {"metadata": {"name": name_of(invocation)}, "value": flags["value"]}
    obj["preemptionPolicy"] = flags["preemption-policy"] or "PreemptLowerPriority"
    if flags["global-default"]:
        obj["globalDefault"] = True
    if flags["description"]:
        obj["description"] = flags["description"]
    make(invocation, "priorityclasses.scheduling.k8s.io", obj, failed="failed to create priorityclass: ")


@command("create quota", TYPED + "hard= scopes=")
def create_quota(invocation: Invocation) -> None:
    """Create a ResourceQuota."""
    name = name_of(invocation)
    hard = {}
    for part in invocation.flags["hard"].split(",") if invocation.flags["hard"] else ():
        key, equals, value = part.partition("=")
        if not equals:
            raise failure(f"invalid argument syntax, expected <resource>=<value>: {part}")
        hard[key] = value
    obj: dict[str, Any] = {"metadata": {"name": name}, "spec": {"hard": hard} if hard else {}}
    if invocation.flags["scopes"]:
        obj["spec"]["scopes"] = invocation.flags["scopes"].split(",")
    make(invocation, "resourcequotas", obj, failed="failed to create quota: ", empties=("status",))


@command("create poddisruptionbudget", TYPED + "selector= min-available= max-unavailable=")
def create_budget(invocation: Invocation) -> None:
    """Create a PodDisruptionBudget."""
    flags = invocation.flags
    name = name_of(invocation)
    least, most = flags["min-available"], flags["max-unavailable"]
    if not flags["selector"]:
        raise failure("a selector must be specified")
    if not least and not most:
        raise failure("one of min-available or max-unavailable must be specified")
    if least and most:
        raise failure("min-available and max-unavailable cannot be both specified")
    parse_labels(flags["selector"])
    labels = dict(part.split("=", 1) for part in flags["selector"].replace("==", "=").split(","))
    value = least or most
    bound: Any = int(value) if re.fullmatch(r"[+-]?\d+", value) else value
    spec = {"minAvailable" if least else "maxUnavailable": bound, "selector": {"matchLabels": labels}}
    obj: dict[str, Any] = {"metadata": {"name": name}, "spec": spec}
    if flags["dry-run"] == "client":
        obj["status"] = dict.fromkeys(("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"), 0)
    make(invocation, "poddisruptionbudgets.policy", obj, failed="failed to create poddisruptionbudgets: ")
