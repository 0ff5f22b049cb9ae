"""`kubectl create role|rolebinding|clusterrole|clusterrolebinding|job|cronjob|ingress`.

Source: kubernetes/kubectl pkg/cmd/create/create_{role,rolebinding,job,cronjob,ingress}.go and their cluster-wide kin.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.commands.create import TYPED, make, name_of
from cp_sim.course.kubectl.errors import KubectlError, failure, usage
from cp_sim.course.kubectl.flags import require
from cp_sim.course.kubectl.shell import ALIASES, Invocation, command

ALIASES.update({"create cj": "create cronjob", "create ing": "create ingress"})
_RBAC = "rbac.authorization.k8s.io"


@command("create role", TYPED + "verb=* resource=* resource-name=+")
def create_role(invocation: Invocation) -> None:
    """Create a Role."""
    make(invocation, f"roles.{_RBAC}", {"metadata": {"name": name_of(invocation)}, "rules": _rules(invocation)})


@command("create clusterrole", TYPED + "verb=* resource=* resource-name=+ non-resource-url=* aggregation-rule=")
def create_clusterrole(invocation: Invocation) -> None:
    """Create a ClusterRole."""
    obj: dict[str, Any] = {"metadata": {"name": name_of(invocation)}}
    aggregate = invocation.flags["aggregation-rule"]
    if aggregate:
        labels = dict(part.split("=", 1) for part in aggregate.split(","))
        obj |= {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels}]}, "rules": None}
    elif invocation.flags["non-resource-url"]:
        obj["rules"] = [{"nonResourceURLs": invocation.flags["non-resource-url"], "verbs": invocation.flags["verb"]}]
    else:
        obj["rules"] = _rules(invocation)
    make(invocation, f"clusterroles.{_RBAC}", obj)


def _rules(invocation: Invocation) -> list[dict[str, Any]]:
    flags = invocation.flags
    if not flags["verb"]:
        raise failure("at least one verb must be specified")
    if not flags["resource"]:
        raise failure("at least one resource must be specified")
    by_group: dict[str, list[str]] = {}
    for text in flags["resource"]:
        named, slash, sub = text.partition("/")
        if named == "*":
            by_group.setdefault("*", []).append(text)
            continue
        try:
            type_ = invocation.client.type_of(named)
        except KubectlError as error:
            raise KubectlError(error.text.removeprefix("error: ")) from None
        by_group.setdefault(type_.group, []).append(type_.plural + slash + sub)
    extra = {"resourceNames": flags["resource-name"]} if flags["resource-name"] else {}
    return [
        {"apiGroups": [group], "resources": found, "verbs": flags["verb"], **extra} for group, found in by_group.items()
    ]


def _subjects(invocation: Invocation) -> list[dict[str, str]]:
    flags = invocation.flags
    subjects = [{"kind": "User", "apiGroup": _RBAC, "name": name} for name in flags["user"]]
    subjects += [{"kind": "Group", "apiGroup": _RBAC, "name": name} for name in flags["group"]]
    for text in flags["serviceaccount"]:
        namespace, colon, name = text.partition(":")
        if not colon or not namespace or not name:
            raise failure("serviceaccount must be <namespace>:<name>")
        subjects.append({"kind": "ServiceAccount", "name": name, "namespace": namespace})
    return subjects


@command("create rolebinding", TYPED + "role= clusterrole= user=+ group=+ serviceaccount=+")
def create_rolebinding(invocation: Invocation) -> None:
    """Create a RoleBinding."""
    flags, name = invocation.flags, name_of(invocation)
    if bool(flags["role"]) == bool(flags["clusterrole"]):
        raise failure("exactly one of clusterrole or role must be specified")
    kind, bound = ("Role", flags["role"]) if flags["role"] else ("ClusterRole", flags["clusterrole"])
    obj: dict[str, Any] = {"metadata": {"name": name}, "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": bound}}
    if _subjects(invocation):
        obj["subjects"] = _subjects(invocation)
    make(invocation, f"rolebindings.{_RBAC}", obj, failed="failed to create rolebinding: ")


@command("create clusterrolebinding", TYPED + "clusterrole= user=+ group=+ serviceaccount=+")
def create_clusterrolebinding(invocation: Invocation) -> None:
    """Create a ClusterRoleBinding."""
    name = name_of(invocation)
    require(invocation.flags, "clusterrole")
    reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": invocation.flags["clusterrole"]}
    obj: dict[str, Any] = {"metadata": {"name": name}, "roleRef": reference}
    if _subjects(invocation):
        obj["subjects"] = _subjects(invocation)
    make(invocation, f"clusterrolebindings.{_RBAC}", obj, failed="failed to create clusterrolebinding: ")


def _job_template(name: str, image: str, command_: list[str], restart: str) -> dict[str, Any]:
    container: dict[str, Any] = {"name": name, "image": image, "resources": {}}
    if command_:
        container["command"] = command_
    return {"template": {"metadata": {}, "spec": {"containers": [container], "restartPolicy": restart}}}


def _named(invocation: Invocation) -> tuple[str, list[str]]:
    behind = invocation.flags["--"] or []
    words = invocation.arguments[: len(invocation.arguments) - len(behind)]
    if len(words) != 1:
        raise usage(f"exactly one NAME is required, got {len(words)}", invocation.name)
    return words[0], list(behind)


@command("create job", TYPED + "image= from=")
def create_job(invocation: Invocation) -> None:
    """Create a Job."""
    flags = invocation.flags
    name, behind = _named(invocation)
    if not flags["image"] and not flags["from"]:
        raise failure("either --image or --from must be specified")
    obj: dict[str, Any] = {"metadata": {"name": name}}
    if flags["from"]:
        kind, _, source = flags["from"].partition("/")
        type_ = invocation.client.type_of(kind)
        cron = invocation.client.get(type_, invocation.namespace, source)
        obj["metadata"]["annotations"] = {"cronjob.kubernetes.io/instantiate": "manual"}
        reference = {
            "apiVersion": type_.api_version,
            "kind": type_.kind,
            "name": source,
            "uid": cron["metadata"]["uid"],
        }
        obj["metadata"]["ownerReferences"] = [{**reference, "controller": True}]
        obj["spec"] = cron["spec"]["jobTemplate"]["spec"]
    else:
        obj["spec"] = _job_template(name, flags["image"], behind, "Never")
    make(invocation, "jobs.batch", obj, failed="failed to create job: ", empties=("status",))


@command("create cronjob", TYPED + "image= schedule= restart=")
def create_cronjob(invocation: Invocation) -> None:
    """Create a CronJob."""
    flags = invocation.flags
    require(flags, "image", "schedule")
    name, behind = _named(invocation)
    template = _job_template(name, flags["image"], behind, flags["restart"] or "OnFailure")
    spec = {"schedule": flags["schedule"], "jobTemplate": {"metadata": {"name": name}, "spec": template}}
    obj = {"metadata": {"name": name}, "spec": spec}
    make(invocation, "cronjobs.batch", obj, failed="failed to create cronjob: ", empties=("status",))


@command("create ingress", TYPED + "rule=+ class= default-backend= annotation=+")
def create_ingress(invocation: Invocation) -> None:
    """Create an Ingress."""
    flags, name = invocation.flags, name_of(invocation)
    if not flags["rule"] and not flags["default-backend"]:
        raise failure(
            "not enough information provided: every ingress has to either specify a default-backend (which "
            "catches all traffic) or a list of rules (which catch specific paths)"
        )
    hosts: dict[str, list[Any]] = {}
    for rule in flags["rule"]:
        front, _, back = rule.partition("=")
        host, _, path = front.partition("/")
        hosts.setdefault(host, []).append(_path("/" + path, back.partition(",")[0]))
    rules = [{**({"host": host} if host else {}), "http": {"paths": paths}} for host, paths in hosts.items()]
    spec: dict[str, Any] = {"rules": rules} if rules else {}
    if flags["class"]:
        spec["ingressClassName"] = flags["class"]
    if flags["default-backend"]:
        spec["defaultBackend"] = _backend(flags["default-backend"])
    obj = {"metadata": {"name": name}, "spec": spec}
    make(
        invocation,
        "ingresses.networking.k8s.io",
        obj,
        failed="failed to create ingress: ",
        empties=("status.loadBalancer",),
    )


def _path(path: str, back: str) -> dict[str, Any]:
    prefix = path.endswith("*")
    return {"backend": _backend(back), "path": path.rstrip("*"), "pathType": "Prefix" if prefix else "Exact"}


def _backend(text: str) -> dict[str, Any]:
    name, _, port = text.partition(":")
    return {"service": {"name": name, "port": {"number": int(port)} if port.isdigit() else {"name": port}}}
