"""`kubectl cordon`, `uncordon` and `drain`.

Drain evicts through the API, so that disruption budgets are asked; what would be lost for good it refuses to touch
unless told to.  Source: kubernetes/kubectl pkg/drain/{drain,filters,cordon}.go, pkg/cmd/drain/drain.go.

*Simplified:* without `--timeout` the real command asks a budget for ever; here it gives up after half a minute of
virtual time.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.client import Object, StatusError, Type
from cp_sim.course.kubectl.commands.common import SUFFIXES, dry_run, write_query
from cp_sim.course.kubectl.durations import go_duration
from cp_sim.course.kubectl.errors import KubectlError, several, usage
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.objects import meta

RETRY_MS = 5_000
DRAIN_PATIENCE_MS = 30_000
_FLAGS = "dry-run=?unchanged selector:l= "
_DAEMON = "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"
_LOCAL = "Pods with local storage (use --delete-emptydir-data to override)"
_BARE = "Pods that declare no controller (use --force to override)"


@command("cordon", _FLAGS)
def cordon(invocation: Invocation) -> None:
    """Mark nodes unschedulable."""
    _each_node(invocation, wanted=True)


@command("uncordon", _FLAGS)
def uncordon(invocation: Invocation) -> None:
    """Mark nodes schedulable."""
    _each_node(invocation, wanted=False)


def _each_node(invocation: Invocation, *, wanted: bool) -> None:
    found = _nodes(invocation)
    errors = list(found.errors)
    for info in found.infos:
        try:
            _set_unschedulable(invocation, info, wanted)
        except KubectlError as error:
            errors.append(error)
    if errors:
        raise several(errors)


def _nodes(invocation: Invocation) -> builder.Found:
    if not invocation.arguments and not invocation.flags["selector"]:
        raise usage(f"USAGE: {invocation.name} NODE [flags]", invocation.name)
    words = invocation.arguments
    if not any("/" in word for word in words):
        words = ["nodes", *words]
    return builder.infos(invocation, words)


def _set_unschedulable(invocation: Invocation, info: Info, wanted: bool) -> None:
    word = "cordoned" if wanted else "uncordoned"
    suffix = SUFFIXES[dry_run(invocation)]
    if bool(info.object["spec"].get("unschedulable")) == wanted:
        invocation.out(f"node/{info.name} already {word}{suffix}")
        return
    if dry_run(invocation) != "client":
        patch = {"spec": {"unschedulable": True if wanted else None}}
        query = write_query(invocation, f"kubectl-{invocation.name}")
        invocation.client.patch(info.type, "", info.name, patch, "strategic", **query)
    invocation.out(f"node/{info.name} {word}{suffix}")


@command(
    "drain",
    _FLAGS + "force ignore-daemonsets delete-emptydir-data grace-period=# timeout=~ pod-selector= disable-eviction "
    "skip-wait-for-delete-timeout=# chunk-size=#",
)
def drain(invocation: Invocation) -> None:
    """Cordon nodes and evict what runs there."""
    found = _nodes(invocation)
    errors = list(found.errors)
    if errors:
        raise several(errors)
    for info in found.infos:
        _set_unschedulable(invocation, info, True)
    pending: list[tuple[str, KubectlError]] = []
    for info in found.infos:
        try:
            _drain_one(invocation, info.name)
        except KubectlError as error:
            invocation.err(
                f'error: unable to drain node "{info.name}" due to error: {error.text}, continuing command...'
            )
            pending.append((info.name, error))
    if pending:
        names = "".join(f" {name}\n" for name, _ in pending)
        lines = "\n".join(line for _, error in pending for line in _lines(error))
        raise KubectlError(f"There are pending nodes to be drained:\n{names}{lines}")


class _Several(KubectlError):
    """Several reasons at once; kubectl writes them in brackets first, one by one later."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]")
        self.lines = lines


def _lines(error: KubectlError) -> list[str]:
    return error.lines if isinstance(error, _Several) else [error.text]


def _drain_one(invocation: Invocation, node: str) -> None:
    pods = invocation.client.list(
        invocation.client.type_of("pods"),
        fieldSelector=f"spec.nodeName={node}",
        labelSelector=invocation.flags["pod-selector"],
    )
    refused: dict[str, list[str]] = {}
    warned: dict[str, list[str]] = {}
    chosen = []
    for pod in pods:
        verdict, why = _judge(invocation, pod)
        if verdict == "refuse":
            refused.setdefault(why, []).append(meta.key(pod))
        elif why:
            warned.setdefault(why, []).append(meta.key(pod))
        if verdict == "evict":
            chosen.append(pod)
    if refused:
        raise _Several([f"cannot delete {why}: {', '.join(keys)}" for why, keys in refused.items()])
    if warned:
        invocation.err("Warning: " + "; ".join(f"{why}: {', '.join(keys)}" for why, keys in warned.items()))
    _evict_all(invocation, node, chosen)
    invocation.out(f"node/{node} drained{SUFFIXES[dry_run(invocation)]}")


def _judge(invocation: Invocation, pod: Object) -> tuple[str, str]:
    """(`evict`, `skip` or `refuse`, the warning or the reason), asked filter by filter in kubectl's order."""
    flags, owner, finished = invocation.flags, meta.controller_of(pod), meta.is_finished(pod)
    if owner and owner["kind"] == "DaemonSet" and not finished:
        return ("skip", "ignoring DaemonSet-managed Pods") if flags["ignore-daemonsets"] else ("refuse", _DAEMON)
    if "kubernetes.io/config.mirror" in meta.annotations(pod):
        return "skip", ""
    local = any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())
    if local and not finished and not flags["delete-emptydir-data"]:
        return "refuse", _LOCAL
    if owner or finished:
        return "evict", ""
    return ("evict", "deleting Pods that declare no controller") if flags["force"] else ("refuse", _BARE)


def _evict_all(invocation: Invocation, node: str, pods: list[Object]) -> None:
    dry = dry_run(invocation)
    if dry == "client":
        for pod in pods:
            invocation.out(f"evicting pod {meta.key(pod)} (dry run)")
        return
    type_ = invocation.client.type_of("pods")
    limit = invocation.flags["timeout"] or DRAIN_PATIENCE_MS
    end = invocation.now_ms + limit
    to_evict, going = list(pods), []
    while True:
        blocked = []
        for pod in to_evict:
            if _evict(invocation, type_, pod, dry):
                going.append(pod)
            else:
                blocked.append(pod)
        to_evict = blocked
        if dry == "server":
            return
        if going:
            invocation.settle()
        going = [pod for pod in going if not _gone(invocation, type_, pod)]
        if not to_evict and not going:
            return
        # As kubectl's goroutines do, sleep the whole five seconds before looking at the deadline.
        invocation.pass_time(RETRY_MS if to_evict else 1000)
        if invocation.now_ms >= end:
            for pod in to_evict:
                invocation.out(f"evicting pod {meta.key(pod)}")
            raise _timeout(invocation, node, [*to_evict, *going], limit)
        going = [pod for pod in going if not _gone(invocation, type_, pod)]


def _evict(invocation: Invocation, type_: Type, pod: Object, dry: str) -> bool:
    """Ask for one eviction; whether it was granted."""
    invocation.out(f"evicting pod {meta.key(pod)}{SUFFIXES[dry]}")
    options: Object = {}
    if dry == "server":
        options["dryRun"] = ["All"]
    if invocation.flags.given("grace-period") and invocation.flags["grace-period"] >= 0:
        options["gracePeriodSeconds"] = invocation.flags["grace-period"]
    namespace, name = meta.namespace(pod), meta.name(pod)
    try:
        if invocation.flags["disable-eviction"]:
            invocation.client.call("DELETE", type_.path(namespace, name), body={"kind": "DeleteOptions", **options})
        else:
            body: dict[str, Any] = {"kind": "Eviction", "apiVersion": "policy/v1"}
            body["metadata"] = {"name": name, "namespace": namespace}
            body["deleteOptions"] = options
            invocation.client.call("POST", type_.path(namespace, name, "eviction"), body=body)
    except StatusError as error:
        if error.status.get("code") == 404:
            return True
        if error.status.get("code") != 429:
            raise _Several([f'error when evicting pods/"{name}" -n "{namespace}": {error.message}']) from None
        invocation.err(f'error when evicting pods/"{name}" -n "{namespace}" (will retry after 5s): {error.message}')
        return False
    return True


def _gone(invocation: Invocation, type_: Type, pod: Object) -> bool:
    try:
        found = invocation.client.get(type_, meta.namespace(pod), meta.name(pod))
    except StatusError:
        found = {}
    if found and meta.uid(found) == meta.uid(pod):
        return False
    invocation.out(f"pod/{meta.name(pod)} evicted")
    return True


def _timeout(invocation: Invocation, node: str, pods: list[Object], limit_ms: int) -> KubectlError:
    said = f"global timeout reached: {go_duration(limit_ms)}"
    lines = [f'error when evicting pods/"{meta.name(pod)}" -n "{meta.namespace(pod)}": {said}' for pod in pods]
    error = _Several(lines)
    names = "".join(f"\npod/{meta.name(pod)}" for pod in pods)
    invocation.err(f'There are pending pods in node "{node}" when an error occurred: {error.text}{names}')
    return error
