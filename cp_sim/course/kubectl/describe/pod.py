"""`kubectl describe pod`.

Source: kubernetes/kubectl pkg/describe/describe.go (`describePod`).
"""

from __future__ import annotations

from cp_sim.course.kubectl.describe import lines, template
from cp_sim.course.kubectl.describe.lines import Object, Page
from cp_sim.course.kubectl.durations import age, long_date
from cp_sim.objects import meta


def describe(page: Page, pod: Object, events: list[Object] | None, now_ms: int) -> None:
    """Write a pod."""
    spec, status = pod["spec"], pod.get("status") or {}
    page.line(0, "Name", meta.name(pod))
    page.line(0, "Namespace", meta.namespace(pod))
    if spec.get("priority") is not None:
        page.line(0, "Priority", spec["priority"])
    if spec.get("priorityClassName"):
        page.line(0, "Priority Class Name", spec["priorityClassName"])
    if spec.get("serviceAccountName"):
        page.line(0, "Service Account", spec["serviceAccountName"])
    page.line(0, "Node", f"{spec['nodeName']}/{status.get('hostIP', '')}" if spec.get("nodeName") else "<none>")
    if status.get("startTime"):
        page.line(0, "Start Time", long_date(status["startTime"]))
    lines.labels(page, "Labels", meta.labels(pod))
    lines.notes(page, "Annotations", meta.annotations(pod))
    if meta.is_deleting(pod) and not meta.is_finished(pod):
        page.line(0, "Status", f"Terminating (lasts {age(pod['metadata']['deletionTimestamp'], now_ms)})")
        page.line(0, "Termination Grace Period", f"{pod['metadata'].get('deletionGracePeriodSeconds', 0)}s")
    else:
        page.line(0, "Status", status.get("phase", ""))
    for title, key in (("Reason", "reason"), ("Message", "message")):
        if status.get(key):
            page.line(0, title, status[key])
    _addresses(page, status)
    if lines.controller(pod):
        page.line(0, "Controlled By", lines.controller(pod))
    if status.get("nominatedNodeName"):
        page.line(0, "NominatedNodeName", status["nominatedNodeName"])
    if spec.get("initContainers"):
        template.containers(
            page, "Init Containers", spec["initContainers"], status.get("initContainerStatuses") or [], pod
        )
    template.containers(page, "Containers", spec["containers"], status.get("containerStatuses") or [], pod)
    _conditions(page, spec, status)
    template.volumes(page, spec.get("volumes") or [])
    page.line(0, "QoS Class", status.get("qosClass", "BestEffort"))
    lines.labels(page, "Node-Selectors", spec.get("nodeSelector"))
    lines.tolerations(page, "Tolerations", spec.get("tolerations"))
    template.spread(page, spec.get("topologySpreadConstraints") or [], "")
    lines.events(page, events, now_ms)


def _addresses(page: Page, status: Object) -> None:
    page.line(0, "IP", status.get("podIP", ""))
    if not status.get("podIPs"):
        page.line(0, "IPs", "<none>")
        return
    page.write(0, "IPs:\n")
    for entry in status["podIPs"]:
        page.line(1, "IP", entry.get("ip", ""))


def _conditions(page: Page, spec: Object, status: Object) -> None:
    conditions = status.get("conditions") or []
    if spec.get("readinessGates"):
        page.write(0, "Readiness Gates:\n  Type\tStatus\n")
        for gate in spec["readinessGates"]:
            type_ = gate["conditionType"]
            shown = next((entry["status"] for entry in conditions if entry["type"] == type_), "<none>")
            page.write(1, f"{type_} \t{shown} \n")
    if conditions:
        page.write(0, "Conditions:\n  Type\tStatus\n")
        for entry in conditions:
            page.write(1, f"{entry['type']} \t{entry['status']} \n")
