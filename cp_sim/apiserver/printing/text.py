"""Small texts that many cells share: ages, selectors, containers.

*In Kubernetes:* `k8s.io/apimachinery/pkg/util/duration` and the helpers of `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import selectors
from cp_sim.sim.clock import parse_timestamp

Object = dict[str, Any]
NONE = "<none>"


def human_duration(duration_ms: int) -> str:
    """A duration in one or two units, as `kubectl get` shows ages: `45s`, `3m10s`, `27h`, `2d`."""
    if duration_ms < -1000:
        return "<invalid>"
    if duration_ms < 0:
        return "0s"
    seconds = duration_ms // 1000
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60 * 2:
        return f"{seconds}s"
    if minutes < 10:
        rest = seconds % 60
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 60 * 3:
        return f"{minutes}m"
    if hours < 8:
        rest = minutes % 60
        return f"{hours}h{rest}m" if rest else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 24 * 8:
        rest = hours % 24
        return f"{hours // 24}d{rest}h" if rest else f"{hours // 24}d"
    if hours < 24 * 365 * 2:
        return f"{hours // 24}d"
    if hours < 24 * 365 * 8:
        days = (hours // 24) % 365
        return f"{hours // 24 // 365}y{days}d" if days else f"{hours // 24 // 365}y"
    return f"{hours // 24 // 365}y"


def age(timestamp: str | None, now_ms: int) -> str:
    """How long ago a timestamp is, `<unknown>` if there is none."""
    if not timestamp:
        return "<unknown>"
    return human_duration(now_ms - parse_timestamp(timestamp))


def label_text(labels: Object | None) -> str:
    """`a=b,c=d` in the order of the keys, `<none>` for no labels."""
    if not labels:
        return NONE
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


def selector_text(selector: Object | None) -> str:
    """A label selector in one line (`metav1.FormatLabelSelector`)."""
    if selector is None:
        return NONE
    try:
        return str(selectors.of_wire(selector)) or NONE
    except selectors.SelectorError:
        return "<error>"


def containers(template: Object | None) -> tuple[str, str]:
    """(names, images) of the containers of a pod template."""
    found = ((template or {}).get("spec") or {}).get("containers") or []
    return ",".join(one.get("name", "") for one in found), ",".join(one.get("image", "") for one in found)


def access_modes(modes: list[str] | None) -> str:
    """`RWO,ROX,RWX,RWOP`, in this order."""
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    return ",".join(text for mode, text in short.items() if mode in (modes or ()))
