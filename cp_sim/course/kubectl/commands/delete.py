"""`kubectl delete`.

Source: kubernetes/kubectl pkg/cmd/delete/delete.go, pkg/cmd/wait.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.client import StatusError
from cp_sim.course.kubectl.commands.common import SUFFIXES, dry_run
from cp_sim.course.kubectl.errors import KubectlError, failure, several
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import Invocation, command

_FORCED = (
    "Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may "
    "continue to run on the cluster indefinitely."
)
_CASCADES = {"true": "background", "false": "orphan"}


@command(
    "delete",
    "all all-namespaces:A selector:l= field-selector= filename:f=* recursive:R kustomize:k= ignore-not-found force now "
    "grace-period=# cascade=?background wait timeout=~ output:o= dry-run=?unchanged interactive:i raw=",
)
def delete(invocation: Invocation) -> None:
    """Delete objects, and wait until they are gone."""
    flags = invocation.flags
    cascade = _CASCADES.get(flags["cascade"], flags["cascade"] or "background")
    if cascade not in ("background", "foreground", "orphan"):
        raise failure(f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"')
    options = _options(invocation, cascade)
    found = builder.infos(invocation, fetch=False)
    if flags["force"] and options.get("gracePeriodSeconds") == 0:
        invocation.err(f"Warning: {_FORCED}")
    errors = list(found.errors)
    deleted: list[tuple[Info, str]] = []
    for info in found.infos:
        try:
            uid = _delete_one(invocation, info, options)
            if uid is not None:
                deleted.append((info, uid))
        except KubectlError as error:
            errors.append(error)
    if not found.infos and not errors:
        invocation.out("No resources found")
    waits = flags["wait"] if flags.given("wait") else True
    if waits and deleted and dry_run(invocation) == "none" and not errors:
        _wait(invocation, deleted)
    if errors:
        raise several(errors)


def _options(invocation: Invocation, cascade: str) -> dict[str, Any]:
    flags = invocation.flags
    grace = flags["grace-period"] if flags.given("grace-period") else -1
    if flags["now"]:
        if flags.given("grace-period"):
            raise failure("--now and --grace-period cannot be specified together")
        grace = 1
    if flags["force"]:
        if grace > 0:
            raise failure("--force and --grace-period greater than 0 cannot be specified together")
        grace = 0
    elif grace == 0:
        grace = 1
    options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": cascade.capitalize()}
    if grace >= 0:
        options["gracePeriodSeconds"] = grace
    if dry_run(invocation) == "server":
        options["dryRun"] = ["All"]
    return options


def _delete_one(invocation: Invocation, info: Info, options: dict[str, Any]) -> str | None:
    """Ask for one deletion and say so; the uid of what goes, None if there was nothing."""
    uid = ""
    if dry_run(invocation) != "client":
        try:
            answer = invocation.client.call("DELETE", info.type.path(info.namespace, info.name), body=options)
            uid = (answer.get("details") or answer.get("metadata") or {}).get("uid") or ""
        except StatusError as error:
            if error.reason == "NotFound" and invocation.flags["ignore-not-found"]:
                return None
            raise error.at(f'error when deleting "{info.source}"') if info.source else error from None
    if invocation.flags["output"] == "name":
        invocation.out(f"{info.type.shown_name}/{info.name}")
        return uid
    word = "force deleted" if options.get("gracePeriodSeconds") == 0 else "deleted"
    where = f" from {info.namespace} namespace" if info.namespace else ""
    invocation.out(f'{info.type.shown_name} "{info.name}" {word}{where}{SUFFIXES[dry_run(invocation)]}')
    return uid


def _wait(invocation: Invocation, deleted: list[tuple[Info, str]]) -> None:
    """Wait until each object is gone, or another one of the same name stands in its place."""
    client = invocation.client
    timeout = invocation.flags["timeout"] or None
    for info, uid in deleted:
        path = info.type.path(info.namespace, info.name)

        def gone() -> bool:
            answer = client.raw("GET", path)  # noqa: B023
            return bool(answer.status >= 400 or (uid and answer.body["metadata"].get("uid") != uid))  # noqa: B023

        if not invocation.wait_until(gone, timeout):
            raise failure(f"timed out waiting for the condition on {info.type.plural}/{info.name}")
