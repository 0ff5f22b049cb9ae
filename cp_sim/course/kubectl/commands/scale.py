"""`kubectl scale`, `kubectl patch` and `kubectl replace`.

Source: kubernetes/kubectl pkg/cmd/{scale/scale.go,patch/patch.go,replace/replace.go}, pkg/scale/scale.go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cp_sim.course.kubectl import builder, manifests
from cp_sim.course.kubectl.client import StatusError, status_of
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, write_query
from cp_sim.course.kubectl.errors import KubectlError, failure, several
from cp_sim.course.kubectl.flags import require
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.course.kubectl.yaml_reader import YamlError, read

_WHICH = "selector:l= all filename:f=* recursive:R kustomize:k= "


@command("scale", PRINT + _WHICH + "replicas=# current-replicas=# resource-version= timeout=~")
def scale(invocation: Invocation) -> None:
    """Set how many replicas there shall be."""
    flags = invocation.flags
    require(flags, "replicas")
    if flags["replicas"] < 0:
        raise failure("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    dry_run(invocation)
    found = builder.infos(invocation)
    errors = list(found.errors)
    for info in found.infos:
        try:
            _scale_one(invocation, info)
        except KubectlError as error:
            errors.append(error)
    if errors:
        raise several(errors)


def _scale_one(invocation: Invocation, info: Info) -> None:
    flags, client = invocation.flags, invocation.client
    wanted = flags["replicas"]
    expected = flags["current-replicas"] if flags.given("current-replicas") else -1
    obj = info.object
    if dry_run(invocation) != "client":
        query = write_query(invocation)
        if expected >= 0 or flags["resource-version"]:
            path = info.type.path(info.namespace, info.name, "scale")
            current = client.call("GET", path)
            was = current["spec"].get("replicas", 0)
            if expected >= 0 and was != expected:
                raise failure(f"Expected replicas to be {expected}, was {was}")
            version = current["metadata"].get("resourceVersion")
            if flags["resource-version"] and version != flags["resource-version"]:
                raise failure(f"Expected resource version to be {flags['resource-version']}, was {version}")
            obj = client.call("PUT", path, query=query, body={**current, "spec": {"replicas": wanted}})
        else:
            patch = {"spec": {"replicas": wanted}}
            obj = client.patch(info.type, info.namespace, info.name, patch, "merge", subresource="scale", **query)
    done(invocation, info.type, info.name, "scaled", obj)


@command("patch", PRINT + "patch:p= patch-file= type= subresource= local filename:f=* recursive:R kustomize:k=")
def patch(invocation: Invocation) -> None:
    """Change fields of an object."""
    flags = invocation.flags
    if not flags.given("patch") and not flags["patch-file"]:
        raise failure("must specify --patch or --patch-file containing the contents of the patch")
    kind = (flags["type"] or "strategic").lower()
    if kind not in ("json", "merge", "strategic"):
        raise failure(f'--type must be one of [json merge strategic], not "{kind}"')
    body = _patch_text(invocation)
    dry_run(invocation)
    found = builder.infos(invocation)
    if found.errors:
        raise several(found.errors)
    for info in found.infos:
        _patch_one(invocation, info, kind, body)


def _patch_text(invocation: Invocation) -> str:
    text = invocation.flags["patch"]
    name = invocation.flags["patch-file"]
    if name:
        files = invocation.kubectl.files
        if files is not None and name in files:
            text = files[name]
        elif files is None and Path(name).exists():
            text = Path(name).read_text()
        else:
            raise failure(f"unable to read patch file: open {name}: no such file or directory")
    if text.lstrip().startswith("{"):
        return str(text)
    try:
        return json.dumps(read(text))
    except YamlError as error:
        raise failure(f'unable to parse "{text}": {error}') from None


def _patch_one(invocation: Invocation, info: Info, kind: str, body: str) -> None:
    subresource = invocation.flags["subresource"]
    query = write_query(invocation, "kubectl-patch")
    if subresource:
        query["subresource"] = subresource
    client, type_, name = invocation.client, info.type, info.name
    if dry_run(invocation) == "client":
        done(invocation, type_, name, "patched", info.object)
        return
    before = client.call("GET", type_.path(info.namespace, name, subresource)) if subresource else info.object
    try:
        obj = client.patch(type_, info.namespace, name, body, kind, **query)
    except StatusError as error:
        if error.status.get("code") == 415:
            named = f"{type_.api_version}, Kind={type_.kind}"
            raise failure(
                f"application/strategic-merge-patch+json is not supported by {named}: {error.message}"
            ) from None
        raise
    verb = "patched (no change)" if obj == before else "patched"
    answered = client.kind_of(obj.get("apiVersion", ""), obj.get("kind", ""))
    if answered is None and obj.get("kind") == "Scale":
        invocation.out(f"scale.autoscaling/{name} {verb}")
        return
    done(invocation, type_, name, verb, obj, suffix="")


@command(
    "replace",
    PRINT + "filename:f=* recursive:R force cascade=?background grace-period=# timeout=~ save-config "
    "validate=?true subresource= raw= wait kustomize:k=",
)
def replace(invocation: Invocation) -> None:
    """Put whole objects in the place of what is stored."""
    flags = invocation.flags
    if not flags["filename"] and not flags["kustomize"]:
        raise failure("must specify one of -f and -k")
    errors: list[KubectlError] = []
    for info in manifests.read(invocation, flags["filename"], errors):
        try:
            _replace_one(invocation, info)
        except StatusError as error:
            errors.append(error.at(f'error when replacing "{info.source}"'))
    if errors:
        raise several(errors)


def _replace_one(invocation: Invocation, info: Info) -> None:
    client, query = invocation.client, write_query(invocation, "kubectl-replace", strict=True)
    path = info.type.path(info.namespace, info.name)
    if invocation.flags["force"]:
        if client.raw("GET", path).status < 400:
            client.call("DELETE", path, body={"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
            where = f" from {info.namespace} namespace" if info.namespace else ""
            invocation.out(f'{info.type.shown_name} "{info.name}" deleted{where}')
            invocation.wait_until(lambda: client.raw("GET", path).status == 404)
        obj = client.call("POST", info.type.path(info.namespace), query=query, body=info.object)
    else:
        body: dict[str, Any] = dict(info.object)
        metadata = dict(body.get("metadata") or {})
        if not metadata.get("resourceVersion"):
            answer = client.raw("GET", path)
            if answer.status >= 400:
                raise StatusError(status_of(answer))
            metadata["resourceVersion"] = answer.body["metadata"]["resourceVersion"]
        if info.namespace:
            metadata["namespace"] = info.namespace
        obj = client.call("PUT", path, query=query, body={**body, "metadata": metadata})
    done(invocation, info.type, info.name, "replaced", obj)
