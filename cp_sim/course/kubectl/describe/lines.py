"""The page that `describe` writes on: indented lines with tabs, and the small parts that all descriptions share.

Source: kubernetes/kubectl pkg/describe/describe.go (`prefixWriter`, `printLabelsMultiline`, `DescribeEvents`, …).
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.durations import age
from cp_sim.course.kubectl.tabwriter import align
from cp_sim.objects import meta

Object = dict[str, Any]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
LONGEST_ANNOTATION = 140


class Page:
    """Text in the making; `text()` lines up its columns."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, level: int, text: str) -> None:
        """Add `text` (with its own tabs and line feeds), indented by two blanks a level."""
        self.parts.append("  " * level + text)

    def line(self, level: int, title: str, value: Any) -> None:
        """Add `title: value`."""
        self.write(level, f"{title}:\t{value}\n")

    def raw(self) -> str:
        """What was written, tabs and all."""
        return "".join(self.parts)

    def text(self) -> str:
        """What was written, in columns."""
        return align(self.raw(), padding=2)


def or_none(text: Any) -> str:
    """`text`, or `<none>` where it is empty."""
    return str(text) if text not in ("", None) else "<none>"


def truth(value: Any) -> str:
    """`True` or `False`."""
    return "True" if value else "False"


def labels(page: Page, title: str, values: dict[str, str] | None) -> None:
    """Labels or selectors, one on each line."""
    shown = [f"{key}={(values or {})[key]}" for key in sorted(values or {})] or ["<none>"]
    page.write(0, f"{title}:\t" + "\n\t".join(shown) + "\n")


def notes(page: Page, title: str, values: dict[str, str] | None) -> None:
    """Annotations, one on each line, without what `apply` remembers."""
    kept = {key: value for key, value in (values or {}).items() if key != LAST_APPLIED}
    shown = []
    for key in sorted(kept):
        value = kept[key].removesuffix("\n")
        if len(value) + len(key) + 2 > LONGEST_ANNOTATION or "\n" in value:
            shown.append(f"{key}:" + "".join(f"\n\t  {_shorten(line)}" for line in value.split("\n")))
        else:
            shown.append(f"{key}: {value}")
    page.write(0, f"{title}:\t" + "\n\t".join(shown or ["<none>"]) + "\n")


def _shorten(text: str) -> str:
    limit = LONGEST_ANNOTATION - 2
    return text[:limit] + "..." if len(text) > limit else text


def tolerations(page: Page, title: str, entries: list[Object] | None) -> None:
    """Tolerations, one on each line."""
    page.write(0, f"{title}:\t" + "\n\t".join([toleration(entry) for entry in entries or ()] or ["<none>"]) + "\n")


def toleration(entry: Object) -> str:
    """One toleration: `key=value:NoSchedule`, `key:NoExecute op=Exists for 300s`."""
    text = entry.get("key", "") + (f"={entry['value']}" if entry.get("value") else "")
    text += f":{entry['effect']}" if entry.get("effect") else ""
    if entry.get("operator") == "Exists" and not entry.get("value"):
        text += " op=Exists" if text else "op=Exists"
    return text + (f" for {entry['tolerationSeconds']}s" if entry.get("tolerationSeconds") is not None else "")


def selector(value: Object | None) -> str:
    """A label selector as text: `app=web,tier in (a,b)`."""
    if value is None:
        return "<unset>"
    parts = [f"{key}={entry}" for key, entry in sorted((value.get("matchLabels") or {}).items())]
    for rule in value.get("matchExpressions") or ():
        key, values = rule["key"], ",".join(sorted(rule.get("values") or ()))
        shown = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        parts.append(shown.get(rule["operator"], key))
    return ",".join(parts) or "<none>"


def label_map(values: dict[str, str] | None) -> str:
    """Labels on one line: `a=b,c=d`."""
    return ",".join(f"{key}={values[key]}" for key in sorted(values)) if values else "<none>"


def controller(obj: Object) -> str:
    """`Deployment/web`, or nothing."""
    owner = meta.controller_of(obj)
    return f"{owner['kind']}/{owner['name']}" if owner else ""


def events(page: Page, found: list[Object] | None, now_ms: int) -> None:
    """The part with the events; nothing at all where they were not asked for."""
    if found is None:
        return
    if not found:
        page.write(0, "Events:\t<none>\n")
        return
    page.write(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n")
    page.write(1, "----\t------\t----\t----\t-------\n")
    for event in sorted(found, key=lambda event: event.get("lastTimestamp") or ""):
        source = (event.get("source") or {}).get("component") or event.get("reportingComponent") or ""
        message = (event.get("message") or "").strip()
        page.write(
            1, f"{event.get('type', '')}\t{event.get('reason', '')}\t{_interval(event, now_ms)}\t{source}\t{message}\n"
        )


def _interval(event: Object, now_ms: int) -> str:
    first = age(event.get("eventTime") or event.get("firstTimestamp"), now_ms)
    series = event.get("series")
    if series:
        return f"{age(series.get('lastObservedTime'), now_ms)} (x{series.get('count')} over {first})"
    if (event.get("count") or 0) > 1:
        return f"{age(event.get('lastTimestamp'), now_ms)} (x{event['count']} over {first})"
    return first
