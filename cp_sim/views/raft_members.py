"""The members of the store: role, term, vote and log of each, and the messages on their way between them.

*In Kubernetes:* the etcd members behind the API servers; `etcdctl endpoint status --cluster` shows role, term and
indexes.  Source of the idea: the picture of RaftScope (Ongaro), drawn anew.
"""

from __future__ import annotations

from typing import Any

from cp_sim.views import facts
from cp_sim.views.lettering import fit, styled, width_of
from cp_sim.views.quorum import CRASHED, PAUSED, Flight, Group, MemberFacts, Seen, group_of, short_of
from cp_sim.views.raft_plan import SQUARE, SQUARE_HIGH, STEP, STUB, WIDTH, Plan
from cp_sim.views.raft_words import as_text, sentence
from cp_sim.views.sketch import Sketch
from cp_sim.views.terms import Standing, standings
from cp_sim.views.view import View

TERM_HUES = ("blue", "amber", "violet", "green", "sky", "red", "teal")

# what a member is: (sign, colour, pen); sign and edge say the same as the colour
ROLES: dict[str, tuple[str, str, float]] = {
    "leader": ("★", "teal", 2.6),
    "candidate": ("◆", "amber", 1.8),
    "pre-candidate": ("◇", "amber", 1.4),
    "follower": ("●", "grey", 1.0),
    "learner": ("○", "sky", 1.0),
    CRASHED: ("✕", "red", 1.2),
    PAUSED: ("‖", "grey", 1.2),
}


def raft_members(cluster: Any) -> View:
    """The members of a cluster's store as they are now.

    Of a past only what the trace tells is drawn: who led, in which term.  Logs and messages of the past are not kept.
    """
    sketch = Sketch("The members of the store: roles, terms, logs, and what they say to each other")
    text, _ = draw_members(sketch, cluster)
    return sketch.view(text)


def draw_members(sketch: Sketch, cluster: Any) -> tuple[str, float]:
    """Draw the members; returns the text twin, and where the picture ends."""
    group = group_of(cluster)
    if group is None:
        return _as_told(sketch, cluster)
    plan = Plan(len(group.members))
    sides = group.sides()
    colour = "green" if any(group.has_quorum(side) for side in sides) else "red"
    sketch.words("quorum", 8, 2, styled(colour, group.quorum_words()), width=WIDTH - 20)
    _links(sketch, plan, group)
    first = _window(group, plan.squares)
    cut_off = {name for side in sides if not group.has_quorum(side) for name in side}
    for place, member in enumerate(group.members):
        seen = dict(group.leader.progress).get(member.name) if group.leader else None
        _Box(sketch, plan, place).draw(member, seen, first, member.name in cut_off)
    _flights(sketch, plan, group)
    _legend(sketch, plan.bottom + 14)
    return as_text(group, facts.time_of(cluster)), plan.bottom + 40


def _window(group: Group, squares: int) -> int:
    """The index of the first entry shown, the same for all members, so that their logs can be compared."""
    last = max((one.last_index for one in group.members), default=0)
    return max(1, -(-last // STEP) * STEP - squares + 1)


# -- members --------------------------------------------------------------------------------------------------------


class _Box:
    """Draws one member."""

    def __init__(self, sketch: Sketch, plan: Plan, place: int) -> None:
        self.sketch, self.plan = sketch, plan
        self.left, self.top = plan.spots[place]

    def words(self, identity: str, down: float, text: str, align: str = "l") -> None:
        """A line of text in the box."""
        self.sketch.words(
            identity, self.left + 10, self.top + down, text, inside=self.inside, width=self.plan.wide - 20, align=align
        )

    def draw(self, member: MemberFacts, seen: Seen | None, first: int, cut_off: bool) -> None:
        """The whole member; `seen` is what the leader knows of it, `cut_off` that its side has no quorum."""
        identity = self.inside = f"members/{member.name}"
        sign, colour, pen = ROLES[member.what]
        down = member.state == CRASHED
        self.sketch.region(
            identity, self.left, self.top, self.plan.wide, self.plan.high,
            fill="red-tint" if down else "grey-tint" if cut_off or member.state == PAUSED else "panel",
            edge=colour if pen > 1 else "line", pen=pen, dashed=down or cut_off or member.state == PAUSED,
            kind=f"member {member.what}", detail=sentence(member),
        )  # fmt: skip
        head = f"{styled(colour, sign)} {styled('title', fit(member.short, self.plan.wide - 130, 12.5))}"
        self.words(f"{identity}#name", 7, head)
        self.words(f"{identity}#role", 8, styled(colour, member.what), align="r")
        self.words(f"{identity}#term", 25, styled("small", fit(self._standing(member), self.plan.wide - 44, 9.5)))
        self._log(member, first, identity)
        indexes = f"commit {member.commit} · applied {member.applied} · on disk {member.stable}"
        self.words(f"{identity}#indexes", 92, styled("small", indexes))
        if seen is not None and not down:
            flags = (", waits" if seen.waits else "") + (", silent" if seen.silent else "")
            text = f"the leader knows: match {seen.match}, next {seen.next}, {seen.state}{flags}"
            self.words(f"{identity}#seen", 107, styled("small-teal", fit(text, self.plan.wide - 20, 9.5)))
        elif cut_off:
            self.words(f"{identity}#seen", 107, styled("small-red", "this side has no quorum"))

    def _standing(self, member: MemberFacts) -> str:
        text = f"term {member.term}"
        if member.state == CRASHED:
            return f"{text} · what its disk keeps" if member.term else "down"
        if member.votes and member.role in ("candidate", "pre-candidate"):
            yes = sum(granted for _, granted in member.votes)
            return f"{text} · votes so far: {yes} yes, {len(member.votes) - yes} no"
        if member.transferee:
            return f"{text} · hands over to {_short(member.transferee, member)}"
        follows = f" · follows {_short(member.leader, member)}" if member.leader and member.role == "follower" else ""
        if member.vote and member.vote == member.leader and follows:
            return f"{text} · voted for and follows {_short(member.leader, member)}"
        voted = f" · voted for {_short(member.vote, member)}" if member.vote else "" if follows else " · no vote yet"
        return text + voted + (follows or ("" if member.leader else " · knows no leader"))

    def _log(self, member: MemberFacts, first: int, identity: str) -> None:
        top, left = self.top + 54, self.left + 10 + STUB
        last = first + self.plan.squares - 1
        if first > 1 or member.offset:
            self._stub(member, first, identity, top)
        elif not member.terms:
            self.words(f"{identity}#empty", 57, styled("tiny", "the log is empty"))
        for index in range(max(first, member.offset + 1), min(last, member.last_index) + 1):
            self._square(member, index, left + (index - first) * SQUARE, top, identity)
        for what, upto, colour, down in (
            ("disk", member.stable, "grey", 21.0),
            ("commit", member.commit, "teal", 26.0),
        ):
            if upto >= first:
                wide = (min(upto, last) - first + 1) * SQUARE - 2
                self.sketch.box(
                    f"{identity}#{what}", left, top + down, wide, 3, [], inside=identity, fill=colour, edge="none",
                    pen=0, rounded=False, kind=what, detail=f"{member.short}: {_BARS[what]} up to entry {upto}",
                )  # fmt: skip
        shown = [index for index in {first, min(last, member.last_index)} if member.offset < index <= member.last_index]
        for index in sorted(shown):
            at = left + (index - first) * SQUARE
            self.sketch.words(
                f"{identity}#index{index == first}", at - 4, top - 12, styled("tiny", str(index)), inside=identity,
                size=8.5, width=SQUARE + 6, align="n",
            )  # fmt: skip

    def _square(self, member: MemberFacts, index: int, left: float, top: float, identity: str) -> None:
        term = member.terms[index - member.offset - 1]
        hue = TERM_HUES[(term - 1) % len(TERM_HUES)]
        committed, kept = index <= member.commit, index <= member.stable
        change = "a change of the group, " if index in member.changes else ""
        state = "committed" if committed else "not committed"
        self.sketch.box(
            f"{identity}#{index}", left, top, SQUARE - 2, SQUARE_HIGH, [str(term)], inside=identity, size=9.5,
            align="n", fill=f"{hue}-tint" if kept else "paper", edge=hue, ink=hue, pen=1.4 if committed else 0.9,
            dashed=not committed, rounded=not change, kind="entry",
            detail=f"{member.short}: entry {index} of term {term}: {change}{state}"
            + ("" if kept else ", not yet on disk"),
        )  # fmt: skip

    def _stub(self, member: MemberFacts, first: int, identity: str, top: float) -> None:
        """The part of the log that is compacted into a snapshot, or that lies before the window."""
        end = min(member.offset, first + self.plan.squares - 1)
        wide = STUB - 4 + max(0, end - first + 1) * SQUARE
        count = int(wide / 3)
        stripes = [(1 / count, "grey-tint" if place % 2 else "faint") for place in range(count)]
        compacted = bool(member.offset)
        self.sketch.box(
            f"{identity}#before", self.left + 10, top, wide, SQUARE_HIGH, ["…"], inside=identity, size=9.5, align="n",
            edge="line", fill="well", parts=stripes if compacted else (), rounded=False, kind="before",
            detail=f"{member.short}: entries up to {member.offset} are compacted into a snapshot"
            if compacted
            else f"{member.short}: entries 1 to {first - 1} are not shown",
        )  # fmt: skip


_BARS = {"disk": "on disk", "commit": "committed"}


def _short(name: str, member: MemberFacts) -> str:
    if name == member.name:
        return "itself"
    return short_of(name)


# -- between them ---------------------------------------------------------------------------------------------------


def _links(sketch: Sketch, plan: Plan, group: Group) -> None:
    """A thin line between every two members; one that is cut is red and broken, and says so."""
    troubles = {(sender, to): words for sender, to, words in group.troubles}
    for left, one in enumerate(group.members):
        for right in range(left + 1, len(group.members)):
            other = group.members[right]
            there, back = troubles.get((one.name, other.name), ""), troubles.get((other.name, one.name), "")
            begin, end = plan.edge(left, plan.middle(right), 0), plan.edge(right, plan.middle(left), 0)
            identity = f"links/{one.name}/{other.name}"
            cut = "cut" in (there, back)
            words = _trouble_words(one, other, there, back)
            sketch.arrow(
                identity, begin, end, head=False, colour="red" if cut else "amber" if words else "line",
                style="dashed" if words else "solid", pen=1.6 if words else 0.8, kind="link",
                detail=f"{one.short} and {other.short}: {words or 'a whole link'}",
            )  # fmt: skip
            if words:
                share = 0.5 if len(group.members) < 6 else 0.44
                at = begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share
                shown = "✂ cut" if there == back == "cut" else fit(words, 130, 9.5)
                sketch.pill(f"{identity}#label", at, shown, "red" if cut else "amber", fill="paper", detail=words)


def _trouble_words(one: MemberFacts, other: MemberFacts, there: str, back: str) -> str:
    if not there and not back:
        return ""
    if there == back:
        return there
    if there and back:
        return f"→ {other.short}: {there}; → {one.short}: {back}"
    return f"→ {other.short}: {there}" if there else f"→ {one.short}: {back}"


def _flights(sketch: Sketch, plan: Plan, group: Group) -> None:
    """An arrow for each pair of members between which messages are on their way, with their kinds and counts."""
    places = {one.name: place for place, one in enumerate(group.members)}
    ways: dict[tuple[str, str], list[Flight]] = {}
    for flight in group.flights:
        ways.setdefault((flight.sender, flight.to), []).append(flight)
    for (sender, to), flights in ways.items():
        begin_at, end_at = plan.middle(places[sender]), plan.middle(places[to])
        begin, end = plan.edge(places[sender], end_at, 7), plan.edge(places[to], begin_at, -7)
        colour = "amber" if any("vote" in flight.kind for flight in flights) else "blue"
        words = " · ".join(flight.words() for flight in flights)
        identity = f"messages/{sender}/{to}"
        detail = f"from {sender} to {to}: {words}"
        sketch.arrow(identity, begin, end, colour=colour, pen=2, kind="messages", detail=detail)
        steep = abs(end[1] - begin[1]) > abs(end[0] - begin[0])
        share = 0.36 if steep or len(group.members) > 3 else 0.3
        at = begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share
        sketch.pill(f"{identity}#label", at, fit(words, 150, 9.5), colour, detail=detail)


def _legend(sketch: Sketch, top: float) -> None:
    left = 8.0
    for name, fill, dashed, words in (
        ("committed", "blue-tint", False, "an entry of term 1, committed"),
        ("open", "blue-tint", True, "not committed yet"),
        ("memory", "paper", True, "not even on disk"),
    ):
        sketch.box(
            f"legend/{name}", left, top, SQUARE - 2, SQUARE_HIGH, ["1"], size=9.5, align="n", fill=fill, edge="blue",
            ink="blue", dashed=dashed, pen=0.9 if dashed else 1.4,
        )  # fmt: skip
        sketch.words(f"legend/{name}#words", left + 24, top + 3, styled("small", words))
        left += 44 + width_of(words, 9.5) * 1.12
    for name, colour, words in (
        ("disk", "grey", "on disk"),
        ("commit", "teal", "committed"),
        ("before", "", "compacted"),
    ):
        if colour:
            sketch.box(f"legend/{name}", left, top + 8, 22, 3, [], fill=colour, edge="none", pen=0, rounded=False)
        else:
            stripes = [(1 / 7, "grey-tint" if place % 2 else "faint") for place in range(7)]
            sketch.box(f"legend/{name}", left, top, 22, SQUARE_HIGH, [], parts=stripes, edge="line", rounded=False)
        sketch.words(f"legend/{name}#words", left + 30, top + 3, styled("small", words))
        left += 52 + width_of(words, 9.5) * 1.12


# -- the past -------------------------------------------------------------------------------------------------------


def _as_told(sketch: Sketch, cluster: Any) -> tuple[str, float]:
    """What the trace tells of the members of a past: who led whom in which term; nothing else was kept."""
    revision = 0 if hasattr(cluster, "loop") else facts.revision_of(cluster)
    told = standings(getattr(cluster, "trace", None), facts.time_of(cluster), revision)
    words = "Logs and messages of the past are not kept: this is what the trace tells of roles and terms."
    if not told:
        words = "The trace tells nothing of elections: this store has no members that elect a leader, or had none yet."
    sketch.words("quorum", 8, 2, styled("muted", words), width=WIDTH - 20)
    plan = Plan(len(told))
    lines = [words]
    for place, one in enumerate(told):
        left, top = plan.spots[place]
        sign, colour, pen = ROLES[one.role]
        identity = f"members/{one.member}"
        short = short_of(one.member)
        told_at = f"since {facts.seconds(one.since_ms)}"
        sketch.region(
            identity, left, top, plan.wide, plan.high, edge=colour if pen > 1 else "line", pen=pen,
            dashed=one.role == CRASHED, fill="red-tint" if one.role == CRASHED else "panel",
            kind=f"member {one.role}", detail=_standing_words(one),
        )  # fmt: skip
        sketch.words(
            f"{identity}#name", left + 10, top + 7, f"{styled(colour, sign)} {styled('title', short)}", inside=identity
        )
        sketch.words(
            f"{identity}#role", left + 10, top + 8, styled(colour, one.role), inside=identity, align="r",
            width=plan.wide - 20,
        )  # fmt: skip
        sketch.words(
            f"{identity}#term", left + 10, top + 25, styled("small", f"term {one.term} · {told_at}"), inside=identity
        )
        lines.append("  " + _standing_words(one))
    sketch.box("ground", 0, 0, WIDTH, 40, [], fill="none", edge="none", pen=0)
    return "\n".join(lines), plan.bottom + 10 if told else 40


def _standing_words(one: Standing) -> str:
    led = f", follows {one.leader}" if one.leader and one.role == "follower" else ""
    return f"{one.member}: {one.role} of term {one.term}{led}, since {facts.seconds(one.since_ms)}"
