"""`kubectl apply`: what the file says becomes what the cluster has, field by field.

The client compares three things: what was applied last (an annotation keeps it), what the file says now, and what the
cluster has; fields that only others set stay as they are.
Source: kubernetes/kubectl pkg/cmd/apply/{apply,patcher}.go.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.course.kubectl import builder, manifests
from cp_sim.course.kubectl.client import StatusError, status_of
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, write_query
from cp_sim.course.kubectl.errors import KubectlError, failure, several, usage
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.output.formats import Output
from cp_sim.course.kubectl.output.text import to_yaml
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.objects import edit, meta
from cp_sim.objects.kinds import KINDS
from cp_sim.objects.selectors import parse_labels
from cp_sim.objects.threeway import LAST_APPLIED, three_way_patch, with_last_applied

FLAGS = PRINT + (
    "filename:f=* recursive:R kustomize:k= selector:l= validate=?strict server-side force-conflicts prune all "
    "overwrite force "
    "cascade=?background grace-period=# timeout=~ wait prune-allowlist=+ openapi-patch"
)
_CONFLICT_HELP = """Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"""


@command("apply", FLAGS)
def apply(invocation: Invocation) -> None:
    """Create or change what the files describe."""
    flags = invocation.flags
    if invocation.arguments:
        raise usage(f"Unexpected args: [{' '.join(invocation.arguments)}]", "apply")
    if not flags["filename"] and not flags["kustomize"]:
        raise failure("must specify one of -f and -k")
    if flags["server-side"] and dry_run(invocation) == "client":
        raise failure("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)")
    dry_run(invocation)
    errors: list[KubectlError] = []
    infos = _chosen(invocation, manifests.read(invocation, flags["filename"] or [flags["kustomize"]], errors))
    if not infos and not errors:
        raise failure("no objects passed to apply")
    for info in infos:
        try:
            if flags["server-side"]:
                _on_the_server(invocation, info)
            else:
                _apply_one(invocation, info)
        except KubectlError as error:
            errors.append(error)
    if errors:
        raise several(errors)


def _chosen(invocation: Invocation, infos: list[Info]) -> list[Info]:
    if not invocation.flags["selector"]:
        return infos
    selector = parse_labels(invocation.flags["selector"])
    return [info for info in infos if selector.matches(meta.labels(info.object))]


def current_of(invocation: Invocation, info: Info) -> Any:
    """What the cluster has, or None.

    Raises:
        KubectlError: it could not be read.
    """
    path = info.type.path(info.namespace, info.name)
    refusal = failure("resource name may not be empty") if not info.name else None
    if refusal is None:
        answer = invocation.client.raw("GET", path)
        if answer.status < 400:
            return answer.body
        if answer.status == 404:
            return None
        refusal = StatusError(status_of(answer))
    kind = f"{info.type.api_version if info.type.group else '/' + info.type.version}, Kind={info.type.kind}"
    told = (
        f'error when retrieving current configuration of:\nResource: "{info.type.described}", '
        f'GroupVersionKind: "{kind}"\nName: "{info.name}", Namespace: "{info.namespace}"\n'
        f'from server for: "{info.source}"'
    )
    if isinstance(refusal, StatusError):
        raise refusal.at(told)
    raise failure(f"{told}: {refusal.text.removeprefix('error: ')}")


def _apply_one(invocation: Invocation, info: Info) -> None:
    wanted = with_last_applied(_placed(info))
    current = current_of(invocation, info)
    query = write_query(invocation, "kubectl-client-side-apply", strict=True)
    if current is None:
        obj = wanted
        if dry_run(invocation) != "client":
            try:
                obj = invocation.client.call("POST", info.type.path(info.namespace), query=query, body=wanted)
            except StatusError as error:
                raise error.at(f'error when creating "{info.source}"') from None
        done(invocation, info.type, info.name, "created", obj)
        return
    if LAST_APPLIED not in meta.annotations(current):
        invocation.err(_missing_annotation(info))
    kind = KINDS.get(info.type.full_name)
    patch = three_way_patch(kind, meta.annotations(current).get(LAST_APPLIED), wanted, current)
    if not patch:
        done(invocation, info.type, info.name, "unchanged", current)
        return
    obj = current
    if dry_run(invocation) != "client":
        try:
            obj = invocation.client.patch(
                info.type, info.namespace, info.name, patch, "strategic" if kind else "merge", **query
            )
        except StatusError as error:
            shown = json.dumps(patch, separators=(",", ":"), sort_keys=True)
            raise error.at(
                f'error when applying patch:\n{shown}\nto:\nResource: "{info.type.described}", '
                f'GroupVersionKind: "{info.type.api_version}, Kind={info.type.kind}"\n'
                f'Name: "{info.name}", Namespace: "{info.namespace}"\nfor: "{info.source}": '
                f'error when patching "{info.source}"'
            ) from None
    done(invocation, info.type, info.name, "configured", obj)


def _placed(info: Info) -> Any:
    return edit.put(info.object, "metadata.namespace", info.namespace) if info.namespace else info.object


def _missing_annotation(info: Info) -> str:
    return (
        f"Warning: resource {info.type.plural}/{info.name} is missing the {LAST_APPLIED} annotation which is "
        "required by "
        "kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create "
        "--save-config or kubectl apply. The missing annotation will be patched automatically."
    )


def _on_the_server(invocation: Invocation, info: Info) -> None:
    query = write_query(invocation, "kubectl", strict=True)
    query["force"] = "true" if invocation.flags["force-conflicts"] else "false"
    body = json.dumps(_placed(info))
    try:
        obj = invocation.client.patch(info.type, info.namespace, info.name, body, "apply", **query)
    except StatusError as error:
        causes = (error.status.get("details") or {}).get("causes") or []
        if error.reason != "Conflict" or not causes:
            raise
        listed = "".join(f"\n- {str(cause.get('field')).rstrip(':')}" for cause in causes)
        head = error.message.split(": ", 2)
        said = ": ".join(head[:2]) if len(causes) > 1 or len(head) < 3 else error.message
        raise failure(f"{said}{':' + listed if len(causes) > 1 else ''}\n{_CONFLICT_HELP}") from None
    done(invocation, info.type, info.name, "serverside-applied", obj)


@command("apply view-last-applied", "filename:f=* recursive:R selector:l= all output:o= kustomize:k=")
def view_last_applied(invocation: Invocation) -> None:
    """Print what was applied last."""
    found = builder.infos(invocation)
    if found.errors:
        raise several(found.errors)
    for info in found.infos:
        text = meta.annotations(info.object).get(LAST_APPLIED)
        if text is None:
            raise failure(f"no last-applied-configuration annotation found on resource: {info.name}")
        last = json.loads(text)
        output = Output(invocation.flags["output"])
        invocation.out(to_yaml(last) if output.kind == "table" else output.write(last), end="")


@command("apply set-last-applied", "filename:f=* recursive:R create-annotation dry-run=?unchanged output:o= template=")
def set_last_applied(invocation: Invocation) -> None:
    """Write into the annotation what the file says, and change nothing else."""
    errors: list[KubectlError] = []
    for info in manifests.read(invocation, invocation.flags["filename"], errors):
        wanted = with_last_applied(_placed(info))
        text = meta.annotations(wanted)[LAST_APPLIED]
        current = invocation.client.get(info.type, info.namespace, info.name)
        if LAST_APPLIED not in meta.annotations(current) and not invocation.flags["create-annotation"]:
            raise failure(
                f"no last-applied-configuration annotation found on resource: {info.name}, to create the "
                "annotation, run "
                "the command with --create-annotation"
            )
        patch = {"metadata": {"annotations": {LAST_APPLIED: text}}}
        obj = invocation.client.patch(info.type, info.namespace, info.name, patch, "merge")
        done(invocation, info.type, info.name, "configured", obj)
    if errors:
        raise several(errors)


@command("apply edit-last-applied", "filename:f=* recursive:R")
def edit_last_applied(invocation: Invocation) -> None:
    """Refused: there is no editor in a notebook."""
    builder.infos(invocation)
    raise failure("there is no editor here; write the manifest into a cell and use %%kubectl apply -f -")
