"""`kubectl describe` of the small kinds: namespaces, ConfigMaps, Secrets, budgets, quotas, and of everything unknown.

Source: kubernetes/kubectl pkg/describe/describe.go (`describeNamespace`, `printUnstructuredContent`, …).
"""

from __future__ import annotations

import base64
import re
from typing import Any

from cp_sim.course.kubectl.describe import lines
from cp_sim.course.kubectl.describe.lines import Object, Page
from cp_sim.objects import edit, meta

Events = list[Object] | None
_SKIPPED = tuple(f".metadata.{key}" for key in ("managedFields", "name", "namespace", "labels", "annotations"))
_ACRONYMS = ("API", "URL", "UID", "OSB", "GUID")


def head(page: Page, obj: Object, *, namespaced: bool = True) -> None:
    """Name, namespace, labels and annotations."""
    page.line(0, "Name", meta.name(obj))
    if namespaced:
        page.line(0, "Namespace", meta.namespace(obj))
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))


def namespace(page: Page, obj: Object, quotas: list[Object], limits: list[Object]) -> None:
    """Write a Namespace with its quotas and limits."""
    head(page, obj, namespaced=False)
    page.line(0, "Status", meta.phase(obj))
    conditions = (obj.get("status") or {}).get("conditions")
    if conditions:
        page.write(0, "Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage\n")
        page.write(1, "----\t------\t------------------\t------\t-------\n")
        for entry in conditions:
            page.write(1, "\t".join(str(entry.get(key, "")) for key in _CONDITION) + "\n")
    page.write(0, "\n")
    if not quotas:
        page.write(0, "No resource quota.\n")
    else:
        page.write(0, "Resource Quotas\n")
        for quota_ in quotas:
            page.line(1, "Name", meta.name(quota_))
            _quota_rows(page, quota_, 1, "---")
    page.write(0, "\n")
    if not limits:
        page.write(0, "No LimitRange resource.\n")
        return
    page.write(
        0, "Resource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n"
    )
    page.write(0, " ----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n")
    for limit in limits:
        _limit_rows(page, limit, " ")


_CONDITION = ("type", "status", "lastTransitionTime", "reason", "message")


def _quota_rows(page: Page, obj: Object, level: int, dashes: str) -> None:
    page.write(level, "Resource\tUsed\tHard\n")
    page.write(level, f"--------\t{dashes}\t{dashes}\n")
    status = obj.get("status") or {}
    for name in sorted(status.get("hard") or {}):
        page.write(level, f"{name}\t{(status.get('used') or {}).get(name, '0')}\t{status['hard'][name]}\n")


def quota(page: Page, obj: Object) -> None:
    """Write a ResourceQuota."""
    page.line(0, "Name", meta.name(obj))
    page.line(0, "Namespace", meta.namespace(obj))
    _quota_rows(page, obj, 0, "----")


def limit_range(page: Page, obj: Object) -> None:
    """Write a LimitRange."""
    page.line(0, "Name", meta.name(obj))
    page.line(0, "Namespace", meta.namespace(obj))
    page.write(0, "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n")
    page.write(0, "----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n")
    _limit_rows(page, obj, "")


def _limit_rows(page: Page, obj: Object, space: str) -> None:
    fields = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")
    for limit in obj["spec"].get("limits") or ():
        for name in sorted({name for field in fields for name in limit.get(field) or {}}):
            cells = "\t".join(str((limit.get(field) or {}).get(name, "-")) for field in fields)
            page.write(0, f"{space}{limit['type']}\t{name}\t{cells}\n")


def config_map(page: Page, obj: Object, events: Events, now_ms: int) -> None:
    """Write a ConfigMap with its data."""
    head(page, obj)
    page.write(0, "\nData\n====\n")
    for key in sorted(obj.get("data") or {}):
        page.write(0, f"{key}:\n----\n{obj['data'][key]}\n\n")
    page.write(0, "\nBinaryData\n====\n")
    for key in sorted(obj.get("binaryData") or {}):
        page.write(0, f"{key}: {len(base64.b64decode(obj['binaryData'][key]))} bytes\n")
    page.write(0, "\n")
    lines.events(page, events, now_ms)


def secret(page: Page, obj: Object) -> None:
    """Write a Secret without telling it."""
    head(page, obj)
    page.write(0, f"\nType:\t{obj.get('type', '')}\n\nData\n====\n")
    for key in sorted(obj.get("data") or {}):
        page.write(0, f"{key}:\t{len(base64.b64decode(obj['data'][key]))} bytes\n")


def service_account(page: Page, obj: Object, events: Events, now_ms: int) -> None:
    """Write a ServiceAccount."""
    head(page, obj)
    secrets = [entry["name"] for entry in obj.get("imagePullSecrets") or ()]
    page.write(0, "Image pull secrets:\t" + "\n\t".join(secrets or ["<none>"]) + "\n")
    lines.events(page, events, now_ms)


def priority_class(page: Page, obj: Object, events: Events, now_ms: int) -> None:
    """Write a PriorityClass."""
    page.line(0, "Name", meta.name(obj))
    page.line(0, "Value", obj.get("value", 0))
    page.line(0, "GlobalDefault", "true" if obj.get("globalDefault") else "false")
    page.line(0, "PreemptionPolicy", obj.get("preemptionPolicy", ""))
    page.line(0, "Description", obj.get("description", ""))
    page.line(0, "Annotations", lines.label_map(meta.annotations(obj)))
    lines.events(page, events, now_ms)


def budget(page: Page, obj: Object, events: Events, now_ms: int) -> None:
    """Write a PodDisruptionBudget."""
    spec, status = obj["spec"], obj.get("status") or {}
    page.line(0, "Name", meta.name(obj))
    page.line(0, "Namespace", meta.namespace(obj))
    for words, key in (("Min available", "minAvailable"), ("Max unavailable", "maxUnavailable")):
        if spec.get(key) is not None:
            page.line(0, words, spec[key])
    page.line(0, "Selector", lines.selector(spec.get("selector")))
    page.write(0, "Status:\n")
    for words, key in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        page.line(2, words, status.get(key, 0))
    lines.events(page, events, now_ms)


def binding(page: Page, obj: Object) -> None:
    """Write a RoleBinding or ClusterRoleBinding."""
    head(page, obj, namespaced=False)
    page.write(0, "Role:\n")
    page.line(1, "Kind", obj["roleRef"]["kind"])
    page.line(1, "Name", obj["roleRef"]["name"])
    page.write(0, "Subjects:\n  Kind\tName\tNamespace\n  ----\t----\t---------\n")
    for subject in obj.get("subjects") or ():
        page.write(1, f"{subject['kind']}\t{subject['name']}\t{subject.get('namespace', '')}\n")


def role(page: Page, obj: Object) -> None:
    """Write a Role or ClusterRole."""
    head(page, obj, namespaced=False)
    page.write(0, "PolicyRule:\n  Resources\tNon-Resource URLs\tResource Names\tVerbs\n")
    page.write(1, "---------\t-----------------\t--------------\t-----\n")
    for rule in obj.get("rules") or ():
        verbs = " ".join(rule.get("verbs") or ())
        names = " ".join(rule.get("resourceNames") or ())
        for group in rule.get("apiGroups") or [""]:
            for resource in rule.get("resources") or ():
                plural, slash, sub = resource.partition("/")
                shown = (f"{plural}.{group}" if group else plural) + slash + sub
                page.write(1, f"{shown}\t[]\t[{names}]\t[{verbs}]\n")
        for url in rule.get("nonResourceURLs") or ():
            page.write(1, f"\t[{url}]\t[]\t[{verbs}]\n")


def anything(page: Page, obj: Object, events: Events, now_ms: int) -> None:
    """Write an object of a kind that has no page of its own."""
    head(page, obj)
    _content(page, 0, edit.merge({}, obj), "")
    lines.events(page, events, now_ms)


def _content(page: Page, level: int, content: Object, path: str) -> None:
    for field in sorted(content):
        value, here = content[field], f"{path}.{field}"
        if here in _SKIPPED:
            continue
        title = label_for(field)
        if isinstance(value, dict):
            page.write(level, f"{title}:\n")
            _content(page, level + 1, value, here)
        elif isinstance(value, list):
            page.write(level, f"{title}:\n")
            for child in value:
                if isinstance(child, dict):
                    _content(page, level + 1, child, here)
                else:
                    page.write(level + 1, f"{_plain(child)}\n")
        else:
            page.line(level, title, _plain(value))


def _plain(value: Any) -> str:
    return (
        {True: "true", False: "false"}[value] if isinstance(value, bool) else "<nil>" if value is None else str(value)
    )


def label_for(field: str) -> str:
    """`creationTimestamp` as `Creation Timestamp`."""
    if re.search(r"[^A-Za-z-]", field):
        return field
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|-+", field)
    return " ".join(part.upper() if part.upper() in _ACRONYMS else part[:1].upper() + part[1:] for part in parts)
