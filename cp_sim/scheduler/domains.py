"""How many pods the domains of a topology key have: the zones, the hostnames, whatever nodes are labelled with."""

from __future__ import annotations

from copy import copy
from typing import Any

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.node_table import LabelColumn, Nodes


class Among:
    """Which nodes count for domains: `rows` is a flag per row, `key` tells apart why; without rows all nodes do."""

    __slots__ = ("key", "rows")

    def __init__(self, key: Any = None, rows: Column = None) -> None:
        self.key = key
        self.rows = rows


EVERYWHERE = Among()


class Domains:
    """How many pods each domain of a topology key has.

    `counts` has a place per label value and at least one more, so that the last is that of nodes without the label and
    always 0.  `total` is their sum.  `present` says which values any counted node has, `number` how many these are.
    """

    __slots__ = ("counts", "label", "number", "present", "rows", "total")

    def __init__(self, label: LabelColumn, among: Among = EVERYWHERE) -> None:
        self.label = label
        self.rows = among.rows
        self.total = 0
        self.counts = columns.filled(len(label.values) + 1)
        self.present: Column = None
        self.number = 0

    def copied(self) -> Domains:
        """The same counts, to be changed apart."""
        found = copy(self)
        found.counts = self.counts + 0
        return found

    def add(self, row: int, count: int) -> None:
        """Count pods on a row."""
        value = int(self.label.ids[row])
        if value < 0:
            return
        # A row that came later is counted when all is counted anew, because nodes have changed.
        if self.rows is not None and (row >= len(self.rows) or not self.rows[row]):
            return
        if value >= len(self.counts) - 1:
            self.counts = columns.widened(self.counts, len(self.label.values) + 1)
        self.counts[value] += count
        self.total += count

    def add_all(self, per_row: Column) -> None:
        """Count the pods of all rows, and see which domains there are."""
        values, size = self.label.ids[: len(per_row)], len(self.label.values)
        if self.rows is not None:
            # Rows that came since are those of nodes that are not there yet: a pod names one that nobody knows.
            values = columns.where(columns.widened(self.rows, len(per_row))[: len(per_row)], values, -1)
        self.counts = columns.widened(columns.sum_by(values, per_row, size), size + 1)
        self.present = columns.count_by(values, size) > 0
        self.number = columns.count_true(self.present)
        self.total = columns.total(self.counts)

    def of(self, nodes: Nodes) -> Column:
        """The count of each node's domain, 0 without the label."""
        self.fit()
        return columns.by_code(self.counts, nodes.labels(self.label.key))

    def fit(self) -> Column:
        """The counts, with a place for every value that has become known since."""
        if len(self.counts) <= len(self.label.values):
            self.counts = columns.widened(self.counts, len(self.label.values) + 1)
        return self.counts

    def fewest(self) -> int:
        """The smallest count of all domains there are."""
        return columns.smallest(self.counts[: len(self.present)][self.present])
