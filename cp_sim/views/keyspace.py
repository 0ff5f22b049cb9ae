"""The key space: one row a key, one column a revision, and a line at the revision that a read asks for.

*In Kubernetes:* what etcd keeps under `/registry/`; a list with `resourceVersion=N&resourceVersionMatch=Exact` reads
the column N.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cp_sim.etcd.store import REGISTRY
from cp_sim.views import facts
from cp_sim.views.facts import many
from cp_sim.views.lettering import fit, fit_middle, styled, width_of
from cp_sim.views.sketch import Sketch
from cp_sim.views.versions import CHANGE, CREATE, DELETE, Row, Version, rows_of, store_of, subject_of, window
from cp_sim.views.view import View

COLUMNS = 24
ROW_LIMIT = 20
NAME, FOUND = 236.0, 190.0
WIDTH = 22.0  # of a column
HEAD, ROW = 44.0, 23.0
STRIPE = 3.0

# what: (sign, colour, in words)
SIGNS: dict[str, tuple[str, str, str]] = {
    CREATE: ("+1", "green", "put: a new key, version 1"),
    CHANGE: ("n", "blue", "put: a change, its version n"),
    DELETE: ("✕", "red", "delete: a tombstone"),
}


def keyspace(
    cluster: Any, prefix: str = "/registry/", revision: int = 0, columns: int = COLUMNS, rows: int = ROW_LIMIT
) -> View:
    """The keys below `prefix` and the revisions that wrote them.

    Args:
        cluster: a cluster, or its past, in which case its revision is the one looked at.
        prefix: of the keys; `""` is the whole store.
        revision: the revision looked at, 0 for the cluster's own.
        columns: how many revisions are shown: the newest, or some around the one looked at.
        rows: how many rows at most; more keys are folded.

    Raises:
        ValueError: there is no such revision.
    """
    store = store_of(cluster)
    newest, compacted = int(store.current_revision), int(store.compact_revision)
    looked_at = revision or facts.revision_of(cluster) or newest
    if not 1 <= looked_at <= newest:
        raise ValueError(f"there is no revision {looked_at}: the store is at revision {newest}; choose one of 1 to it")
    first, last = window(newest, looked_at, columns)
    found = rows_of(store, prefix, first, last, looked_at, rows)
    if looked_at < compacted:
        found = [replace(row, found="revision compacted", seen=0) for row in found]
    paper = _Paper(first, last, looked_at, newest, compacted, getattr(cluster, "trace", None))
    paper.ground(len(found))
    for place, row in enumerate(found):
        paper.row(row, place, prefix)
    if not found:
        paper.sketch.words("keys#none", 8, HEAD + 4, styled("muted", f"no key begins with {prefix}"), width=500)
    paper.legend(max(1, len(found)))
    return paper.sketch.view(as_text(found, prefix, first, last, looked_at, newest, compacted))


class _Paper:
    """Puts the rows of one picture on the sketch."""

    def __init__(self, first: int, last: int, looked_at: int, newest: int, compacted: int, trace: Any) -> None:
        self.first, self.last, self.looked_at, self.newest = first, last, looked_at, newest
        self.compacted = compacted
        self.trace = trace
        self.sketch = Sketch("The key space: keys and the revisions that wrote them")

    def left(self, revision: int) -> float:
        """The left edge of a revision's column."""
        return NAME + (revision - self.first) * WIDTH

    # -- the ground --------------------------------------------------------------------------------------------

    def ground(self, rows: int) -> None:
        sketch, high = self.sketch, max(1, rows) * ROW
        whole = NAME + (self.last - self.first + 1) * WIDTH + FOUND
        sketch.box("ground", 0, 0, whole, HEAD + high + 38, [], fill="none", edge="none", pen=0, rounded=False)
        sketch.region(
            "revisions/looked-at", self.left(self.looked_at), HEAD - 20, WIDTH, high + 22, fill="amber-tint",
            edge="amber", kind="line", detail=f"a read at revision {self.looked_at} sees this column",
        )  # fmt: skip
        self._compacted(high)
        step = 1 + int(width_of(str(self.last), 8.5) // (WIDTH - 2))
        for revision in range(self.first, min(self.last, self.newest) + 1):
            here = revision == self.looked_at
            if here or (revision % step == 0 and (step == 1 or abs(revision - self.looked_at) >= step)):
                self._number(revision, here)
        sketch.words("head/key", 8, HEAD - 18, styled("small", "key"))
        now = " (now)" if self.looked_at == self.newest else ""
        told = styled("small-amber", f"a read at revision {self.looked_at}{now} finds")
        sketch.words("head/found", NAME + (self.last - self.first + 1) * WIDTH + 8, HEAD - 18, told)
        sketch.words("head/revision", NAME, HEAD - 40, styled("small", "revision"))

    def _number(self, revision: int, here: bool) -> None:
        text = styled("small-amber", str(revision)) if here else styled("tiny", str(revision))
        wide = max(WIDTH, width_of(str(revision), 9.5) + 4)
        left = self.left(revision) + WIDTH / 2 - wide / 2
        self.sketch.box(
            f"revisions/{revision}", left - 6, HEAD - 18, wide + 12, 14, [text], size=8.5, align="n", fill="none",
            edge="none", pen=0, kind="revision", rounded=False, detail=self._told(revision),
        )  # fmt: skip

    def _told(self, revision: int) -> str:
        record = self.trace.of_revision(revision) if self.trace is not None else None
        if record is None:
            return f"revision {revision}"
        return f"revision {revision}: {record.verb} {record.subject}, at {facts.seconds(record.time_ms)}"

    def _compacted(self, high: float) -> None:
        """The columns that can no longer be read, striped."""
        if self.compacted <= self.first:
            return
        end = min(self.compacted, self.last + 1)
        left, wide = self.left(self.first), (end - self.first) * WIDTH
        count = int(wide / STRIPE)
        stripes = [(1 / count, "grey-tint" if place % 2 else "faint") for place in range(count)]
        self.sketch.box(
            "revisions/compacted", left, HEAD - 2, wide, high + 4, [], parts=stripes, edge="line", rounded=False,
            kind="compacted", detail=f"revisions before {self.compacted} were compacted: a read there is refused",
        )  # fmt: skip
        if wide > 70:
            self.sketch.pill("revisions/compacted#label", (left + wide / 2, HEAD - 32), "compacted", "grey")

    # -- rows --------------------------------------------------------------------------------------------------

    def row(self, row: Row, place: int, prefix: str) -> None:
        sketch, top = self.sketch, HEAD + place * ROW
        subject = subject_of(row.name) if row.keys == 1 else ""
        start = prefix if len(prefix) > len(REGISTRY) else REGISTRY
        shown = row.name[len(start) :] if row.name.startswith(start) and row.name != start else row.name
        count = styled("small", f" {row.keys} keys") if row.keys > 1 and "other keys" not in row.name else ""
        name = fit_middle(shown, NAME - 36 - (46 if count else 0), 9.5)
        identity = subject or f"keys/{row.name}"
        sketch.words(identity, 8, top + 5, name + count, size=9.5, width=NAME - 16, detail=f"{row.name}: {row.found}")
        for begin, end in row.alive:
            self._life(row, begin, end, top)
        for version in row.versions:
            self._cell(row, version, top)
        here = "small-amber" if row.keys == 1 and row.seen else "small"
        left = NAME + (self.last - self.first + 1) * WIDTH + 8
        sketch.words(f"found/{row.name}", left, top + 5, styled(here, fit(row.found, FOUND - 12, 9.5)), width=FOUND)

    def _life(self, row: Row, begin: int, end: int, top: float) -> None:
        """The bar that says that a key is there, up to now at most."""
        if begin > self.newest:
            return
        whole = end >= self.last
        left = self.left(begin) + (WIDTH / 2 if begin > self.first else 0)
        right = self.left(min(end, self.newest)) + (WIDTH if whole else WIDTH / 2)
        seen = min(right, self.left(self.looked_at) + WIDTH)
        for part, start, stop, colour in (("seen", left, seen, "used"), ("later", max(left, seen), right, "faint")):
            if stop > start:
                self.sketch.box(
                    f"life/{row.name}/{begin}#{part}", start, top + ROW / 2 - 3, stop - start, 5, [], fill=colour,
                    edge="none", pen=0, rounded=False, kind="life",
                )  # fmt: skip

    def _cell(self, row: Row, version: Version, top: float) -> None:
        if version.revision > self.newest:
            return
        _, colour, words = SIGNS[version.what]
        later = version.revision > self.looked_at
        read = version.revision == row.seen
        text = {CREATE: "+1", DELETE: "✕"}.get(version.what, str(version.number))
        if version.keys > 1 or row.keys > 1:
            text = {CREATE: "+", DELETE: "✕", CHANGE: "~"}[version.what] + (
                str(version.keys) if version.keys > 1 else ""
            )
        record = self.trace.of_revision(version.revision) if self.trace is not None else None
        identity = f"record/{record.id}" if record is not None else f"revisions/{version.revision}"
        changed = f"; it changed {', '.join(version.changed[:4])}" if version.changed else ""
        self.sketch.box(
            f"{identity}#{row.name}", self.left(version.revision) + 1, top + 2, WIDTH - 2, ROW - 5,
            [fit(text, WIDTH - 4, 9.5)], size=9.5, align="n", fill="paper" if later else f"{colour}-tint",
            edge="line" if later else colour, ink="muted" if later else colour, pen=2.4 if read else 0.9,
            dashed=later or version.what == DELETE, kind=f"version {version.what}",
            detail=f"{row.name}, revision {version.revision}: {_words(version, words)}{changed}",
        )  # fmt: skip

    def legend(self, rows: int) -> None:
        top, left = HEAD + rows * ROW + 12, 8.0
        for what, (sign, colour, words) in SIGNS.items():
            self.sketch.box(
                f"legend/{what}", left, top, WIDTH - 2, ROW - 6, [sign], size=9.5, align="n", fill=f"{colour}-tint",
                edge=colour, ink=colour, pen=0.9, dashed=what == DELETE,
            )  # fmt: skip
            self.sketch.words(f"legend/{what}#words", left + 26, top + 2, styled("small", words))
            left += 42 + width_of(words, 9.5) * 1.12
        thick = "~ one of several keys · thick edge: what the read finds · dashed and pale: written later"
        self.sketch.words("legend/read", left, top + 2, styled("small", thick))


def _words(version: Version, words: str) -> str:
    if version.what == CHANGE:
        return f"put: a change, version {version.number}"
    return words


# -- words ----------------------------------------------------------------------------------------------------------


def as_text(rows: list[Row], prefix: str, first: int, last: int, looked_at: int, newest: int, compacted: int) -> str:
    """The matrix as a table, with a column for each revision that wrote one of its keys."""
    lines = [
        f"{many(sum(row.keys for row in rows), 'key')} below {prefix or 'the root'}; revisions {first} to "
        f"{min(last, newest)} of {newest}, looking at {looked_at}"
    ]
    if compacted:
        lines.append(f"compacted: revisions before {compacted} cannot be read")
    written = sorted({version.revision for row in rows for version in row.versions if version.revision <= newest})
    head = [f"[{revision}]" if revision == looked_at else str(revision) for revision in written]
    table = [["KEY", *head, f"A READ AT {looked_at} FINDS"]]
    for row in rows:
        at = {version.revision: version for version in row.versions}
        name = row.name if row.keys == 1 or "other keys" in row.name else f"{row.name} ({row.keys} keys)"
        table.append([name, *(_cell_text(at.get(revision), row) for revision in written), row.found])
    return "\n".join([*lines, facts.table(table)])


def _cell_text(version: Version | None, row: Row) -> str:
    if version is None:
        return "."
    if row.keys > 1:
        return {CREATE: "+", DELETE: "x", CHANGE: "~"}[version.what]
    return {CREATE: "+1", DELETE: "x"}.get(version.what, str(version.number))
