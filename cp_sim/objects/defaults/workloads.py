"""Controllers of pods.  Sources: pkg/apis/{apps,batch,core}/v1/defaults.go."""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.objects.defaults.fill import Filler, absent, each, inside, spec
from cp_sim.objects.defaults.pods import claim_spec, template

Object = dict[str, Any]

MAX_INT32 = 2**31 - 1


def _deployment(spec: Object) -> Object:
    spec = absent(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    return inside(inside(spec, "strategy", _deployment_strategy, make=True), "template", template)


def _deployment_strategy(strategy: Object) -> Object:
    strategy = (
        absent(strategy, {"type": "RollingUpdate"}) if strategy.get("type") else {**strategy, "type": "RollingUpdate"}
    )
    if strategy["type"] != "RollingUpdate":
        return strategy
    rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
    return inside(strategy, "rollingUpdate", lambda update: absent(update, rolling), make=True)


def _replica_set(spec: Object) -> Object:
    return inside(absent(spec, {"replicas": 1}), "template", template)


def _replication_controller(obj: Object) -> Object:
    """Its labels and its selector are those of its template where it has none of its own."""
    obj = inside(obj, "spec", _replica_set, make=True)
    labels = meta.labels(obj["spec"].get("template") or {})
    if labels:
        if not obj["spec"].get("selector"):
            obj = inside(obj, "spec", lambda spec: {**spec, "selector": labels})
        if not meta.labels(obj):
            obj = inside(obj, "metadata", lambda metadata: {**metadata, "labels": labels}, make=True)
    return obj


def _stateful_set(spec: Object) -> Object:
    spec = absent(spec, {"replicas": 1, "revisionHistoryLimit": 10, "serviceName": ""})
    if not spec.get("podManagementPolicy"):
        spec = {**spec, "podManagementPolicy": "OrderedReady"}
    spec = inside(spec, "updateStrategy", _stateful_set_strategy, make=True)
    keep = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    spec = inside(spec, "persistentVolumeClaimRetentionPolicy", lambda policy: absent(policy, keep), make=True)
    spec = each(spec, "volumeClaimTemplates", _claim_template)
    return inside(spec, "template", template)


def _stateful_set_strategy(strategy: Object) -> Object:
    strategy = absent(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    return inside(strategy, "rollingUpdate", lambda update: absent(update, {"partition": 0}), make=True)


def _claim_template(claim: Object) -> Object:
    claim = absent(claim, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"})
    claim = inside(claim, "spec", claim_spec, make=True)
    return {**claim, "status": {**(claim.get("status") or {}), "phase": "Pending"}}


def _daemon_set(spec: Object) -> Object:
    spec = absent(spec, {"revisionHistoryLimit": 10})
    return inside(inside(spec, "updateStrategy", _daemon_set_strategy, make=True), "template", template)


def _daemon_set_strategy(strategy: Object) -> Object:
    strategy = absent(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    rolling = {"maxUnavailable": 1, "maxSurge": 0}
    return inside(strategy, "rollingUpdate", lambda update: absent(update, rolling), make=True)


def _job(obj: Object) -> Object:
    obj = inside(obj, "spec", _job_spec, make=True)
    labels = meta.labels(obj["spec"].get("template") or {})
    if labels and not meta.labels(obj):
        obj = inside(obj, "metadata", lambda metadata: {**metadata, "labels": labels}, make=True)
    return obj


def _job_spec(spec: Object) -> Object:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec = {**spec, "completions": 1, "parallelism": 1}
    spec = absent(
        spec,
        {
            "parallelism": 1,
            "backoffLimit": MAX_INT32 if spec.get("backoffLimitPerIndex") is not None else 6,
            "completionMode": "NonIndexed",
            "suspend": False,
            "manualSelector": False,
            "podReplacementPolicy": "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
        },
    )
    return inside(inside(spec, "podFailurePolicy", _failure_policy), "template", template)


def _failure_policy(policy: Object) -> Object:
    return each(
        policy, "rules", lambda rule: each(rule, "onPodConditions", lambda pattern: absent(pattern, {"status": "True"}))
    )


def _cron_job(spec: Object) -> Object:
    history = {"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}
    spec = absent(spec, {"concurrencyPolicy": "Allow", "suspend": False, **history})
    return inside(spec, "jobTemplate", lambda job: inside(absent(job, {"metadata": {}}), "spec", _job_of_cron_job))


def _job_of_cron_job(spec: Object) -> Object:
    """Of a job template only the pod template is filled in; the Job gets the rest when it is created."""
    return inside(inside(spec, "podFailurePolicy", _failure_policy), "template", template)


DEFAULTS: dict[str, Filler] = {
    "replicationcontrollers": _replication_controller,
    "deployments.apps": spec(_deployment),
    "replicasets.apps": spec(_replica_set),
    "statefulsets.apps": spec(_stateful_set),
    "daemonsets.apps": spec(_daemon_set),
    "jobs.batch": _job,
    "cronjobs.batch": spec(_cron_job),
}
