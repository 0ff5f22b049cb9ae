"""`kubectl get -w`: the list first, then every change as it comes.

*Simplified:* the real command watches until it is stopped; here it watches thirty seconds of virtual time, or as long
as `--request-timeout` says.  Source: kubernetes/kubectl pkg/cmd/get/get.go (`watch`).
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.builder import Wanted
from cp_sim.course.kubectl.client import TABLE, StatusError, status_of
from cp_sim.course.kubectl.durations import parse_flag
from cp_sim.course.kubectl.errors import failure
from cp_sim.course.kubectl.output import table
from cp_sim.course.kubectl.output.formats import Output, without_managed_fields
from cp_sim.course.kubectl.shell import Invocation

WATCH_MS = 30_000


def watch(invocation: Invocation, wanted: list[Wanted], output: Output, look: table.Look) -> None:
    """Print what is there and what changes.

    Raises:
        KubectlError: several types or names were asked for, or the first read was refused.
    """
    if len(wanted) != 1:
        raise failure("you may only specify a single resource type")
    entry = wanted[0]
    flags = invocation.flags
    query = {"labelSelector": flags["selector"], "fieldSelector": flags["field-selector"]}
    query = {key: value for key, value in query.items() if value}
    headers = {"accept": TABLE if output.is_table else "application/json"}
    body = invocation.client.call("GET", entry.type.path(entry.namespace, entry.name), query=query, headers=headers)
    if entry.name:
        query["fieldSelector"] = f"metadata.name={entry.name}"
    revision = str(body.get("metadata", {}).get("resourceVersion", ""))
    printer = _Printer(invocation, entry, output, look)
    if not flags["watch-only"]:
        printer.first(body)
    left = parse_flag(flags["request-timeout"]) if flags["request-timeout"] else WATCH_MS
    while left > 0:
        revision = _turn(invocation, entry, query, headers, revision, printer)
        left -= 1000
        invocation.pass_time(0)


def _turn(
    invocation: Invocation, entry: Wanted, query: Any, headers: dict[str, str], revision: str, printer: _Printer
) -> str:
    """Watch one second; the revision to go on from."""
    asked = {**query, "watch": "true", "resourceVersion": revision, "timeoutSeconds": "1"}
    answer = invocation.client.raw("GET", entry.type.path(entry.namespace), query=asked, headers=headers)
    if answer.status >= 400:
        raise StatusError(status_of(answer))
    for change in answer.body or []:
        obj = change["object"]
        found = obj.get("metadata", {}).get("resourceVersion")
        for row in obj.get("rows") or ():
            found = (row.get("object") or {}).get("metadata", {}).get("resourceVersion") or found
        revision = str(found or revision)
        if change["type"] in ("ADDED", "MODIFIED", "DELETED"):
            printer.change(change["type"], obj)
    return revision


class _Printer:
    """Prints lists and changes, keeping the columns where the first lines put them."""

    def __init__(self, invocation: Invocation, entry: Wanted, output: Output, look: table.Look) -> None:
        self.invocation = invocation
        self.entry = entry
        self.output = output
        self.look = look
        self.widths: list[int] = []
        self.columns: list[Any] = []
        self.events = bool(invocation.flags["output-watch-events"])

    def first(self, body: dict[str, Any]) -> None:
        """The list that was there at the beginning."""
        if self.output.is_table:
            if body.get("rows"):
                self._rows("ADDED", body)
            return
        for obj in body.get("items", [body]):
            self.change("ADDED", {"apiVersion": self.entry.type.api_version, "kind": self.entry.type.kind, **obj})

    def change(self, event: str, obj: dict[str, Any]) -> None:
        """One change."""
        if self.output.is_table:
            self._rows(event, obj)
            return
        if self.output.kind == "name":
            self.invocation.out(f"{self.entry.type.shown_name}/{obj['metadata']['name']}")
            return
        shown = without_managed_fields(obj)
        body = {"type": event, "object": shown} if self.events else shown
        self.invocation.out(self.output.write(body), end="")

    def _rows(self, event: str, body: dict[str, Any]) -> None:
        self.columns = body.get("columnDefinitions") or self.columns
        headers = self.look.headers and not self.widths
        look = table.Look(
            self.look.wide, self.look.namespace, self.look.kind, headers, self.look.labels, self.look.label_columns
        )
        cells = table.lines({**body, "columnDefinitions": self.columns}, look, self.entry.type.shown_name)
        if self.events:
            cells = [["EVENT" if headers and i == 0 else event, *row] for i, row in enumerate(cells)]
        if not self.widths:
            self.widths = table.column_widths(cells)
        for row in cells:
            self.widths = [max(width, len(text) + table.PADDING) for text, width in zip(row, self.widths)]
            padded = [text.ljust(width) for text, width in zip(row, self.widths)]
            self.invocation.out("".join(padded) + row[-1])
