"""`kubectl describe` of Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and Jobs.

Source: kubernetes/kubectl pkg/describe/describe.go.
"""

from __future__ import annotations

from cp_sim.course.kubectl.describe import lines
from cp_sim.course.kubectl.describe.lines import Object, Page
from cp_sim.course.kubectl.describe.template import describe_template
from cp_sim.course.kubectl.durations import human, long_date
from cp_sim.objects import edit, meta
from cp_sim.sim.clock import parse_timestamp

Events = list[Object] | None


def _head(page: Page, obj: Object, *, created: bool = True) -> None:
    page.line(0, "Name", meta.name(obj))
    page.line(0, "Namespace", meta.namespace(obj))
    if created:
        page.line(0, "CreationTimestamp", long_date(obj["metadata"].get("creationTimestamp")))


def deployment(page: Page, obj: Object, replicasets: list[Object], events: Events, now_ms: int) -> None:
    """Write a Deployment and its ReplicaSets."""
    spec, status = obj["spec"], obj.get("status") or {}
    _head(page, obj)
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))
    page.line(0, "Selector", lines.selector(spec.get("selector")))
    numbers = [spec.get("replicas", 1)] + [
        status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas", "unavailableReplicas")
    ]
    words = ("desired", "updated", "total", "available", "unavailable")
    page.line(0, "Replicas", " | ".join(f"{number} {word}" for number, word in zip(numbers, words)))
    strategy = spec.get("strategy") or {}
    page.line(0, "StrategyType", strategy.get("type", ""))
    page.line(0, "MinReadySeconds", spec.get("minReadySeconds", 0))
    if strategy.get("rollingUpdate"):
        rolling = strategy["rollingUpdate"]
        shown = f"{rolling.get('maxUnavailable')} max unavailable, {rolling.get('maxSurge')} max surge"
        page.line(0, "RollingUpdateStrategy", shown)
    describe_template(page, spec.get("template"))
    _conditions(page, status)
    new = next((entry for entry in replicasets if _same_template(entry, obj)), None)
    old = [entry for entry in replicasets if entry is not new]
    page.line(0, "OldReplicaSets", ", ".join(_created(entry) for entry in old) or "<none>")
    page.line(0, "NewReplicaSet", _created(new) if new else "<none>")
    lines.events(page, events, now_ms)


def _same_template(replicaset: Object, deployment_: Object) -> bool:
    template = replicaset["spec"]["template"]
    found = edit.drop(template, "metadata.labels.pod-template-hash")
    return bool(found == deployment_["spec"]["template"])


def _created(replicaset: Object) -> str:
    made, wanted = (replicaset.get("status") or {}).get("replicas", 0), replicaset["spec"].get("replicas", 0)
    return f"{meta.name(replicaset)} ({made}/{wanted} replicas created)"


def _conditions(page: Page, status: Object) -> None:
    if status.get("conditions"):
        page.write(0, "Conditions:\n  Type\tStatus\tReason\n")
        page.write(1, "----\t------\t------\n")
        for entry in status["conditions"]:
            page.write(1, f"{entry['type']} \t{entry['status']}\t{entry.get('reason', '')}\n")


def phases(pods: list[Object]) -> str:
    """`3 Running / 0 Waiting / 0 Succeeded / 0 Failed`."""
    names = {"Running": "Running", "Pending": "Waiting", "Succeeded": "Succeeded", "Failed": "Failed"}
    counts = dict.fromkeys(names.values(), 0)
    for pod in pods:
        if meta.phase(pod) in names:
            counts[names[meta.phase(pod)]] += 1
    return " / ".join(f"{count} {word}" for word, count in counts.items())


def replicaset(page: Page, obj: Object, pods: list[Object], events: Events, now_ms: int) -> None:
    """Write a ReplicaSet or a ReplicationController."""
    spec, status = obj["spec"], obj.get("status") or {}
    _head(page, obj, created=False)
    is_old = obj["kind"] == "ReplicationController"
    page.line(0, "Selector", lines.label_map(spec.get("selector")) if is_old else lines.selector(spec.get("selector")))
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))
    if lines.controller(obj):
        page.line(0, "Controlled By", lines.controller(obj))
    page.line(0, "Replicas", f"{status.get('replicas', 0)} current / {spec.get('replicas', 1)} desired")
    page.line(0, "Pods Status", phases(pods))
    describe_template(page, spec.get("template"))
    _conditions(page, status)
    lines.events(page, events, now_ms)


def statefulset(page: Page, obj: Object, pods: list[Object], events: Events, now_ms: int) -> None:
    """Write a StatefulSet."""
    spec, status = obj["spec"], obj.get("status") or {}
    _head(page, obj)
    page.line(0, "Selector", lines.selector(spec.get("selector")))
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))
    if spec.get("serviceName"):
        page.line(0, "Service Name", spec["serviceName"])
    page.line(0, "Pod Management Policy", spec.get("podManagementPolicy", ""))
    page.line(0, "Replicas", f"{spec.get('replicas', 1)} desired | {status.get('replicas', 0)} total")
    strategy = spec.get("updateStrategy") or {}
    page.line(0, "Update Strategy", strategy.get("type", ""))
    if strategy.get("rollingUpdate"):
        if strategy["rollingUpdate"].get("partition") is not None:
            page.line(1, "Partition", strategy["rollingUpdate"]["partition"])
        if strategy["rollingUpdate"].get("maxUnavailable") is not None:
            page.line(1, "MaxUnavailable", strategy["rollingUpdate"]["maxUnavailable"])
    policy = spec.get("persistentVolumeClaimRetentionPolicy")
    if policy:
        page.write(0, "Persistent Volume Claim Retention Policy:\n")
        page.line(1, "WhenDeleted", policy.get("whenDeleted", ""))
        page.line(1, "WhenScaled", policy.get("whenScaled", ""))
    page.line(0, "Pods Status", phases(pods))
    describe_template(page, spec.get("template"))
    if not spec.get("volumeClaimTemplates"):
        page.write(0, "Volume Claims:\t<none>\n")
    else:
        page.write(0, "Volume Claims:\n")
        for claim in spec["volumeClaimTemplates"]:
            page.line(1, "Name", meta.name(claim))
    lines.events(page, events, now_ms)


def daemonset(page: Page, obj: Object, pods: list[Object], events: Events, now_ms: int) -> None:
    """Write a DaemonSet."""
    spec, status = obj["spec"], obj.get("status") or {}
    _head(page, obj, created=False)
    page.line(0, "Selector", lines.selector(spec.get("selector")))
    page.line(0, "Node-Selector", lines.label_map(edit.get(spec, "template.spec.nodeSelector")))
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))
    for words, key in (
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ):
        page.write(0, f"{words}: {status.get(key, 0)}\n")
    page.line(0, "Pods Status", phases(pods))
    describe_template(page, spec.get("template"))
    lines.events(page, events, now_ms)


def job(page: Page, obj: Object, events: Events, now_ms: int) -> None:
    """Write a Job."""
    spec, status = obj["spec"], obj.get("status") or {}
    _head(page, obj, created=False)
    if spec.get("selector"):
        page.line(0, "Selector", lines.selector(spec["selector"]))
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))
    if lines.controller(obj):
        page.line(0, "Controlled By", lines.controller(obj))
    for words, key in (
        ("Parallelism", "parallelism"),
        ("Completions", "completions"),
        ("Completion Mode", "completionMode"),
    ):
        if spec.get(key) is not None:
            page.line(0, words, spec[key])
    page.line(0, "Suspend", "true" if spec.get("suspend") else "false")
    page.line(0, "Backoff Limit", spec.get("backoffLimit", "<unset>"))
    started, ended = status.get("startTime"), status.get("completionTime")
    if started:
        page.line(0, "Start Time", long_date(started))
    if ended:
        page.line(0, "Completed At", long_date(ended))
    if started and ended:
        page.line(0, "Duration", human(parse_timestamp(ended) - parse_timestamp(started)))
    if spec.get("activeDeadlineSeconds") is not None:
        page.line(0, "Active Deadline Seconds", f"{spec['activeDeadlineSeconds']}s")
    counts = f"{status.get('active', 0)} Active ({status.get('ready', 0)} Ready)"
    page.line(
        0, "Pods Statuses", f"{counts} / {status.get('succeeded', 0)} Succeeded / {status.get('failed', 0)} Failed"
    )
    describe_template(page, spec.get("template"))
    lines.events(page, events, now_ms)
