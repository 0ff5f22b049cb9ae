"""Terms over time: a lane for each member, and in it when it followed, stood for election, led, or was away.

*In Kubernetes:* the metrics `etcd_server_has_leader` and `etcd_server_leader_changes_seen_total`, and the members'
own logs, read side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_sim.sim import Record
from cp_sim.sim.clock import format_duration
from cp_sim.views import facts
from cp_sim.views.availability import joined
from cp_sim.views.axis import Axis, tick_ms
from cp_sim.views.facts import many
from cp_sim.views.lettering import fit, styled, width_of
from cp_sim.views.palette import component_of
from cp_sim.views.quorum import short_of
from cp_sim.views.raft_members import ROLES, TERM_HUES
from cp_sim.views.sketch import Sketch
from cp_sim.views.story import upto
from cp_sim.views.terms import Standing, lanes
from cp_sim.views.view import View

LEFT, WIDE = 150.0, 790.0
LANE, TOP = 40.0, 26.0
STRIP = 16.0
DEEDS = ("crash", "kill", "restart", "pause", "resume", "partition", "heal", "link", "slow_disk", "fill_disk")
LIMIT = 60  # stretches drawn in a lane

# role: the height of its band, and where its middle is; the height says the same as the colour
BANDS: dict[str, float] = {
    "follower": 5.0, "learner": 3.0, "pre-candidate": 11.0, "candidate": 17.0, "leader": 28.0,
    "paused": 1.5, "crashed": 1.5,
}  # fmt: skip


def term_lanes(
    cluster: Any, since: int | None = None, until: int | None = None, strips: Mapping[str, Any] | None = None
) -> View:
    """The terms of a cluster's members between two moments, in milliseconds of virtual time.

    Args:
        cluster: a cluster, or its past, which shows nothing later than its revision.
        since: where the picture begins; None: shortly before the first election, or a minute ago if that is later.
        until: where it ends; None: now.
        strips: what is drawn below on the same axis, as in a report of `availability`:
            `{"write": ((from_ms, to_ms, ok), ...)}`.

    Raises:
        ValueError: it would end before it begins.
    """
    sketch = Sketch("Terms over time: who followed, stood for election, and led")
    return sketch.view(draw_lanes(sketch, cluster, since, until, strips))


def draw_lanes(
    sketch: Sketch, cluster: Any, since: int | None = None, until: int | None = None, strips: Any = None
) -> str:  # fmt: skip
    """Draw the lanes; returns the text twin."""
    past = not hasattr(cluster, "loop")
    end = facts.time_of(cluster) if until is None else until
    found = lanes(getattr(cluster, "trace", None), end, facts.revision_of(cluster) if past else 0)
    begin = _beginning(found, end) if since is None else since
    if begin > end:
        raise ValueError(f"the lanes cannot end ({format_duration(end)}) before they begin ({format_duration(begin)})")
    axis = Axis(begin, end, LEFT, WIDE)
    shown = {member: [one for one in lane if one.until_ms >= begin] for member, lane in found.items()}
    _terms(sketch, axis, shown)
    for place, (member, lane) in enumerate(shown.items()):
        _lane(sketch, axis, member, lane, TOP + place * LANE)
    top = TOP + len(shown) * LANE
    if not shown:
        words = "The trace tells of no election: nobody has stood for one in this store."
        sketch.words("nothing", 8, TOP, styled("muted", words), width=700)
        top += LANE
    done = deeds(getattr(cluster, "trace", None), begin, end, facts.revision_of(cluster) if past else 0)
    top = _deeds(sketch, axis, done, top)
    for what, stretches in (strips or {}).items():
        top = _strip(sketch, axis, what, stretches, top + 6)
    axis.ticks(sketch, top + 6)
    _legend(sketch, top + 34)
    return as_text(shown, begin, end, done, strips or {})


def _beginning(found: dict[str, list[Standing]], end: int) -> int:
    first = min((lane[0].since_ms for lane in found.values() if lane), default=end)
    span = min(60_000, max(2_000, end - first))
    every = tick_ms(span)
    return max(0, (end - span) // every * every)


# -- lanes ----------------------------------------------------------------------------------------------------------


def elections(found: dict[str, list[Standing]]) -> list[Standing]:
    """The moments at which somebody began to lead, oldest first; of a term once."""
    led: dict[int, Standing] = {}
    for lane in found.values():
        for one in lane:
            if one.role == "leader" and (one.term not in led or one.since_ms < led[one.term].since_ms):
                led[one.term] = one
    return sorted(led.values(), key=lambda one: one.since_ms)


def _terms(sketch: Sketch, axis: Axis, found: dict[str, list[Standing]]) -> None:
    """A line through all lanes where a term's leader was elected, with the term's number above."""
    bottom = TOP + len(found) * LANE - 4
    last = LEFT - 100.0
    for one in elections(found):
        if one.since_ms < axis.start_ms:
            continue
        left = axis.at(one.since_ms)
        hue = TERM_HUES[(one.term - 1) % len(TERM_HUES)]
        short = short_of(one.member)
        words = f"term {one.term}: {short} elected at {facts.seconds(one.since_ms)}"
        sketch.arrow(
            f"terms/{one.term}", (left, TOP - 6), (left, bottom), head=False, style="dashed", colour=hue, pen=1,
            kind="term", detail=words,
        )  # fmt: skip
        text = f"term {one.term}" if left - last > 62 else str(one.term)
        if left - last > 24:
            sketch.pill(f"terms/{one.term}#label", (max(left, LEFT), TOP - 15), text, hue, detail=words)
            last = left + (20 if text != str(one.term) else 0)


def _lane(sketch: Sketch, axis: Axis, member: str, lane: list[Standing], top: float) -> None:
    middle = top + LANE / 2
    short = short_of(member)
    sign, colour, _ = ROLES[lane[-1].role] if lane else ROLES["follower"]
    sketch.region(f"lanes/{member}#lane", 0, top + 2, LEFT + WIDE, LANE - 4, edge="none", pen=0, kind="lane")
    identity = f"lanes/{member}"
    now = lane[-1].role if lane else ""
    sketch.words(
        identity, 10, middle - 13, f"{styled(colour, sign)} {styled('bold', fit(short, LEFT - 36))}", width=LEFT
    )
    sketch.words(f"{identity}#now", 10, middle + 3, styled("small", f"{now}, term {lane[-1].term}" if lane else ""))
    for place, one in enumerate(lane[-LIMIT:]):
        _band(sketch, axis, one, place, middle, last=place == len(lane[-LIMIT:]) - 1)


def _band(sketch: Sketch, axis: Axis, one: Standing, place: int, middle: float, last: bool) -> None:
    left, right = axis.at(one.since_ms), axis.at(one.until_ms)
    wide = max(1.5, right - left)
    hue = TERM_HUES[(one.term - 1) % len(TERM_HUES)] if one.term else "grey"
    high = BANDS.get(one.role, 5.0)
    away = one.role in ("crashed", "paused")
    led = f" behind {short_of(one.leader)}" if one.leader and one.role == "follower" else ""
    until = "now" if last else facts.seconds(one.until_ms)
    detail = f"{short_of(one.member)}: {one.role} of term {one.term}{led}, {facts.seconds(one.since_ms)} to {until}"
    identity = f"bands/{one.member}/{one.since_ms}/{place}"
    if away:
        sketch.arrow(
            identity, (left, middle), (left + wide, middle), head=False, style="dashed", pen=1.6,
            colour="red" if one.role == "crashed" else "grey", kind="away", detail=detail,
        )  # fmt: skip
        sign, colour, _ = ROLES[one.role]
        if wide > 14:
            sketch.words(f"{identity}#sign", left + 1, middle - 15, styled(colour, sign), size=9.5)
        if wide > 70:
            sketch.words(f"{identity}#words", left + 14, middle - 15, styled(f"small-{colour}", one.role), size=9.5)
        return
    lines = []
    if one.role == "leader" and wide > 20:
        lines = [fit(f"leader of term {one.term}" if wide > 108 else str(one.term), wide - 4, 9.5)]
    text_fits = bool(lines) and width_of(lines[0], 9.5) + 6 <= wide
    sketch.box(
        identity, left, middle - high / 2, wide, high, lines if text_fits else [], size=9.5, align="n",
        fill=f"{hue}-tint" if one.role == "leader" else hue, edge=hue, ink=hue,
        pen=1.2 if one.role == "leader" else 0, dashed=False, rounded=False, kind=f"band {one.role}", detail=detail,
    )  # fmt: skip


def deeds(trace: Any, begin: int, end: int, until_revision: int = 0) -> list[Record]:
    """What somebody did to members, machines, disks and links in that time."""
    return [
        record
        for record in upto(trace, until_revision)
        if begin <= record.time_ms <= end and record.verb in DEEDS and component_of(record.actor) == "user"
        and (record.subject == "links" or record.subject.startswith(("members/", "nodes/")) or "/etc" in record.subject)
    ]  # fmt: skip


def _deeds(sketch: Sketch, axis: Axis, done: list[Record], top: float) -> float:
    """A row of marks: what was done to the members from outside."""
    if not done:
        return top
    sketch.words("deeds", 10, top + 3, styled("small-amber", "done from outside"))
    for place, record in enumerate(done):
        left = axis.at(record.time_ms)
        room = (axis.at(done[place + 1].time_ms) if place + 1 < len(done) else LEFT + WIDE + 60) - left - 22
        words = fit(_deed_words(record), min(room, 140) / 1.12, 9.5) if room > 34 else ""
        sketch.words(
            f"record/{record.id}", left - 4, top + 3, styled("small-amber", f"▲{words}"), width=max(14, min(room, 150)),
            detail=f"{facts.seconds(record.time_ms)}: {record.verb} {record.subject}: {record.because}",
        )  # fmt: skip
    return top + 20


def _deed_words(record: Record) -> str:
    name = record.subject.rpartition("/")[2]
    return record.verb if record.subject == "links" else f"{record.verb.replace('_', ' ')} {short_of(name)}"


def _strip(sketch: Sketch, axis: Axis, what: str, stretches: Any, top: float) -> float:
    sketch.words(f"strip/{what}#name", 10, top + 1, styled("bold", what))
    for number, (begin, end, ok) in enumerate(joined(stretches)):
        if ok is None or end < axis.start_ms or begin > axis.end_ms:
            continue
        left, right, high = axis.at(begin), axis.at(end), STRIP if ok else STRIP * 0.42
        words = f"{what} {'answered' if ok else 'failed'} from {facts.seconds(begin)} to {facts.seconds(end)}"
        sketch.box(
            f"strip/{what}#{number}", left, top + STRIP - high, max(1.2, right - left), high, [],
            fill="owner-3" if ok else "red", edge="none", pen=0, rounded=False, kind="stretch", detail=words,
        )  # fmt: skip
    return top + STRIP + 4


def _legend(sketch: Sketch, top: float) -> None:
    left = LEFT
    for role in ("follower", "pre-candidate", "candidate", "leader"):
        high = BANDS[role]
        sketch.box(
            f"legend/{role}", left, top + 9 - high / 2, 26, high, [], fill="blue-tint" if role == "leader" else "blue",
            edge="blue", pen=1.2 if role == "leader" else 0, rounded=False,
        )  # fmt: skip
        sketch.words(f"legend/{role}#words", left + 33, top + 2, styled("small", role))
        left += 56 + width_of(role, 9.5) * 1.15
    sketch.arrow(
        "legend/away", (left, top + 9), (left + 26, top + 9), head=False, style="dashed", colour="red", pen=1.6
    )
    sketch.words("legend/away#words", left + 33, top + 2, styled("small", "away: crashed or paused"))
    left += 56 + width_of("away: crashed or paused", 9.5) * 1.15
    sketch.words("legend/terms", left, top + 2, styled("small", "one colour for each term"))


# -- words ----------------------------------------------------------------------------------------------------------


def as_text(
    found: dict[str, list[Standing]], begin: int, end: int, done: list[Record], strips: Mapping[str, Any]
) -> str:
    """The lanes in words."""
    lines = [f"from {facts.seconds(begin)} to {facts.seconds(end)}: {many(len(elections(found)), 'elected leader')}"]
    for member, lane in found.items():
        lines.append(member)
        for one in lane:
            led = f" behind {one.leader}" if one.leader and one.role == "follower" else ""
            until = facts.seconds(one.until_ms)
            lines.append(f"  {facts.seconds(max(one.since_ms, begin))} to {until}: {one.role}, term {one.term}{led}")
    lines += [f"{facts.seconds(one.time_ms)} {one.verb} {one.subject}: {one.because}" for one in done]
    for what, stretches in strips.items():
        failed = [(start, stop) for start, stop, ok in joined(stretches) if ok is not None and not ok]
        words = ", ".join(f"{facts.seconds(start)} to {facts.seconds(stop)}" for start, stop in failed)
        lines.append(f"{what}: " + (f"failed {words}" if words else "never failed"))
    return "\n".join(lines)
