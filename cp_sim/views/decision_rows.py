"""What a picture of a scheduling decision has room for: which nodes get a row, which filters a lane."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cp_sim.views.facts import many

NODE_LIMIT = 14  # rows; with more nodes the best are drawn, and the others summed up by reason
LANE_LIMIT = 5
LATER = "later filters"
_DOMAIN = re.compile(r"\b[a-z0-9][\w-]*(\.[\w-]+)+/")


class Row:
    """One node, or several with the same fate, in the picture.

    `verdict` says why not (it has plugin, reasons, because), `total` how many points, `missed` that it was not looked
    at; a row of several nodes has no `node`.
    """

    def __init__(
        self,
        name: str,
        identity: str,
        *,
        node: str = "",
        verdict: Any = None,
        total: int | None = None,
        missed: bool = False,
    ) -> None:
        self.name = name
        self.identity = identity
        self.node = node
        self.verdict = verdict
        self.total = total
        self.missed = missed

    @property
    def feasible(self) -> bool:
        """Whether the nodes of this row passed every filter."""
        return self.verdict is None and not self.missed

    @property
    def plugin(self) -> str:
        """Who cut it off."""
        return "" if self.verdict is None else self.verdict.plugin or "PreFilter"


def rows_of(decided: Any, wanted: Sequence[str] = ()) -> list[Row]:
    """The rows of a decision, in the scheduler's order of nodes; nodes in `wanted` have a row of their own."""
    if decided.pre_enqueue is not None or decided.pre_filter is not None or not decided.detailed:
        return []
    if len(decided.nodes) <= NODE_LIMIT:
        return single(decided, decided.nodes)
    return _summed_up(decided, [name for name in wanted if name in decided.nodes][: NODE_LIMIT // 2])


def single(decided: Any, names: Sequence[str]) -> list[Row]:
    """A row for each of these nodes."""
    verdicts, totals = decided.verdicts(), decided.totals()
    return [
        Row(
            name,
            f"nodes/{name}",
            node=name,
            verdict=verdicts.get(name),
            total=totals.get(name),
            missed=name not in verdicts,
        )
        for name in names
    ]


def _summed_up(decided: Any, wanted: list[str]) -> list[Row]:
    """The best nodes and the wanted ones, then the others by what became of them."""
    totals = decided.totals()
    ranked = sorted(decided.feasible, key=lambda name: (name != decided.node, -totals.get(name, 0)))
    best = ranked[: NODE_LIMIT // 2 - (len(ranked) > NODE_LIMIT // 2)]
    alone = list(dict.fromkeys([*best, *wanted]))
    rows = single(decided, alone)
    rest = len(ranked) - sum(row.feasible for row in rows)
    if rest:
        rows.append(Row(f"{rest:,} more", "nodes#feasible"))
    groups = decided.groups()
    for group in groups[: NODE_LIMIT - len(rows) - 1]:
        names = [name for name in group.nodes if name not in alone]
        if len(names) == 1:
            rows += single(decided, names)
        elif names:
            rows.append(Row(_count(len(names)), f"nodes#{group.plugin}#{', '.join(group.reasons)}", verdict=group))
    missed = len(decided.nodes) - len(decided.considered) - sum(row.missed for row in rows)
    if missed > 0:
        rows.append(Row(_count(missed), "nodes#missed", missed=True))
    return rows


def _count(number: int) -> str:
    return f"{number:,} nodes" if number >= 1000 else many(number, "node")


def lanes_of(decided: Any, rows: list[Row]) -> list[str]:
    """The plugins that cut somebody off, in the order in which they run; of very many the last share a lane."""
    cutting = {row.plugin for row in rows if row.plugin}
    ordered = ["PreFilter", *decided.filters]
    found = [name for name in ordered if name in cutting] + sorted(name for name in cutting if name not in ordered)
    return found if len(found) <= LANE_LIMIT else [*found[: LANE_LIMIT - 1], LATER]


def halves(name: str) -> tuple[str, str]:
    """A plugin's name broken between its words into two lines of about the same length."""
    breaks = [at for at in range(1, len(name)) if name[at].isupper() and not name[at - 1].isupper()]
    breaks += [at for at in range(1, len(name)) if name[at - 1] == " "]
    if not breaks:
        return name, ""
    at = min(breaks, key=lambda place: abs(2 * place - len(name)))
    return name[:at].strip(), name[at:]


def without_domains(text: str) -> str:
    """A reason without the domains before its keys, which say little; the text twin has them."""
    return _DOMAIN.sub("", text)


def domain_of(names: Sequence[str]) -> str:
    """The ending from the first dot on that all names share, so that it need not be drawn; empty if they share none."""
    ends = {name.partition(".")[2] for name in names}
    return f".{ends.pop()}" if len(ends) == 1 and len(names) > 1 and "" not in ends else ""
