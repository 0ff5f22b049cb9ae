"""`kubectl diff`: what `apply` would change.

Source: kubernetes/kubectl pkg/cmd/diff/diff.go; it runs the program `diff -u -N` on two folders.
"""

from __future__ import annotations

import difflib
import json

from cp_sim.course.kubectl import manifests
from cp_sim.course.kubectl.client import Object, StatusError
from cp_sim.course.kubectl.commands.apply import current_of
from cp_sim.course.kubectl.errors import KubectlError, failure, several
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.output.formats import without_managed_fields
from cp_sim.course.kubectl.output.text import to_yaml
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.objects import edit, meta
from cp_sim.objects.kinds import KINDS
from cp_sim.objects.threeway import LAST_APPLIED, three_way_patch, with_last_applied
from cp_sim.sim.clock import timestamp


@command(
    "diff",
    "filename:f=* recursive:R kustomize:k= selector:l= server-side force-conflicts field-manager= prune concurrency=#",
)
def diff(invocation: Invocation) -> None:
    """Show what would change; the exit status is 1 where something would."""
    if not invocation.flags["filename"]:
        raise failure("must specify one of -f and -k")
    errors: list[KubectlError] = []
    try:
        infos = manifests.read(invocation, invocation.flags["filename"], errors)
    except KubectlError as error:
        raise KubectlError(error.text, 2) from None
    if errors:
        raise KubectlError(several(errors).text, 2)
    wrote = invocation.client.wrote
    changed = [text for info in infos if (text := _one(invocation, info))]
    invocation.client.wrote = wrote
    for text in changed:
        invocation.out(text, end="")
    if changed:
        raise KubectlError("")


def _one(invocation: Invocation, info: Info) -> str:
    current = current_of(invocation, info)
    try:
        merged = _merged(invocation, info, current)
    except StatusError as error:
        raise KubectlError(error.text, 2) from None
    before = to_yaml(without_managed_fields(current)) if current else ""
    after = to_yaml(without_managed_fields(merged))
    if before == after:
        return ""
    group = f"{info.type.group}." if info.type.group else ""
    name = ".".join([f"{group}{info.type.version}", info.type.kind, info.namespace, info.name])
    live, made = f"/tmp/LIVE-1/{name}", f"/tmp/MERGED-2/{name}"
    moment = f"{timestamp(invocation.now_ms)[:-1].replace('T', ' ')}.000000000 +0000"
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), live, made, moment, moment)
    return f"diff -u -N {live} {made}\n" + "".join(lines)


def _merged(invocation: Invocation, info: Info, current: Object | None) -> Object:
    client, dry = invocation.client, {"dryRun": "All"}
    placed = edit.put(info.object, "metadata.namespace", info.namespace) if info.namespace else info.object
    if invocation.flags["server-side"]:
        query = {**dry, "fieldManager": invocation.flags["field-manager"] or "kubectl", "force": "true"}
        return client.patch(info.type, info.namespace, info.name, json.dumps(placed), "apply", **query)
    if current is None:
        return dict(client.call("POST", info.type.path(info.namespace), query=dry, body=placed))
    kind = KINDS.get(info.type.full_name)
    patch = three_way_patch(kind, meta.annotations(current).get(LAST_APPLIED), with_last_applied(placed), current)
    patch = edit.drop(patch, ("metadata", "annotations", LAST_APPLIED))
    patch_type = "strategic" if kind else "merge"
    return client.patch(info.type, info.namespace, info.name, patch, patch_type, **dry) if patch else current
