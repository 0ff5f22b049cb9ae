"""`kubectl rollout status|history|undo|pause|resume|restart`.

Sources: kubernetes/kubectl pkg/cmd/rollout, pkg/polymorphichelpers/{rollout_status,history,rollback,…}.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.client import Object
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, write_query
from cp_sim.course.kubectl.describe.template import pod_template
from cp_sim.course.kubectl.errors import KubectlError, failure, several
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import GROUPS, Invocation, command
from cp_sim.course.kubectl.tabwriter import align
from cp_sim.objects import edit, meta
from cp_sim.objects.threeway import LAST_APPLIED
from cp_sim.sim.clock import timestamp

REVISION = "deployment.kubernetes.io/revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"
_WHICH = "filename:f=* recursive:R selector:l= kustomize:k= "
_KEPT = (
    LAST_APPLIED,
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)
GROUPS["rollout"] = """Manage the rollout of one or many resources.
        
 Valid resource types include:

  *  deployments
  *  daemonsets
  *  statefulsets

Examples:
  # Rollback to the previous deployment
  kubectl rollout undo deployment/abc
  
  # Check the rollout status of a daemonset
  kubectl rollout status daemonset/foo
  
  # Restart a deployment
  kubectl rollout restart deployment/abc
  
  # Restart deployments with the 'app=nginx' label
  kubectl rollout restart deployment --selector=app=nginx

Available Commands:
  history       View rollout history
  pause         Mark the provided resource as paused
  restart       Restart a resource
  resume        Resume a paused resource
  status        Show the status of the rollout
  undo          Undo a previous rollout

Usage:
  kubectl rollout SUBCOMMAND [options]

Use "kubectl rollout <command> --help" for more information about a given command.
Use "kubectl options" for a list of global command-line options (applies to all commands)."""  # noqa: W293


def _found(invocation: Invocation) -> list[Info]:
    if not invocation.arguments and not invocation.flags["filename"]:
        raise failure("required resource not specified")
    found = builder.infos(invocation, need_name="")
    if found.errors:
        raise several(found.errors)
    return found.infos


@command("rollout status", _WHICH + "watch:w timeout=~ revision=#")
def status(invocation: Invocation) -> None:
    """Follow a rollout until it is done."""
    flags = invocation.flags
    watching = flags["watch"] if flags.given("watch") else True
    errors = []
    for info in _found(invocation):
        try:
            _follow(invocation, info, watching, flags["timeout"] or None)
        except KubectlError as error:
            errors.append(error)
    if errors:
        raise several(errors)


def _follow(invocation: Invocation, info: Info, watching: bool, timeout: int | None) -> None:
    said: list[str] = []

    def finished() -> bool:
        obj = invocation.client.get(info.type, info.namespace, info.name)
        text, complete = _status(info, obj, invocation.flags["revision"])
        if text not in said[-1:]:
            said.append(text)
            invocation.out(text)
        return complete or not watching

    if not invocation.wait_until(finished, timeout):
        raise failure("timed out waiting for the condition")


def _status(info: Info, obj: Object, revision: int) -> tuple[str, bool]:
    """(sentence, done) of a rollout.

    Raises:
        KubectlError: it cannot be followed, or it ran out of time.
    """
    if info.type.plural == "deployments":
        return _deployment_status(obj, revision)
    if info.type.plural == "daemonsets":
        return _daemonset_status(obj)
    if info.type.plural == "statefulsets":
        return _statefulset_status(obj)
    raise failure(f"no status viewer has been implemented for {info.type.kind}")


def _deployment_status(obj: Object, revision: int) -> tuple[str, bool]:
    name, state = meta.name(obj), obj.get("status") or {}
    if revision > 0 and revision != int(meta.annotations(obj).get(REVISION, 0)):
        raise failure(
            f"desired revision ({revision}) is different from the running revision "
            f"({meta.annotations(obj).get(REVISION, 0)})"
        )
    if meta.generation(obj) > state.get("observedGeneration", 0):
        return "Waiting for deployment spec update to be observed...", False
    progressing = meta.condition(obj, "Progressing")
    if progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        raise failure(f'deployment "{name}" exceeded its progress deadline')
    wanted, updated = obj["spec"].get("replicas", 1), state.get("updatedReplicas", 0)
    waiting = f'Waiting for deployment "{name}" rollout to finish: '
    if updated < wanted:
        return f"{waiting}{updated} out of {wanted} new replicas have been updated...", False
    if state.get("replicas", 0) > updated:
        return f"{waiting}{state['replicas'] - updated} old replicas are pending termination...", False
    if state.get("availableReplicas", 0) < updated:
        return f"{waiting}{state.get('availableReplicas', 0)} of {updated} updated replicas are available...", False
    return f'deployment "{name}" successfully rolled out', True


def _daemonset_status(obj: Object) -> tuple[str, bool]:
    name, state = meta.name(obj), obj.get("status") or {}
    if meta.generation(obj) > state.get("observedGeneration", 0):
        return "Waiting for daemon set spec update to be observed...", False
    wanted, updated = state.get("desiredNumberScheduled", 0), state.get("updatedNumberScheduled", 0)
    available = state.get("numberAvailable", 0)
    waiting = f'Waiting for daemon set "{name}" rollout to finish: '
    if updated < wanted:
        return f"{waiting}{updated} out of {wanted} new pods have been updated...", False
    if available < wanted:
        return f"{waiting}{available} of {wanted} updated pods are available...", False
    return f'daemon set "{name}" successfully rolled out', True


def _statefulset_status(obj: Object) -> tuple[str, bool]:
    state, wanted = obj.get("status") or {}, obj["spec"].get("replicas", 1)
    if state.get("observedGeneration", 0) == 0 or meta.generation(obj) > state["observedGeneration"]:
        return "Waiting for statefulset spec update to be observed...", False
    ready, updated = state.get("readyReplicas", 0), state.get("updatedReplicas", 0)
    if ready < wanted:
        return f"Waiting for {wanted - ready} pods to be ready...", False
    partition = edit.get(obj, "spec.updateStrategy.rollingUpdate.partition")
    if partition is not None:
        if updated < wanted - partition:
            done = f"{updated} out of {wanted - partition} new pods have been updated..."
            return f"Waiting for partitioned roll out to finish: {done}", False
        return f"partitioned roll out complete: {updated} new pods have been updated...", True
    if state.get("updateRevision") != state.get("currentRevision"):
        revision = state.get("updateRevision")
        return f"waiting for statefulset rolling update to complete {updated} pods at revision {revision}...", False
    return (
        f"statefulset rolling update complete {state.get('currentReplicas', 0)} pods at revision "
        f"{state.get('currentRevision')}...",
        True,
    )


def _history(invocation: Invocation, info: Info) -> dict[int, Object]:
    """The ReplicaSets or ControllerRevisions of an object, by revision."""
    client = invocation.client
    if info.type.plural == "deployments":
        owned = client.list(client.type_of("replicasets.apps"), info.namespace)
        found = {int(meta.annotations(obj).get(REVISION, 0)): obj for obj in owned if _owns(info, obj)}
    elif info.type.plural in ("daemonsets", "statefulsets"):
        owned = client.list(client.type_of("controllerrevisions.apps"), info.namespace)
        found = {int(obj["revision"]): obj for obj in owned if _owns(info, obj)}
    else:
        raise failure(f"no history viewer has been implemented for {info.type.kind}")
    return dict(sorted(found.items()))


def _owns(info: Info, obj: Object) -> bool:
    owner = meta.controller_of(obj)
    return owner is not None and owner["uid"] == meta.uid(info.object)


@command("rollout history", _WHICH + "revision=# output:o= template= show-managed-fields")
def history(invocation: Invocation) -> None:
    """List the revisions of a rollout."""
    wanted = invocation.flags["revision"]
    if wanted < 0:
        raise failure(f"revision must be a positive integer: {wanted}")
    for info in _found(invocation):
        revisions = _history(invocation, info)
        if wanted:
            if wanted not in revisions:
                raise failure("unable to find the specified revision")
            text = pod_template(_template(revisions[wanted]), raw=True)
            invocation.out(f"{info.shown} with revision #{wanted}\n{text}")
            continue
        rows = ["REVISION\tCHANGE-CAUSE"]
        for revision, obj in revisions.items():
            rows.append(f"{revision}\t{meta.annotations(obj).get(CHANGE_CAUSE) or '<none>'}")
        invocation.out(f"{info.shown} \n{align(chr(10).join(rows), padding=2)}\n")


def _template(obj: Object) -> Object:
    template = edit.get(obj, "spec.template") or edit.get(obj, "data.spec.template") or {}
    return {key: value for key, value in template.items() if key != "$patch"}


@command("rollout undo", PRINT + _WHICH + "to-revision=#")
def undo(invocation: Invocation) -> None:
    """Go back to an earlier template, as a new revision."""
    for info in _found(invocation):
        if LAST_APPLIED in meta.annotations(info.object):
            invocation.err(
                f"Warning: resource {info.type.plural}/{info.name} was previously managed with 'kubectl apply'. "
                "Rolling "
                f"back will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future "
                "'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration "
                "file instead."
            )
        _undo_one(invocation, info, invocation.flags["to-revision"])


def _undo_one(invocation: Invocation, info: Info, wanted: int) -> None:
    if info.type.plural not in ("deployments", "daemonsets", "statefulsets"):
        raise failure(f"no rollbacker has been implemented for {info.type.kind!r}")
    if wanted < 0:
        raise failure(f"revision number cannot be negative: {wanted}")
    revisions = _history(invocation, info)
    target = _target(info, revisions, wanted)
    obj = info.object
    if obj["spec"].get("paused"):
        raise failure(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
        )
    template = _template(target)
    labels = {key: value for key, value in meta.labels(template).items() if key != "pod-template-hash"}
    template = edit.put(template, "metadata.labels", labels)
    if template == obj["spec"]["template"]:
        invocation.out(
            f"{info.shown} skipped rollback (current template already matches revision {_number(revisions, target)})"
        )
        return
    if dry_run(invocation) != "client":
        _put_back(invocation, info, target, template)
    done(invocation, info.type, info.name, "rolled back", obj)


def _put_back(invocation: Invocation, info: Info, target: Object, template: Object) -> None:
    patch: Any
    if info.type.plural == "deployments":
        own = meta.annotations(info.object)
        annotations = {key: own[key] for key in _KEPT if key in own}
        annotations |= {key: value for key, value in meta.annotations(target).items() if key not in _KEPT}
        patch = [
            {"op": "replace", "path": "/spec/template", "value": template},
            {"op": "replace", "path": "/metadata/annotations", "value": annotations},
        ]
    else:
        patch = [{"op": "replace", "path": "/spec/template", "value": template}]
    query = write_query(invocation, "kubectl-rollout")
    invocation.client.patch(info.type, info.namespace, info.name, patch, "json", **query)


def _target(info: Info, revisions: dict[int, Object], wanted: int) -> Object:
    if wanted:
        if wanted not in revisions:
            raise failure(f"unable to find specified revision {wanted} in history")
        return revisions[wanted]
    if len(revisions) < 2:
        raise failure(f'no rollout history found for {info.type.kind.lower()} "{info.name}"')
    return list(revisions.values())[-2]


def _number(revisions: dict[int, Object], target: Object) -> int:
    return next(number for number, obj in revisions.items() if obj is target)


@command("rollout pause", PRINT + _WHICH)
def pause(invocation: Invocation) -> None:
    """Hold a rollout."""
    _set_paused(invocation, True)


@command("rollout resume", PRINT + _WHICH)
def resume(invocation: Invocation) -> None:
    """Let a held rollout go on."""
    _set_paused(invocation, False)


def _set_paused(invocation: Invocation, paused: bool) -> None:
    for info in _found(invocation):
        named = f'{info.type.full_name} "{info.name}"'
        if info.type.plural != "deployments":
            raise failure(f"{named} {'pausing' if paused else 'resuming'} is not supported")
        if bool(info.object["spec"].get("paused")) == paused:
            raise failure(f"{named} is {'already' if paused else 'not'} paused")
        patch = {"spec": {"paused": True if paused else None}}
        query = write_query(invocation, "kubectl-rollout")
        obj = invocation.client.patch(info.type, info.namespace, info.name, patch, "strategic", **query)
        done(invocation, info.type, info.name, "paused" if paused else "resumed", obj)


@command("rollout restart", PRINT + _WHICH)
def restart(invocation: Invocation) -> None:
    """Replace every pod by a new one, by a harmless change of the template."""
    for info in _found(invocation):
        named = f'{info.type.full_name} "{info.name}"'
        if info.type.plural not in ("deployments", "daemonsets", "statefulsets"):
            raise failure(f"{named} restarting is not supported")
        if info.object["spec"].get("paused"):
            raise failure(f"{named} can't restart paused deployment (run rollout resume first)")
        moment = timestamp(invocation.now_ms)
        annotations = {"kubectl.kubernetes.io/restartedAt": moment}
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        query = write_query(invocation, "kubectl-rollout")
        obj = invocation.client.patch(info.type, info.namespace, info.name, patch, "strategic", **query)
        done(invocation, info.type, info.name, "restarted", obj)
