"""`kubectl set image|env|resources|serviceaccount|selector`.

Source: kubernetes/kubectl pkg/cmd/set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.client import Object, StatusError
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, split_pairs, write_query
from cp_sim.course.kubectl.errors import KubectlError, failure, several
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import ALIASES, GROUPS, Invocation, command
from cp_sim.objects import edit

ALIASES["set sa"] = "set serviceaccount"
GROUPS["set"] = """Configure application resources.

 These commands help you make changes to existing application resources.

Available Commands:
  env              Update environment variables on a pod template
  image            Update the image of a pod template
  resources        Update resource requests/limits on objects with pod templates
  selector         Set the selector on a resource
  serviceaccount   Update the service account of a resource
  subject          Update the user, group, or service account in a role binding or cluster role binding

Usage:
  kubectl set SUBCOMMAND [options]

Use "kubectl set <command> --help" for more information about a given command.
Use "kubectl options" for a list of global command-line options (applies to all commands)."""
_WHICH = "selector:l= all filename:f=* recursive:R kustomize:k= local containers:c= "
Changer = Callable[[Object], Object]


def _spec_path(info: Info) -> tuple[str, ...]:
    if info.type.plural == "pods":
        return ("spec",)
    if info.type.plural == "cronjobs":
        return ("spec", "jobTemplate", "spec", "template", "spec")
    return ("spec", "template", "spec")


def _each(invocation: Invocation, resources: list[str], word: str, change: Callable[[Info, Object], Object]) -> None:
    """Change the pod template of everything named, and say `x word updated` where it differs."""
    found = builder.infos(invocation, resources)
    errors: list[KubectlError] = list(found.errors)
    for info in found.infos:
        try:
            path = _spec_path(info)
            old = edit.get(info.object, path)
            if old is None:
                raise failure(f"the object is not a pod or does not have a pod template: {info.object.get('kind')}")
            new = change(info, old)
            if new == old and dry_run(invocation) == "none":
                continue
            obj = edit.put(info.object, path, new)
            if dry_run(invocation) != "client":
                obj = _send(invocation, info, path, old, new, word)
            done(invocation, info.type, info.name, f"{word} updated", obj)
        except KubectlError as error:
            errors.append(error)
    if errors:
        raise several(errors)


def _send(invocation: Invocation, info: Info, path: tuple[str, ...], old: Object, new: Object, word: str) -> Object:
    patch = edit.put({}, path, _difference(old, new))
    try:
        query = write_query(invocation, "kubectl-set")
        return invocation.client.patch(info.type, info.namespace, info.name, patch, "strategic", **query)
    except StatusError as error:
        if word == "resource requirements":
            raise failure(f"failed to patch resources update to pod template {error.message}") from None
        raise failure(f"failed to patch {word} update to pod template: {error.message}") from None


def _difference(old: Object, new: Object) -> Object:
    """A strategic patch for the few things that `set` changes: containers by name, plain fields."""
    patch: Object = {key: value for key, value in new.items() if key not in _LISTS and old.get(key) != value}
    for field in _LISTS:
        if new.get(field) == old.get(field):
            continue
        before = {container["name"]: container for container in old.get(field) or ()}
        patch[f"$setElementOrder/{field}"] = [{"name": container["name"]} for container in new[field]]
        patch[field] = []
        for container in new[field]:
            changes = {key: value for key, value in container.items() if before[container["name"]].get(key) != value}
            changes |= {key: None for key in before[container["name"]] if key not in container}
            if "env" in changes and changes["env"] is not None:
                changes["env"] = [{"$patch": "replace"}, *changes["env"]]
            if changes:
                patch[field].append({"name": container["name"], **changes})
    return patch


_LISTS = ("containers", "initContainers")


def _containers(spec: Object, wanted: str, change: Changer, *, init: bool = False) -> tuple[Object, bool]:
    """(the pod spec with the containers called `wanted` changed, whether there was one)."""
    pattern = re.compile(re.escape(wanted or "*").replace(r"\*", ".*"))
    hit = False
    for field in _LISTS if init else _LISTS[:1]:
        changed = []
        for container in spec.get(field) or ():
            if pattern.fullmatch(container["name"]):
                hit = True
                container = change(container)
            changed.append(container)
        if changed:
            spec = {**spec, field: changed}
    return spec, hit


@command("set image", PRINT + _WHICH)
def set_image(invocation: Invocation) -> None:
    """Change the images of containers."""
    resources, pairs = split_pairs(invocation.arguments, "image")
    if not resources and not invocation.flags["filename"]:
        raise failure("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    images = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if not images:
        raise failure("at least one image update is required")

    def change(_info: Info, spec: Object) -> Object:
        for name, image in images.items():
            spec, hit = _containers(spec, name, lambda container: {**container, "image": image}, init=True)  # noqa: B023
            if not hit:
                raise failure(f'unable to find container named "{name}"')
        return spec

    _each(invocation, resources, "image", change)


@command("set env", PRINT + _WHICH + "list resolve env:e=+ from= prefix= keys=* overwrite")
def set_env(invocation: Invocation) -> None:
    """Set, remove and list environment variables."""
    flags = invocation.flags
    resources, pairs = split_pairs(invocation.arguments, "environment variable")
    pairs += flags["env"]
    variables: list[Object] = [
        {"name": key, "value": value} for key, equals, value in (pair.partition("=") for pair in pairs) if equals
    ]
    removed = [pair[:-1] for pair in pairs if "=" not in pair]
    if flags["from"]:
        variables += _from(invocation)
    if flags["list"]:
        _list_env(invocation, resources)
        return
    if not variables and not removed:
        raise failure("at least one environment variable must be provided")

    def change(_info: Info, spec: Object) -> Object:
        return _containers(spec, flags["containers"], lambda container: _with_env(container, variables, removed))[0]

    _each(invocation, resources, "env", change)


def _with_env(container: Object, variables: list[Object], removed: list[str]) -> Object:
    env = {entry["name"]: entry for entry in container.get("env") or ()}
    env |= {entry["name"]: entry for entry in variables}
    left = [entry for name, entry in env.items() if name not in removed]
    rest = {key: value for key, value in container.items() if key != "env"}
    return {**rest, "env": left} if left else rest


def _from(invocation: Invocation) -> list[Object]:
    kind, _, name = invocation.flags["from"].partition("/")
    type_ = invocation.client.type_of(kind)
    source = invocation.client.get(type_, invocation.namespace, name)
    reference = "secretKeyRef" if type_.plural == "secrets" else "configMapKeyRef"
    variables = []
    for key in sorted(source.get("data") or {}):
        variable = re.sub(r"[^A-Z0-9_]", "_", key.upper())
        if variable != key:
            invocation.err(f"Warning: key {key} transferred to {variable}")
        variables.append(
            {"name": invocation.flags["prefix"] + variable, "valueFrom": {reference: {"key": key, "name": name}}}
        )
    return variables


def _list_env(invocation: Invocation, resources: list[str]) -> None:
    found = builder.infos(invocation, resources)
    for info in found.infos:
        for container in edit.get(info.object, _spec_path(info))["containers"]:
            invocation.out(f"# {info.type.kind} {info.name}, container {container['name']}")
            for entry in container.get("env") or ():
                invocation.out(_shown_env(invocation, info, entry))
    if found.errors:
        raise several(found.errors)


def _shown_env(invocation: Invocation, info: Info, entry: Object) -> str:
    source = entry.get("valueFrom")
    if not source:
        return f"{entry['name']}={entry.get('value', '')}"
    reference = source.get("configMapKeyRef") or source.get("secretKeyRef")
    if reference and invocation.flags["resolve"] and "configMapKeyRef" in source:
        stored = invocation.client.get(invocation.client.type_of("configmaps"), info.namespace, reference["name"])
        return f"{entry['name']}={stored['data'][reference['key']]}"
    kind = "configmap" if "configMapKeyRef" in source else "secret"
    told = f"{kind} {reference['name']}, key {reference['key']}" if reference else "a field"
    return f"# {entry['name']} from {told}"


@command("set resources", PRINT + _WHICH + "requests= limits=")
def set_resources(invocation: Invocation) -> None:
    """Set requests and limits."""
    flags = invocation.flags
    if not flags["requests"] and not flags["limits"]:
        raise failure("you must specify an update to requests or limits (in the form of --requests/--limits)")
    wanted = {}
    for field in ("limits", "requests"):
        if flags[field]:
            wanted[field] = dict(part.split("=", 1) for part in flags[field].split(",") if "=" in part)

    def change(_info: Info, spec: Object) -> Object:
        changed, hit = _containers(
            spec, flags["containers"], lambda container: edit.merge(container, {"resources": wanted})
        )
        if not hit:
            raise failure(f"unable to find container named {flags['containers']}")
        return changed

    _each(invocation, invocation.arguments, "resource requirements", change)


@command("set serviceaccount", PRINT + _WHICH)
def set_serviceaccount(invocation: Invocation) -> None:
    """Set the service account that pods run as."""
    if not invocation.arguments:
        raise failure("serviceaccount is required")
    *resources, account = invocation.arguments
    _each(invocation, resources, "serviceaccount", lambda _info, spec: {**spec, "serviceAccountName": account})


@command("set selector", PRINT + _WHICH + "resource-version=")
def set_selector(invocation: Invocation) -> None:
    """Set the selector of a Service."""
    resources, pairs = split_pairs(invocation.arguments, "selector")
    found = builder.infos(invocation, resources)
    if found.errors:
        raise several(found.errors)
    for info in found.infos:
        if info.type.plural != "services":
            raise failure("setting a selector is only supported for Services")
        selector: dict[str, Any] = dict.fromkeys(info.object["spec"].get("selector") or {})
        selector |= dict(pair.split("=", 1) for part in pairs for pair in part.split(","))
        patch = {"spec": {"selector": selector}}
        obj = invocation.client.patch(info.type, info.namespace, info.name, patch, "merge", **write_query(invocation))
        done(invocation, info.type, info.name, "selector updated", obj)
