"""`kubectl create -f` and what the typed `create …` commands share.

Source: kubernetes/kubectl pkg/cmd/create/create.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl import manifests
from cp_sim.course.kubectl.client import StatusError
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, write_query
from cp_sim.course.kubectl.errors import KubectlError, failure, several, usage
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.output.formats import PLAIN_FORMATS, Output
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.objects import edit
from cp_sim.objects.threeway import with_last_applied

Object = dict[str, Any]
TYPED = PRINT + "save-config validate=?true "


@command("create", TYPED + "filename:f=* recursive:R kustomize:k= selector:l= raw= edit windows-line-endings")
def create(invocation: Invocation) -> None:
    """Create what the files describe."""
    if invocation.arguments:
        raise usage(f"Unexpected args: [{' '.join(invocation.arguments)}]", "create")
    if not invocation.flags["filename"] and not invocation.flags["kustomize"]:
        raise failure("must specify one of -f and -k")
    dry_run(invocation)
    errors: list[KubectlError] = []
    infos = manifests.read(invocation, invocation.flags["filename"], errors)
    if not infos and not errors:
        raise failure("no objects passed to create")
    for info in infos:
        try:
            _create_one(invocation, info)
        except StatusError as error:
            errors.append(error.at(f'error when creating "{info.source}"'))
    if errors:
        raise several(errors)


def _create_one(invocation: Invocation, info: Info) -> None:
    body = with_last_applied(info.object) if invocation.flags["save-config"] else info.object
    obj = body
    if dry_run(invocation) != "client":
        query = write_query(invocation, "kubectl-create", strict=True)
        obj = invocation.client.call("POST", info.type.path(info.namespace), query=query, body=body)
    done(invocation, info.type, obj["metadata"].get("name", info.name), "created", obj)


def name_of(invocation: Invocation, *, exactly: int = 1) -> str:
    """The one name that a typed create takes.

    Raises:
        KubectlError: none or several were given.
    """
    count = len(invocation.arguments)
    if count != exactly:
        raise usage(f"exactly one NAME is required, got {count}", invocation.name)
    return invocation.arguments[0]


def make(
    invocation: Invocation,
    resource: str,
    obj: Object,
    *,
    failed: str = "",
    empties: tuple[str, ...] = (),
) -> None:
    """Create `obj` and say so.

    Args:
        resource: the type, as in `deployments.apps`.
        failed: what kubectl puts before the server's message; the refusal stays as it is where this is empty.
        empties: paths that the typed object prints as `{}` though nothing is set there.
    """
    mode = dry_run(invocation)
    type_ = invocation.client.type_of(resource)
    body = {"apiVersion": type_.api_version, "kind": type_.kind, **obj}
    name = body["metadata"]["name"]
    if invocation.flags["save-config"]:
        body = with_last_applied(body)
    if mode == "client":
        Output(invocation.flags["output"], "", PLAIN_FORMATS)
        shown = body
        if type_.namespaced and invocation.namespace_given:
            shown = edit.put(shown, "metadata.namespace", invocation.namespace)
        for path in empties:
            if edit.get(shown, path) is None:
                shown = edit.put(shown, path, {})
        done(invocation, type_, name, "created", shown)
        return
    query = write_query(invocation, "kubectl-create", strict=True)
    path = type_.path(invocation.namespace)
    try:
        stored = invocation.client.call("POST", path, query=query, body=body)
    except StatusError as error:
        if not failed:
            raise
        raise failure(f"{failed}{error.message}") from None
    done(invocation, type_, name, "created", stored)
