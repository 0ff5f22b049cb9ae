"""Defaults of what runs pods: the controllers' kinds.

*In Kubernetes:* `pkg/apis/apps/v1/defaults.go`, `pkg/apis/batch/v1/defaults.go`, `pkg/apis/autoscaling/v2/defaults.go`,
and for ReplicationController `pkg/apis/core/v1/defaults.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.defaults import pods

Object = dict[str, Any]


def _fill(given: Object, **values: Any) -> Object:
    """A copy with `values` where nothing was given."""
    made = dict(given)
    for field, value in values.items():
        if made.get(field) is None or made[field] == "":
            made[field] = value
    return made


def _of(obj: Object, spec: Object) -> Object:
    if spec.get("template") is not None:
        spec["template"] = pods.template(spec["template"])
    return {**obj, "spec": spec}


def replication_controller(obj: Object) -> Object:
    """Labels and selector come from the template where they are not given."""
    spec = _fill(obj.get("spec") or {}, replicas=1)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = labels
        metadata = obj.get("metadata") or {}
        if not metadata.get("labels"):
            obj = {**obj, "metadata": {**metadata, "labels": labels}}
    return _of(obj, spec)


def deployment(obj: Object) -> Object:
    """A Deployment with its defaults."""
    spec = _fill(obj.get("spec") or {}, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = _fill(spec.get("strategy") or {}, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _fill(strategy.get("rollingUpdate") or {}, maxUnavailable="25%", maxSurge="25%")
    spec["strategy"] = strategy
    return _of(obj, spec)


def replica_set(obj: Object) -> Object:
    """A ReplicaSet with its defaults."""
    return _of(obj, _fill(obj.get("spec") or {}, replicas=1))


def daemon_set(obj: Object) -> Object:
    """A DaemonSet with its defaults."""
    spec = _fill(obj.get("spec") or {}, revisionHistoryLimit=10)
    strategy = _fill(spec.get("updateStrategy") or {}, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _fill(strategy.get("rollingUpdate") or {}, maxUnavailable=1, maxSurge=0)
    spec["updateStrategy"] = strategy
    return _of(obj, spec)


def stateful_set(obj: Object) -> Object:
    """A StatefulSet with its defaults."""
    spec = _fill(obj.get("spec") or {}, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    strategy = _fill(spec.get("updateStrategy") or {}, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _fill(strategy.get("rollingUpdate") or {}, partition=0)
    spec["updateStrategy"] = strategy
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    spec["persistentVolumeClaimRetentionPolicy"] = _fill(retention, whenDeleted="Retain", whenScaled="Retain")
    if spec.get("volumeClaimTemplates"):
        spec["volumeClaimTemplates"] = [_claim_template(one) for one in spec["volumeClaimTemplates"]]
    return _of(obj, spec)


def _claim_template(given: Object) -> Object:
    made = {**given, "apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    made["spec"] = pods.claim_spec(given.get("spec") or {})
    made["status"] = _fill(given.get("status") or {}, phase="Pending")
    return made


def _failure_policy(given: Object) -> Object:
    rules = []
    for rule in given.get("rules") or ():
        patterns = rule.get("onPodConditions")
        if patterns:
            rule = {**rule, "onPodConditions": [_fill(one, status="True") for one in patterns]}
        rules.append(rule)
    return {**given, "rules": rules}


def job(obj: Object) -> Object:
    """A Job with its defaults."""
    spec = dict(obj.get("spec") or {})
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    limit = 6 if spec.get("backoffLimitPerIndex") is None else 2**31 - 1
    spec = _fill(
        spec, parallelism=1, backoffLimit=limit, completionMode="NonIndexed", suspend=False, manualSelector=False
    )
    finished = "Failed" if spec.get("podFailurePolicy") is not None else "TerminatingOrFailed"
    spec = _fill(spec, podReplacementPolicy=finished)
    if spec.get("podFailurePolicy"):
        spec["podFailurePolicy"] = _failure_policy(spec["podFailurePolicy"])
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    metadata = obj.get("metadata") or {}
    if labels and not metadata.get("labels"):
        obj = {**obj, "metadata": {**metadata, "labels": labels}}
    return _of(obj, spec)


def cron_job(obj: Object) -> Object:
    """A CronJob with its defaults."""
    spec = _fill(
        obj.get("spec") or {},
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    job_template = dict(spec.get("jobTemplate") or {})
    inner = dict(job_template.get("spec") or {})
    inner["template"] = pods.template(inner.get("template"))
    if inner.get("podFailurePolicy"):
        inner["podFailurePolicy"] = _failure_policy(inner["podFailurePolicy"])
    job_template["spec"] = inner
    spec["jobTemplate"] = job_template
    return {**obj, "spec": spec}


_SCALE_UP: Object = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_SCALE_DOWN: Object = {
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}


def horizontal_pod_autoscaler(obj: Object) -> Object:
    """An autoscaler (autoscaling/v2) with its defaults."""
    spec = _fill(obj.get("spec") or {}, minReplicas=1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        spec["behavior"] = {
            **behavior,
            "scaleUp": _scaling_rules(behavior.get("scaleUp"), _SCALE_UP),
            "scaleDown": _scaling_rules(behavior.get("scaleDown"), _SCALE_DOWN),
        }
    return {**obj, "spec": spec}


def _scaling_rules(given: Object | None, default: Object) -> Object:
    return {**default, **{key: value for key, value in (given or {}).items() if value not in (None, [])}}


def horizontal_pod_autoscaler_v1(obj: Object) -> Object:
    """An autoscaler as autoscaling/v1 has it."""
    return {**obj, "spec": _fill(obj.get("spec") or {}, minReplicas=1, targetCPUUtilizationPercentage=80)}


def pod_template(obj: Object) -> Object:
    """A stored PodTemplate."""
    return {**obj, "template": pods.template(obj.get("template"))}
