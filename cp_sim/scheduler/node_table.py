"""All nodes as one table: a row per node, a column per thing that plugins ask about.

A node keeps its row as long as it is there.  What repeats is interned: a column holds small numbers, a list beside it
says what they mean (label values, taint sets).  Label columns come into being when a plugin first asks for a key.

*In Kubernetes:* the snapshot of `NodeInfo`s, pkg/scheduler/framework/types.go and pkg/scheduler/backend/cache.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta, quantity
from cp_sim.objects.selectors import integer
from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.row_log import RowLog

Object = dict[str, Any]
Taint = tuple[str, str, str]  # key, value, effect

ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
OLD_ZONE = "failure-domain.beta.kubernetes.io/zone"
OLD_REGION = "failure-domain.beta.kubernetes.io/region"


class LabelColumn:
    """The values of one label key: `ids[row]` is a place in `values`, -1 where the node has no such label."""

    __slots__ = ("_numbers", "index", "key", "table", "values")

    def __init__(self, table: columns.Table, key: str) -> None:
        self.key = key
        self.table = table
        self.values: list[str] = []
        self.index: dict[str, int] = {}
        self._numbers: list[int | None] = []
        table.new(("label", key), fill=-1, narrow=True)

    @property
    def ids(self) -> Column:
        """The place in `values` of each row's value, -1 for none."""
        return self.table["label", self.key]

    def set(self, row: int, value: str | None) -> None:
        """Note the value of one row."""
        self.ids[row] = -1 if value is None else self.id_of(value)

    def id_of(self, value: str) -> int:
        """The number of a value, a new one if need be."""
        found = self.index.get(value)
        if found is None:
            found = self.index[value] = len(self.values)
            self.values.append(value)
            self._numbers.append(integer(value))
        return found

    def numbers(self) -> list[int | None]:
        """The values read as whole numbers, None where they are none."""
        return self._numbers


class NodeTable:
    """The nodes in columns; changed by `put_node`, `remove_node`, `add_pod`, `remove_pod` alone.

    `order` holds the rows in the order in which the real scheduler walks through nodes: zones take turns
    (pkg/scheduler/backend/cache/node_tree.go).  `log` says which rows changed; `topology_generation` counts the changes
    of which nodes there are and how they are labelled or tainted, `image_generation` those of nodes and their images.
    """

    def __init__(self) -> None:
        self.columns = columns.Table()
        self.row_of: dict[str, int] = {}
        self.names: list[str] = []
        self.objects: list[Object | None] = []
        self.labels: dict[str, LabelColumn] = {}
        self.taint_sets: list[tuple[Taint, ...]] = [()]
        self.taint_set_ids: dict[tuple[Taint, ...], int] = {(): 0}
        self.images: dict[str, tuple[int, dict[int, None]]] = {}
        self.ports: dict[tuple[str, int], dict[int, dict[str, int]]] = {}
        self.resources: dict[str, None] = {}
        self.tainted = 0  # nodes with any taint
        self.cordoned = 0
        self.log = RowLog()
        self.topology_generation = 0
        self.image_generation = 0
        self._free: list[int] = []
        self._zones: dict[str, dict[str, None]] = {}
        self._order: Column = None
        self._places: Column = None
        self._run: range | None = None  # the rows in order, where they are an unbroken run
        self._ordered_names: tuple[str, ...] = ()
        self.columns.new("present", flag=True)
        self.columns.new("unschedulable", flag=True)
        self.columns.new("taints", narrow=True)
        for name in ("pods", "non_zero_cpu", "non_zero_memory"):
            self.columns.new(name)
        for resource in ("pods", "cpu", "memory", "ephemeral-storage"):
            self._resource(resource)

    # -- reading -----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.ordered_names)

    def __contains__(self, name: str) -> bool:
        row = self.row_of.get(name)
        return row is not None and self.objects[row] is not None

    @property
    def order(self) -> Column:
        """The rows of all present nodes, in the order in which the scheduler looks at them."""
        if self._order is None:
            self._put_in_order()
        return self._order

    def walk(self, start: int, stop: int) -> Nodes:
        """The nodes at the places from `start` up to `stop` of the order."""
        rows = self.order[start:stop]
        run = self._run
        if run is None:
            return Nodes(self, rows, start=start)
        return Nodes(self, rows, slice(run.start + start, run.start + start + len(rows)), start)

    @property
    def place_of(self) -> Column:
        """For each row its place in `order`."""
        if self._order is None:
            self._put_in_order()
        return self._places

    @property
    def ordered_names(self) -> tuple[str, ...]:
        """The node names in the same order."""
        if self._order is None:
            self._put_in_order()
        return self._ordered_names

    def node(self, name: str) -> Object:
        """The node object of that name.  *Raises* `KeyError`."""
        found = self.objects[self.row_of[name]]
        if found is None:
            raise KeyError(name)
        return found

    def label(self, key: str) -> LabelColumn:
        """The column of a label key, made when it is first asked for."""
        found = self.labels.get(key)
        if found is None:
            found = self.labels[key] = LabelColumn(self.columns, key)
            for row, node in enumerate(self.objects):
                if node is not None:
                    found.set(row, meta.labels(node).get(key))
        return found

    def present(self) -> Column:
        """Which rows hold a node."""
        return self.columns["present"][: self.columns.size]

    def allocatable(self, resource: str) -> Column:
        """What each row has of a resource; 0 of one that no node has."""
        return self._amount("allocatable", resource)

    def requested(self, resource: str) -> Column:
        """What the pods on each row ask for."""
        return self._amount("requested", resource)

    def _amount(self, what: str, resource: str) -> Column:
        if resource not in self.resources:
            return columns.filled(self.columns.size)
        return self.columns[what, resource]

    # -- nodes -------------------------------------------------------------------------------------------------------

    def put_node(self, node: Object) -> None:
        """Take over a new node, or a new state of one that is known."""
        name = meta.name(node)
        row = self.ensure_row(name)
        old = self.objects[row]
        self.log.note(row)
        self.objects[row] = node
        self.columns["present"][row] = True
        if old is None or meta.labels(old) != meta.labels(node):
            self._relabel(row, name, old, node)
        self._set_allocatable(row, node)
        self._set_taints(row, node)
        self._set_images(row, old, node)

    def remove_node(self, name: str) -> None:
        """Forget a node.  Its row lives on while pods are noted on it, as a `NodeInfo` without a node does."""
        row = self.row_of.get(name)
        if row is None or self.objects[row] is None:
            return
        old = self.objects[row]
        self.log.note(row)
        self.topology_generation += 1
        self._leave_zone(name, old)
        self._set_images(row, old, None)
        self.tainted -= bool(self.columns["taints"][row])
        self.cordoned -= bool(self.columns["unschedulable"][row])
        self.objects[row] = None
        self.columns["present"][row] = self.columns["unschedulable"][row] = False
        self.columns["taints"][row] = 0
        for resource in self.resources:
            self.columns["allocatable", resource][row] = 0
        for label in self.labels.values():
            label.set(row, None)
        self._release(row)

    def ensure_row(self, name: str) -> int:
        """The row of that name, a new one if need be."""
        row = self.row_of.get(name)
        if row is None:
            row = self._free.pop() if self._free else len(self.names)
            if row == len(self.names):
                self.names.append(name)
                self.objects.append(None)
                self.columns.grow(row + 1)
                self._order = None
            self.names[row] = name
            self.row_of[name] = row
        return row

    def _release(self, row: int) -> None:
        if self.objects[row] is None and not self.columns["pods"][row]:
            del self.row_of[self.names[row]]
            self.columns.clear_row(row)
            self._free.append(row)

    def _relabel(self, row: int, name: str, old: Object | None, node: Object) -> None:
        self.topology_generation += 1
        labels = meta.labels(node)
        for key, column in self.labels.items():
            column.set(row, labels.get(key))
        if old is None or _zone(old) != _zone(node):
            self._leave_zone(name, old)
            self._zones.setdefault(_zone(node), {})[name] = None
            self._order = None

    def _leave_zone(self, name: str, old: Object | None) -> None:
        self._order = None
        if old is not None:
            zone = _zone(old)
            self._zones[zone].pop(name, None)
            if not self._zones[zone]:
                del self._zones[zone]

    def _put_in_order(self) -> None:
        zones = [list(names) for names in self._zones.values()]
        longest = max((len(names) for names in zones), default=0)
        names = [zone[place] for place in range(longest) for zone in zones if place < len(zone)]
        self._ordered_names = tuple(names)
        self._order = columns.rows_of([self.row_of[name] for name in names])
        self._places = columns.inverse(self._order, self.columns.size)
        run = columns.run_of(self._order)
        self._run = run if isinstance(run, range) else None

    def _resource(self, resource: str) -> None:
        if resource not in self.resources:
            self.resources[resource] = None
            self.columns.new(("allocatable", resource))
            self.columns.new(("requested", resource))

    def _set_allocatable(self, row: int, node: Object) -> None:
        given = (node.get("status") or {}).get("allocatable") or {}
        for resource in given:
            self._resource(resource)
        for resource in self.resources:
            text = given.get(resource, 0)
            amount = quantity.milli(text) if resource == "cpu" else quantity.value(text)
            self.columns["allocatable", resource][row] = amount

    def _set_taints(self, row: int, node: Object) -> None:
        spec = node.get("spec") or {}
        taints = taints_of(node)
        number = self.taint_set_ids.get(taints)
        if number is None:
            number = self.taint_set_ids[taints] = len(self.taint_sets)
            self.taint_sets.append(taints)
        cordoned = bool(spec.get("unschedulable"))
        if number != self.columns["taints"][row]:
            self.topology_generation += 1
        self.tainted += bool(number) - bool(self.columns["taints"][row])
        self.cordoned += cordoned - bool(self.columns["unschedulable"][row])
        self.columns["taints"][row] = number
        self.columns["unschedulable"][row] = cordoned

    def _set_images(self, row: int, old: Object | None, node: Object | None) -> None:
        if old is None or node is None:
            self.image_generation += 1
        before = ((old or {}).get("status") or {}).get("images") or ()
        after = ((node or {}).get("status") or {}).get("images") or ()
        if before is after or before == after:
            return
        self.image_generation += 1
        for image in before:
            for name in image.get("names") or ():
                if name in self.images:
                    self.images[name][1].pop(row, None)
                    if not self.images[name][1]:
                        del self.images[name]
        for image in after:
            for name in image.get("names") or ():
                # The size that was seen first counts on all nodes (pkg/scheduler/backend/cache/cache.go).
                self.images.setdefault(name, (image.get("sizeBytes") or 0, {}))[1][row] = None

    # -- pods --------------------------------------------------------------------------------------------------------

    def add_pod(self, pod: PodInfo, row: int) -> None:
        """Note a pod on a row."""
        self.log.note(row)
        self.count_pod(pod, row)

    def count_pod(self, pod: PodInfo, row: int, sign: int = 1) -> None:
        """Count a pod on a row (`sign` -1: off it); for one that is there in thought only, the log says nothing."""
        table, facts = self.columns, pod.facts
        table["pods"][row] += sign
        table["non_zero_cpu"][row] += sign * facts.non_zero[0]
        table["non_zero_memory"][row] += sign * facts.non_zero[1]
        for resource, amount in facts.requests.items():
            self._resource(resource)
            table["requested", resource][row] += sign * amount
        for ip, protocol, port in facts.host_ports:
            self._count_port(row, ip, protocol, port, sign)

    def remove_pod(self, pod: PodInfo, row: int) -> None:
        """Take a pod off a row."""
        self.log.note(row)
        self.count_pod(pod, row, -1)
        self._release(row)

    def _count_port(self, row: int, ip: str, protocol: str, port: int, sign: int) -> None:
        by_row = self.ports.setdefault((protocol, port), {})
        used = by_row.setdefault(row, {})
        used[ip] = used.get(ip, 0) + sign
        if not used[ip]:
            del used[ip]
        if not used:
            del by_row[row]
        if not by_row:
            del self.ports[protocol, port]


def taints_of(node: Object) -> tuple[Taint, ...]:
    """The taints of a node as (key, value, effect)."""
    taints = (node.get("spec") or {}).get("taints") or ()
    return tuple((one["key"], one.get("value") or "", one["effect"]) for one in taints)


def _zone(node: Object) -> str:
    """The zone that a node takes its turn in (k8s.io/component-helpers/node/topology)."""
    labels = meta.labels(node)
    zone = labels.get(ZONE) or labels.get(OLD_ZONE) or ""
    region = labels.get(REGION) or labels.get(OLD_REGION) or ""
    return f"{region}:{zone}"


class Nodes:
    """Some rows of the table, as a plugin is handed them: every column here has one value per node of the selection.

    `start` is the place in the table's order where an unbroken stretch of nodes begins, None for any other selection.
    """

    __slots__ = ("_chosen", "rows", "start", "table")

    def __init__(self, table: NodeTable, rows: Column, run: slice | None = None, start: int | None = None) -> None:
        self.table = table
        self.rows = rows
        self.start = start
        self._chosen = rows if run is None else run

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, places: Column) -> Nodes:
        """The nodes at these places (or where this condition holds) of the selection."""
        return Nodes(self.table, self.rows[places])

    def pick(self, column: Column) -> Column:
        """The values of the selection, of a column over all rows of the table."""
        return column[self._chosen]

    def first(self, count: int) -> Nodes:
        """The first so many nodes of the selection."""
        if self.start is not None:
            return self.table.walk(self.start, self.start + count)
        return Nodes(self.table, self.rows[:count])

    def place(self, row: int) -> int:
        """Where in the selection a row is, -1 if it is not among them."""
        if self.start is None:
            found = columns.places(self.rows == row)
            return int(found[0]) if len(found) else -1
        place = int(self.table.place_of[row]) - self.start
        return place if 0 <= place < len(self.rows) else -1

    def name(self, place: int) -> str:
        """The name of one of the nodes."""
        return self.table.names[self.rows[place]]

    def names(self) -> list[str]:
        """The names of the nodes."""
        names = self.table.names
        return [names[row] for row in columns.listed(self.rows)]

    def objects(self) -> list[Object]:
        """The node objects."""
        objects = self.table.objects
        return [objects[row] or {} for row in columns.listed(self.rows)]

    def labels(self, key: str) -> Column:
        """The number of each node's value of a label, -1 for none; the values are `table.label(key).values`."""
        return self.table.label(key).ids[self._chosen]

    def taints(self) -> Column:
        """The number of each node's set of taints, a place in `table.taint_sets`."""
        return self.table.columns["taints"][self._chosen]

    def unschedulable(self) -> Column:
        """Which of the nodes are cordoned."""
        return self.table.columns["unschedulable"][self._chosen]

    def pod_count(self) -> Column:
        """How many pods stand on each node."""
        return self.table.columns["pods"][self._chosen]

    def allocatable(self, resource: str) -> Column:
        """What each node has of a resource: cpu in thousandths, memory in bytes."""
        return self.table.allocatable(resource)[self._chosen]

    def requested(self, resource: str) -> Column:
        """What the pods on each node ask for."""
        return self.table.requested(resource)[self._chosen]

    def non_zero(self, resource: str) -> Column:
        """The same for cpu or memory, where a container that does not say counts 100m or 200Mi."""
        return self.table.columns[f"non_zero_{resource}"][self._chosen]

    def named(self, names: set[str]) -> Column:
        """Which of the nodes have one of these names."""
        if len(self.rows) <= len(names):
            return columns.same_values(self.names(), names)
        found = columns.flags(self.table.columns.size)
        for name in names:
            row = self.table.row_of.get(name)
            if row is not None:
                found[row] = True
        return found[self._chosen]
