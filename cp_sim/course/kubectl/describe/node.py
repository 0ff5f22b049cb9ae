"""`kubectl describe node`.

Source: kubernetes/kubectl pkg/describe/describe.go (`describeNode`, `describeNodeResource`).
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.describe import lines
from cp_sim.course.kubectl.describe.lines import Object, Page
from cp_sim.course.kubectl.durations import age, long_date
from cp_sim.objects import meta, quantity

_INFO = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
)
_ROLE = "node-role.kubernetes.io/"


def describe(
    page: Page, node: Object, lease: Object | None, pods: list[Object], events: list[Object] | None, now_ms: int
) -> None:
    """Write a node with what runs there."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    page.line(0, "Name", meta.name(node))
    roles = sorted(key.removeprefix(_ROLE) for key in meta.labels(node) if key.startswith(_ROLE) and key != _ROLE)
    page.line(0, "Roles", ",".join(roles) or "<none>")
    lines.labels(page, "Labels", meta.labels(node))
    lines.notes(page, "Annotations", meta.annotations(node))
    page.line(0, "CreationTimestamp", long_date(node["metadata"].get("creationTimestamp")))
    taints = sorted(spec.get("taints") or (), key=lambda taint: f"{taint['effect']},{taint['key']}")
    page.write(0, "Taints:\t" + "\n\t".join([_taint(taint) for taint in taints] or ["<none>"]) + "\n")
    page.line(0, "Unschedulable", "true" if spec.get("unschedulable") else "false")
    _lease(page, lease)
    _conditions(page, status)
    if status.get("addresses"):
        page.write(0, "Addresses:\n")
        for address in status["addresses"]:
            page.line(1, address["type"], address["address"])
    for word, field in (("Capacity", "capacity"), ("Allocatable", "allocatable")):
        if status.get(field):
            page.write(0, f"{word}:\n")
            for name in sorted(status[field]):
                page.line(1, name, status[field][name])
    page.write(0, "System Info:\n")
    for title, key in _INFO:
        page.line(1, title, (status.get("nodeInfo") or {}).get(key, ""))
    if spec.get("podCIDR"):
        page.line(0, "PodCIDR", spec["podCIDR"])
    if spec.get("podCIDRs"):
        page.line(0, "PodCIDRs", ",".join(spec["podCIDRs"]))
    if spec.get("providerID"):
        page.line(0, "ProviderID", spec["providerID"])
    _resources(page, status.get("allocatable") or status.get("capacity") or {}, pods, now_ms)
    lines.events(page, events, now_ms)


def _taint(taint: Object) -> str:
    return taint["key"] + (f"={taint['value']}" if taint.get("value") else "") + f":{taint['effect']}"


def _lease(page: Page, lease: Object | None) -> None:
    if lease is None:
        page.line(0, "Lease", "Failed to get lease: the server could not find the requested resource")
        return
    spec = lease.get("spec") or {}
    page.write(0, "Lease:\n")
    page.line(1, "HolderIdentity", spec.get("holderIdentity") or "<unset>")
    for title, key in (("AcquireTime", "acquireTime"), ("RenewTime", "renewTime")):
        page.line(1, title, long_date(spec[key]) if spec.get(key) else "<unset>")


def _conditions(page: Page, status: Object) -> None:
    if not status.get("conditions"):
        return
    page.write(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n")
    page.write(1, "----\t------\t-----------------\t------------------\t------\t-------\n")
    for entry in status["conditions"]:
        beat, turn = long_date(entry.get("lastHeartbeatTime")), long_date(entry.get("lastTransitionTime"))
        page.write(
            1,
            f"{entry['type']} \t{entry['status']} \t{beat} \t{turn} \t"
            f"{entry.get('reason', '')} \t{entry.get('message', '')}\n",
        )


class Sum:
    """A sum of quantities, kept exactly and printed in the notation of its first part."""

    def __init__(self) -> None:
        self.total = quantity.parse("0")

    def add(self, text: Any) -> None:
        """Add one more."""
        self.total = self.total + quantity.parse(text)

    def share(self, of: Any) -> int:
        """What percentage of `of` it is, cut off."""
        whole = quantity.milli(of)
        return int(quantity.milli(str(self.total)) / whole * 100) if whole else 0

    def __str__(self) -> str:
        return str(self.total)


def demand(pod: Object, field: str) -> dict[str, Any]:
    """What a pod asks for in `requests` or `limits`: the containers together, or the largest init container."""
    total: dict[str, Sum] = {}
    for container in pod["spec"].get("containers") or ():
        for name, text in ((container.get("resources") or {}).get(field) or {}).items():
            total.setdefault(name, Sum()).add(text)
    for container in pod["spec"].get("initContainers") or ():
        for name, text in ((container.get("resources") or {}).get(field) or {}).items():
            least = Sum()
            least.add(text)
            if name not in total or quantity.milli(str(total[name])) < quantity.milli(text):
                total[name] = least
    return {name: str(amount) for name, amount in total.items()}


def _resources(page: Page, allocatable: Object, pods: list[Object], now_ms: int) -> None:
    page.line(0, "Non-terminated Pods", f"({len(pods)} in total)")
    page.write(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n")
    page.write(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n")
    totals: dict[tuple[str, str], Sum] = {}
    for pod in pods:
        amounts = {field: demand(pod, field) for field in ("requests", "limits")}
        for field, found in amounts.items():
            for name, text in found.items():
                totals.setdefault((field, name), Sum()).add(text)
        cells = "\t".join(
            _shown(amounts[field].get(name, "0"), allocatable.get(name, "0"))
            for name in ("cpu", "memory")
            for field in ("requests", "limits")
        )
        old = age(pod["metadata"].get("creationTimestamp"), now_ms)
        page.write(1, f"{meta.namespace(pod)}\t{meta.name(pod)}\t\t{cells}\t{old}\n")
    page.write(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n")
    page.write(1, "Resource\tRequests\tLimits\n")
    page.write(1, "--------\t--------\t------\n")
    extended = sorted(name for name in allocatable if name not in ("cpu", "memory", "ephemeral-storage", "pods"))
    for name in ("cpu", "memory", "ephemeral-storage", *extended):
        asked, most = (totals.get((field, name)) or Sum() for field in ("requests", "limits"))
        if name in extended and not name.startswith("hugepages-"):
            page.write(1, f"{name}\t{asked}\t{most}\n")
        else:
            whole = allocatable.get(name, "0")
            page.write(1, f"{name}\t{_shown(str(asked), whole)}\t{_shown(str(most), whole)}\n")


def _shown(text: str, whole: Any) -> str:
    amount = Sum()
    amount.add(text)
    return f"{amount} ({amount.share(whole)}%)"
