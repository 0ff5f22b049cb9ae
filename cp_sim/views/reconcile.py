"""One reconcile: what a controller observed, what it wants, and the actions between the two, each with its reason.

*In Kubernetes:* one pass of a controller's `sync` function; the real one keeps none of this.
"""

from __future__ import annotations

from typing import Any

from cp_sim.client.plan import Create, Delete, Emit, Later, Patch, SlowStart, Together, Update
from cp_sim.objects import meta
from cp_sim.objects.kinds import UnknownKind, kind_of
from cp_sim.views.facts import many, seconds
from cp_sim.views.lettering import fit, styled, wrap
from cp_sim.views.palette import ACTORS, component_of
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

ACTION_LIMIT = 12
# verb: (sign, colour)
VERBS: dict[str, tuple[str, str]] = {
    "create": ("+", "green"),
    "update": ("≠", "blue"),
    "patch": ("≠", "blue"),
    "delete": ("−", "red"),
    "event": ("!", "grey"),
    "later": ("◷", "grey"),
}
SIDE, MIDDLE, WIDTH = 250.0, 330.0, 960.0


def reconcile(record: Any) -> View:
    """A record of verb `reconcile` (or a bare `Plan`): observed, desired, and the actions."""
    plan = getattr(record, "evidence", None) or record
    subject = str(getattr(record, "subject", ""))
    actor = str(getattr(record, "actor", ""))
    because = plan.because or str(getattr(record, "because", ""))
    actions = flat(plan.actions)
    title = f"{actor or 'a controller'} reconciles {subject or 'a key'}"
    sketch = Sketch(title)
    moment = f" · {seconds(record.time_ms)}" if hasattr(record, "time_ms") else ""
    colour, _ = ACTORS[component_of(actor)] if actor else ACTORS["kube-controller-manager"]
    sketch.words(
        "reconcile", 8, 0, f"{styled(colour, actor)} {styled('title', subject)}{styled('muted', moment)}", width=900
    )
    if because:
        for place, line in enumerate(wrap(because, 900, 11, 2)):
            sketch.words(f"because/{place}", 8, 19 + place * 15, line, width=900, ink="muted")
    rows = actions if len(actions) <= ACTION_LIMIT else actions[: ACTION_LIMIT - 1]
    top, row_high = 58.0, 42.0
    high = max(96.0, (len(rows) + (len(rows) < len(actions))) * row_high + 34)
    _side(sketch, "observed", "observed", "what is", plan.observed, plan.desired, 0, top, high, "grey")
    _side(sketch, "desired", "desired", "what should be", plan.desired, plan.observed, WIDTH - SIDE, top, high, "blue")
    middle_left = SIDE + (WIDTH - 2 * SIDE - MIDDLE) / 2
    sketch.arrow("from/observed", (SIDE, top + 20), (middle_left, top + 20), colour=colour, pen=1.6)
    sketch.arrow("to/desired", (middle_left + MIDDLE, top + 20), (WIDTH - SIDE, top + 20), colour=colour, pen=1.6)
    head = many(len(actions), "action") if actions else "nothing to do"
    sketch.box(
        "actions",
        middle_left,
        top + 4,
        MIDDLE,
        30,
        [styled("bold", head)],
        align="n",
        fill=f"{colour}-tint",
        edge=colour,
        shape="box",
        detail=because,
    )
    for place, action in enumerate(rows):
        _action(sketch, place, action, middle_left, top + 40 + place * row_high, MIDDLE, row_high - 6)
    if len(rows) < len(actions):
        sketch.box(
            "actions/more", middle_left, top + 40 + len(rows) * row_high, MIDDLE, row_high - 6,
            [f"+{len(actions) - len(rows)} more actions"], align="n", fill="well", ink="muted", dashed=True,
        )  # fmt: skip
    return sketch.view(as_text(actor, subject, because, plan, actions))


def flat(actions: Any) -> list[Any]:
    """The single actions of a plan, in order."""
    found: list[Any] = []
    for action in actions:
        found += flat(action.actions) if isinstance(action, SlowStart | Together) else [action]
    return found


def action_words(action: Any) -> tuple[str, str, str]:
    """(verb, what, because) of one action."""
    match action:
        case Create():
            name = meta.name(action.object) or str((action.object.get("metadata") or {}).get("generateName", "")) + "…"
            return "create", f"{_kind(action.object)} {name}", action.because
        case Update():
            where = f" ({action.subresource})" if action.subresource else ""
            return "update", f"{_kind(action.object)} {meta.name(action.object)}{where}", action.because
        case Patch():
            where = f" ({action.subresource})" if action.subresource else ""
            return "patch", f"{action.resource.partition('.')[0]} {action.name}{where}", action.because
        case Delete():
            return "delete", f"{action.resource.partition('.')[0]} {action.name}", action.because
        case Emit():
            return "event", f"{action.type} {action.reason}", action.message
        case Later():
            return "later", f"look again in {seconds(action.delay_ms)}", action.because
    return "event", type(action).__name__, str(getattr(action, "because", ""))


def _kind(obj: dict[str, Any]) -> str:
    try:
        return kind_of(obj).singular
    except UnknownKind:
        return str(obj.get("kind", "object")).lower()


def _pairs(state: Any) -> list[tuple[str, str]]:
    if state is None:
        return []
    if isinstance(state, dict):
        return [(str(key), _value(value)) for key, value in state.items()]
    return [("", str(state))]


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"{len(value)}: {', '.join(map(str, value[:4]))}" + (" …" if len(value) > 4 else "") if value else "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items()) or "none"
    return str(value)


def _side(
    sketch: Sketch, identity: str, title: str, note: str, state: Any, other: Any, left: float, top: float, high: float,
    colour: str,
) -> None:  # fmt: skip
    pairs, others = _pairs(state), dict(_pairs(other))
    lines = [f"{styled(colour, title)} {styled('small', note)}", ""]
    for key, value in pairs[:8]:
        differs = key in others and others[key] != value
        shown = fit(f"{key}: {value}" if key else value, SIDE - 40)
        lines.append(styled("bold", "≠ " + shown) if differs else shown)
    if len(pairs) > 8:
        lines.append(styled("small", f"+{len(pairs) - 8} more"))
    if not pairs:
        lines.append(styled("small", "(nothing noted)"))
    sketch.region(identity, left, top, SIDE, high, fill="panel", detail=f"{title}: {note}")
    for place, line in enumerate(lines):
        if line:
            sketch.words(
                f"{identity}#{place}", left + 12, top + 10 + place * 16, line, inside=identity, width=SIDE - 10
            )


def _action(sketch: Sketch, place: int, action: Any, left: float, top: float, wide: float, high: float) -> None:
    verb, what, because = action_words(action)
    sign, colour = VERBS[verb]
    lines = [f"{styled(colour, f'{sign} {verb}')} {fit(what, wide - 80)}"]
    if because:
        lines.append(styled("small", fit(because, wide - 20, 9.5)))
    sketch.box(
        f"actions/{place}", left, top, wide, high, lines, edge=colour, kind=f"action {verb}",
        detail=f"{verb} {what}" + (f": {because}" if because else ""),
    )  # fmt: skip


def as_text(actor: str, subject: str, because: str, plan: Any, actions: list[Any]) -> str:
    """The reconcile in words."""
    lines = [f"{actor or 'a controller'} reconciles {subject or 'a key'}" + (f": {because}" if because else "")]
    for title, state in (("observed", plan.observed), ("desired", plan.desired)):
        words = ", ".join(f"{key} {value}" if key else value for key, value in _pairs(state))
        lines.append(f"  {title}: {words or '(nothing noted)'}")
    for action in actions:
        verb, what, why = action_words(action)
        lines.append(f"  {VERBS[verb][0]} {verb} {what}" + (f": {why}" if why else ""))
    if not actions:
        lines.append("  nothing to do")
    return "\n".join(lines)
