"""Locks and keys: the taints of nodes are locks, the tolerations of pods are keys; who may go where?

*In Kubernetes:* the scheduler's plugin TaintToleration for new pods, the taint eviction controller for pods that are
there.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.views import facts
from cp_sim.views.cluster_map import in_order
from cp_sim.views.facts import Object
from cp_sim.views.lettering import fit, fit_middle, styled, width_of
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

POD_LIMIT, TAINT_LIMIT = 18, 6
LEFT, CELL, ROW, HEAD = 230.0, 120.0, 26.0, 76.0
_UNTAINTED = "(no taint)"


def locks_and_keys(cluster: Any, namespace: str = "default") -> View:
    """A matrix of the pods of a namespace against the taints that nodes carry: ✓ has a key, ✕ has none.

    A toleration opens a lock; it draws nobody to the node.  The row's last cell says where the pod is.
    """
    nodes = in_order(facts.listed(cluster, "nodes"))
    pods = [pod for pod in facts.listed(cluster, "pods") if namespace == "*" or meta.namespace(pod) == namespace]
    locks = _locks(nodes)
    sketch = Sketch("Locks and keys: taints of nodes, tolerations of pods")
    rows = _rows(pods)
    shown = rows if len(rows) <= POD_LIMIT else rows[: POD_LIMIT - 1]
    _head(sketch, locks)
    for place, (name, members) in enumerate(shown):
        _row(sketch, name, members, locks, HEAD + place * ROW)
    if len(shown) < len(rows):
        sketch.words(
            "more",
            8,
            HEAD + len(shown) * ROW + 4,
            styled("muted", f"and {len(rows) - len(shown)} more rows"),
            width=400,
        )
    if not rows:
        sketch.words("none", 8, HEAD + 4, styled("muted", f"no pods in namespace {namespace}"), width=400)
    return sketch.view(_as_text(rows, locks))


def _locks(nodes: list[Object]) -> list[tuple[str, Object | None, list[str]]]:
    """(text, taint, nodes that carry it), then the nodes that carry none."""
    found: dict[str, tuple[Object, list[str]]] = {}
    for node in nodes:
        for taint in facts.taints(node):
            found.setdefault(facts.taint_text(taint), (taint, []))[1].append(meta.name(node))
    locks: list[tuple[str, Object | None, list[str]]] = [
        (text, taint, names) for text, (taint, names) in list(found.items())[:TAINT_LIMIT]
    ]
    free = [meta.name(node) for node in nodes if not facts.taints(node)]
    return [*locks, (_UNTAINTED, None, free)]


def _rows(pods: list[Object]) -> list[tuple[str, list[Object]]]:
    """Pods that are alike (one workload, same tolerations) share a row when there are many."""
    if len(pods) <= POD_LIMIT:
        return [(meta.name(pod), [pod]) for pod in pods]
    groups: dict[str, list[Object]] = {}
    for pod in pods:
        groups.setdefault(facts.workload(pod) or meta.name(pod), []).append(pod)
    return [(f"{name} ×{len(members)}" if len(members) > 1 else name, members) for name, members in groups.items()]


def _head(sketch: Sketch, locks: list[tuple[str, Object | None, list[str]]]) -> None:
    sketch.words("pods", 8, HEAD - 24, styled("bold", "pods and their keys"), width=200)
    for place, (text, taint, names) in enumerate(locks):
        left = LEFT + place * (CELL + 8)
        key, _, effect = text.rpartition(":")
        head = fit_middle(key.rpartition("/")[2], CELL - 18, 9.5) if taint else "no taint"
        who = ", ".join(names) or "no node"
        lines = [styled("amber" if taint else "green", ("⊘ " if taint else "○ ") + head)]
        if taint:
            lines.append(styled("small", effect))
        lines.append(styled("small", fit(who, CELL - 18, 9.5)))
        sketch.box(
            f"locks/{text}", left, 6, CELL, 60, lines, size=9.5, edge="amber" if taint else "line", pen=1.2,
            fill="amber-tint" if taint else "panel", kind="lock", detail=f"{text}: on {who}",
        )  # fmt: skip
    sketch.words("where", LEFT + len(locks) * (CELL + 8) + 4, HEAD - 24, styled("bold", "is on"), width=120)


def _row(
    sketch: Sketch, name: str, members: list[Object], locks: list[tuple[str, Object | None, list[str]]], top: float
) -> None:
    pod = members[0]
    sketch.box(
        f"pods/{meta.key(pod)}", 0, top, LEFT - 10, ROW - 4, [fit_middle(name, LEFT - 30)], edge="line", kind="pod",
        detail=f"{name}: tolerates {', '.join(_key_words(pod)) or 'nothing'}",
    )  # fmt: skip
    for place, (text, taint, _) in enumerate(locks):
        sign, colour, words = _cell(pod, taint)
        sketch.box(
            f"pods/{meta.key(pod)}@{text}",
            LEFT + place * (CELL + 8),
            top,
            CELL,
            ROW - 4,
            [styled(colour, sign) + styled("small", f" {words}")],
            fill=f"{colour}-tint",
            edge="none",
            pen=0,
            align="n",
            kind="cell",
            detail=f"{name} and {text}: {words}",
        )
    where = ", ".join(dict.fromkeys(meta.node_name(one) or "no node yet" for one in members))
    left = LEFT + len(locks) * (CELL + 8) + 4
    sketch.words(f"pods/{meta.key(pod)}#where", left, top + 4, fit(where, 170), width=180)
    sketch.reach(left + 1.25 * width_of(fit(where, 170)))  # where the fonts are missing, those that stand in are wider


def _cell(pod: Object, taint: Object | None) -> tuple[str, str, str]:
    if taint is None:
        return "✓", "green", "no key needed"
    toleration = facts.tolerates(pod, taint)
    if toleration is None:
        return ("!", "amber", "avoids it") if taint.get("effect") == "PreferNoSchedule" else ("✕", "red", "no key")
    seconds = toleration.get("tolerationSeconds")
    return "✓", "green", f"key for {seconds}s" if seconds is not None else "has a key"


def _key_words(pod: Object) -> list[str]:
    words = []
    for toleration in (pod.get("spec") or {}).get("tolerations") or ():
        key = toleration.get("key") or "every taint"
        value = f"={toleration['value']}" if toleration.get("value") else ""
        effect = f":{toleration['effect']}" if toleration.get("effect") else ""
        seconds = f" for {toleration['tolerationSeconds']}s" if "tolerationSeconds" in toleration else ""
        words.append(f"{key}{value}{effect}{seconds}")
    return words


def _as_text(rows: list[tuple[str, list[Object]]], locks: list[tuple[str, Object | None, list[str]]]) -> str:
    lines = [f"lock {text} on {', '.join(names) or 'no node'}" for text, taint, names in locks if taint]
    head = ["POD", *(text for text, _, _ in locks), "IS ON"]
    cells = [
        [name, *(f"{sign} {words}" for sign, _, words in (_cell(members[0], taint) for _, taint, _ in locks)),
         ", ".join(dict.fromkeys(meta.node_name(one) or "-" for one in members))]
        for name, members in rows
    ]  # fmt: skip
    return "\n".join([*lines, facts.table([head, *cells])])
