"""What kubectl tells about the server and itself: `version`, `api-resources`, `api-versions`, `cluster-info`, `config`.

Sources: kubernetes/kubectl pkg/cmd/{version,apiresources,clusterinfo,config}.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.course.kubectl.client import Type, in_order
from cp_sim.course.kubectl.config import Context
from cp_sim.course.kubectl.errors import failure, usage
from cp_sim.course.kubectl.output.formats import Output
from cp_sim.course.kubectl.output.text import to_yaml
from cp_sim.course.kubectl.shell import GROUPS, Invocation, command
from cp_sim.course.kubectl.tabwriter import align

CLIENT = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.1",
    "gitCommit": "f78e722310e50bcaca9276be22276d9e91d91308",
    "gitTreeState": "clean",
    "buildDate": "2026-09-23T17:10:04Z",
    "goVersion": "go1.26.8",
    "compiler": "gc",
    "platform": "linux/amd64",
}
KUSTOMIZE = "v5.8.1"
GROUPS["config"] = 'Modify kubeconfig files using subcommands like "kubectl config set current-context my-context".'


@command("version", "client output:o=")
def version(invocation: Invocation) -> None:
    """Print the versions of client and server."""
    asked = invocation.flags["output"]
    if asked not in ("", "yaml", "json"):
        raise failure('--output must be "yaml" or "json"')
    told: dict[str, Any] = {"clientVersion": CLIENT, "kustomizeVersion": KUSTOMIZE}
    if not invocation.flags["client"]:
        told["serverVersion"] = in_order(invocation.client.call("GET", "/version"))
    if asked == "yaml":
        invocation.out(to_yaml(told))
    elif asked == "json":
        invocation.out(json.dumps(told, indent=2))
    else:
        invocation.out(f"Client Version: {CLIENT['gitVersion']}\nKustomize Version: {KUSTOMIZE}")
        if "serverVersion" in told:
            invocation.out(f"Server Version: {told['serverVersion']['gitVersion']}")


@command("api-versions")
def api_versions(invocation: Invocation) -> None:
    """Print the versions of all groups."""
    groups = invocation.client.call("GET", "/apis").get("groups") or []
    found = {entry["groupVersion"] for group in groups for entry in group["versions"]} | {"v1"}
    invocation.out("\n".join(sorted(found)))


@command(
    "api-resources",
    "api-group= namespaced no-headers output:o= verbs=* sort-by= cached categories=* show-managed-fields template=",
)
def api_resources(invocation: Invocation) -> None:
    """Print the types that the server knows."""
    flags = invocation.flags
    found = [type_ for type_ in invocation.client.types.all(invocation.client) if _is_wanted(invocation, type_)]
    if flags["sort-by"] not in ("", "name", "kind"):
        raise failure("--sort-by accepts only name or kind")
    if flags["output"] not in ("", "wide", "name", "json", "yaml"):
        raise failure(f"--output {flags['output']} is not available")
    key = flags["sort-by"] or "name"
    found.sort(
        key=lambda type_: (
            (type_.kind,) if key == "kind" else (type_.plural,) if flags["sort-by"] else (type_.group, type_.plural)
        )
    )
    if flags["output"] == "name":
        for type_ in found:
            invocation.out(type_.full_name)
        return
    wide = flags["output"] == "wide"
    rows = (
        []
        if flags["no-headers"]
        else ["NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND" + ("\tVERBS\tCATEGORIES" if wide else "")]
    )
    for type_ in found:
        cells = [
            type_.plural,
            ",".join(type_.short_names),
            type_.api_version,
            str(type_.namespaced).lower(),
            type_.kind,
        ]
        if wide:
            cells += [",".join(type_.verbs), ",".join(type_.categories)]
        rows.append("\t".join(cells))
    invocation.out(align("\n".join(rows) + "\n", padding=3, minimum=6), end="")


def _is_wanted(invocation: Invocation, type_: Type) -> bool:
    flags = invocation.flags
    if flags.given("api-group") and type_.group != flags["api-group"]:
        return False
    if flags.given("namespaced") and type_.namespaced != flags["namespaced"]:
        return False
    return all(verb in type_.verbs for verb in flags["verbs"]) and all(
        name in type_.categories for name in flags["categories"]
    )


@command("cluster-info")
def cluster_info(invocation: Invocation) -> None:
    """Print where the control plane is."""
    invocation.out(
        f"Kubernetes control plane is running at {invocation.kubectl.config.server}\n\n"
        "To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'."
    )


@command("config view", "minify raw flatten output:o= template= merge=?true")
def config_view(invocation: Invocation) -> None:
    """Print the kubeconfig."""
    config = invocation.kubectl.config
    told = config.as_object(config.current if invocation.flags["minify"] else "")
    output = Output(invocation.flags["output"])
    invocation.out(to_yaml(told) if output.kind == "table" else output.write(told), end="")


@command("config current-context")
def config_current(invocation: Invocation) -> None:
    """Print the current context."""
    if not invocation.kubectl.config.current:
        raise failure("current-context is not set")
    invocation.out(invocation.kubectl.config.current)


@command("config get-contexts", "output:o= no-headers")
def config_contexts(invocation: Invocation) -> None:
    """Print all contexts."""
    config = invocation.kubectl.config
    names = sorted(config.contexts)
    if invocation.flags["output"] == "name":
        invocation.out("\n".join(names))
        return
    rows = ["CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE"]
    for name in names:
        context = config.contexts[name]
        rows.append(
            "\t".join(["*" if name == config.current else "", name, context.cluster, context.user, context.namespace])
        )
    invocation.out(align("\n".join(rows) + "\n", padding=3, minimum=6), end="")


@command("config get-clusters")
def config_clusters(invocation: Invocation) -> None:
    """Print all clusters."""
    invocation.out("\n".join(["NAME", *invocation.kubectl.config.clusters]))


@command("config get-users")
def config_users(invocation: Invocation) -> None:
    """Print all users."""
    invocation.out("\n".join(["NAME", *sorted(invocation.kubectl.config.users)]))


@command("config use-context")
def config_use(invocation: Invocation) -> None:
    """Change the current context."""
    config, name = invocation.kubectl.config, (invocation.arguments or [""])[0]
    if name not in config.contexts:
        raise failure(f'no context exists with the name: "{name}"')
    config.current = name
    invocation.out(f'Switched to context "{name}".')


@command("config set-context", "current")
def config_set(invocation: Invocation) -> None:
    """Change or make a context; `--cluster`, `--user` and `--namespace` say what."""
    config, flags = invocation.kubectl.config, invocation.flags
    if not invocation.arguments and not flags["current"]:
        raise usage("Unexpected args: []", "config set-context")
    name = config.current if flags["current"] else invocation.arguments[0]
    old = config.contexts.get(name)
    config.contexts[name] = Context(
        flags["cluster"] or (old.cluster if old else ""),
        flags["user"] or (old.user if old else ""),
        flags["namespace"] if flags.given("namespace") else (old.namespace if old else ""),
    )
    invocation.out(f'Context "{name}" {"modified" if old else "created"}.')


@command("config delete-context")
def config_delete(invocation: Invocation) -> None:
    """Remove a context."""
    config, name = invocation.kubectl.config, (invocation.arguments or [""])[0]
    if config.contexts.pop(name, None) is None:
        raise failure(f"cannot delete context {name}, not in /WORK/.kubeconfig")
    invocation.out(f"deleted context {name} from /WORK/.kubeconfig")


@command("config rename-context")
def config_rename(invocation: Invocation) -> None:
    """Give a context another name."""
    config = invocation.kubectl.config
    old, new = (*invocation.arguments, "", "")[:2]
    if old not in config.contexts:
        raise failure(f'cannot rename the context "{old}", it\'s not in /WORK/.kubeconfig')
    config.contexts[new] = config.contexts.pop(old)
    config.current = new if config.current == old else config.current
    invocation.out(f'Context "{old}" renamed to "{new}".')


@command("config unset")
def config_unset(invocation: Invocation) -> None:
    """Forget a setting."""
    name = (invocation.arguments or [""])[0]
    if name == "current-context":
        invocation.kubectl.config.current = ""
    invocation.out(f'Property "{name}" unset.')
