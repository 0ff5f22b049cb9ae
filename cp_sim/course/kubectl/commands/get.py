"""`kubectl get`.

Source: kubernetes/kubectl pkg/cmd/get/{get,table_printer,sorter}.go.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.course.kubectl import builder, manifests
from cp_sim.course.kubectl.builder import Wanted
from cp_sim.course.kubectl.client import TABLE, in_order, status_of
from cp_sim.course.kubectl.commands.watch import watch
from cp_sim.course.kubectl.errors import KubectlError, StatusError, failure, several, usage
from cp_sim.course.kubectl.output import jsonpath, table
from cp_sim.course.kubectl.output.formats import Output, as_list, without_managed_fields
from cp_sim.course.kubectl.output.text import to_json
from cp_sim.course.kubectl.shell import Invocation, command

FLAGS = (
    "output:o= selector:l= field-selector= all-namespaces:A watch:w watch-only output-watch-events show-labels "
    "label-columns:L=* no-headers sort-by= ignore-not-found show-kind raw= filename:f=* recursive:R template= "
    "chunk-size=# "
    "show-managed-fields allow-missing-template-keys server-print subresource= kustomize:k="
)


@command("get", FLAGS)
def get(invocation: Invocation) -> None:
    """Print objects as a table, or in another format."""
    flags = invocation.flags
    if flags.given("raw"):
        _raw(invocation)
        return
    output = Output(flags["output"], flags["template"])
    if not invocation.arguments and not flags["filename"]:
        invocation.err(
            'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of '
            "supported "
            "resources.\n"
        )
        raise usage(
            'Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that '
            "resource (e.g. kubectl explain pods).",
            "get",
        )
    wanted = _wanted(invocation)
    if flags["watch"] or flags["watch-only"]:
        if flags["sort-by"]:
            invocation.err("warning: --watch requested, --sort-by will be ignored for watch events received")
        watch(invocation, wanted, output, look_of(invocation))
        return
    if output.is_table:
        _tables(invocation, wanted, output)
    else:
        _objects(invocation, wanted, output)


def _raw(invocation: Invocation) -> None:
    path = invocation.flags["raw"] or (invocation.arguments or [""])[0]
    answer = invocation.client.raw("GET", path)
    if answer.status >= 400:
        raise StatusError(status_of(answer))
    if isinstance(answer.body, str):
        invocation.out(answer.body, end="")
    elif path == "/version":
        invocation.out(json.dumps(in_order(answer.body), indent=2), end="")
    else:
        as_sent = to_json(answer.body, None)
        invocation.out(as_sent + ("\n" if path.startswith("/api") else ""), end="")


def _wanted(invocation: Invocation) -> list[Wanted]:
    flags = invocation.flags
    if flags["filename"]:
        errors: list[KubectlError] = []
        infos = manifests.read(invocation, flags["filename"], errors)
        if errors:
            raise several(errors)
        return [Wanted(info.type, info.namespace, info.name) for info in infos]
    wanted = builder.parse(invocation, invocation.arguments)
    if any(entry.name for entry in wanted) and (flags["selector"] or flags["field-selector"]):
        raise failure("name cannot be provided when a selector is specified")
    return wanted


def query_of(invocation: Invocation, *, of_list: bool) -> dict[str, str]:
    """The query of a read, from the flags."""
    flags = invocation.flags
    query = {}
    if of_list:
        query = {"labelSelector": flags["selector"], "fieldSelector": flags["field-selector"], "limit": "500"}
    if flags["sort-by"]:
        query["includeObject"] = "Object"
    return {key: value for key, value in query.items() if value}


def look_of(invocation: Invocation, kinds: bool = False) -> table.Look:
    """What the table shows besides its own columns, from the flags."""
    flags = invocation.flags
    return table.Look(
        wide=flags["output"] == "wide",
        namespace=bool(flags["all-namespaces"]),
        kind=kinds or bool(flags["show-kind"]),
        headers=not flags["no-headers"],
        labels=bool(flags["show-labels"]),
        label_columns=tuple(flags["label-columns"]),
    )


def _read(invocation: Invocation, entry: Wanted, headers: dict[str, str]) -> dict[str, Any]:
    flags = invocation.flags
    query = query_of(invocation, of_list=not entry.name)
    path = entry.type.path(entry.namespace, entry.name, flags["subresource"])
    try:
        body: dict[str, Any] = invocation.client.call("GET", path, query=query, headers=headers)
    except StatusError as error:
        if entry.name:
            raise
        raise builder.list_error(error, entry.type, flags["selector"], flags["field-selector"]) from None
    return body


def _tables(invocation: Invocation, wanted: list[Wanted], output: Output) -> None:
    errors: list[KubectlError] = []
    groups: list[tuple[Wanted, dict[str, Any]]] = []
    for entry in wanted:
        try:
            body = _read(invocation, entry, {"accept": TABLE})
        except StatusError as error:
            if not (error.reason == "NotFound" and entry.name and invocation.flags["ignore-not-found"]):
                errors.append(error)
            continue
        body = as_table(entry, body)
        if groups and groups[-1][0].type == entry.type:
            earlier = groups[-1][1]
            groups[-1] = (groups[-1][0], {**earlier, "rows": [*(earlier.get("rows") or []), *(body.get("rows") or [])]})
        else:
            groups.append((entry, body))
    several_types = len({entry.type for entry in wanted}) > 1
    shown = 0
    for entry, body in groups:
        rows = sorted_rows(invocation, body.get("rows") or [])
        if not rows:
            continue
        if shown:
            invocation.out("")
        look = look_of(invocation, several_types)
        if not entry.type.namespaced:
            look = table.Look(**{**_fields(look), "namespace": False})
        cells = table.lines({**body, "rows": rows}, look, entry.type.shown_name)
        invocation.out(table.render(cells), end="")
        shown += 1
    if not shown and not errors and not invocation.flags["ignore-not-found"]:
        _nothing(invocation, wanted)
    if errors:
        raise several(errors)


def _fields(look: table.Look) -> dict[str, Any]:
    return {name: getattr(look, name) for name in ("wide", "namespace", "kind", "headers", "labels", "label_columns")}


def as_table(entry: Wanted, body: dict[str, Any]) -> dict[str, Any]:
    """The Table itself, or one of names and ages where the server answered with plain objects."""
    if body.get("kind") == "Table":
        return body
    objects = body.get("items", [body])
    columns = [{"name": "Name", "type": "string", "format": "name"}]
    return {
        "columnDefinitions": columns,
        "rows": [{"cells": [obj["metadata"]["name"]], "object": obj} for obj in objects],
    }


def _nothing(invocation: Invocation, wanted: list[Wanted]) -> None:
    namespaced = any(entry.type.namespaced for entry in wanted)
    if invocation.flags["all-namespaces"] or not namespaced:
        invocation.err("No resources found")
    else:
        invocation.err(f"No resources found in {invocation.namespace} namespace.")


def sorted_rows(invocation: Invocation, rows: list[Any]) -> list[Any]:
    """The rows in the order of `--sort-by`; rows without the field are not shown (kubectl finds nothing to sort)."""
    key = invocation.flags["sort-by"]
    return sort_objects(key, rows, "object") if key else rows


def sort_objects(key: str, entries: list[Any], inside: str = "") -> list[Any]:
    """Objects (or rows that hold one under `inside`) sorted by a path.

    Raises:
        KubectlError: the path cannot be read.
    """
    try:
        path = jsonpath.relaxed(key)
        jsonpath.parse(path)
    except jsonpath.PathError as error:
        raise failure(str(error)) from None
    found = []
    for entry in entries:
        try:
            values = jsonpath.evaluate(path, entry[inside] if inside else entry)
        except jsonpath.PathError:
            values = []
        found.append((values[0][0] if values and values[0] else None, entry))
    if all(value is None for value, _ in found):
        return []
    return [entry for _, entry in sorted(found, key=lambda pair: _sort_key(pair[0]))]


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, (int, float)) else (2, str(value))


def _objects(invocation: Invocation, wanted: list[Wanted], output: Output) -> None:
    flags = invocation.flags
    errors: list[KubectlError] = []
    objects: list[tuple[Wanted, dict[str, Any]]] = []
    for entry in wanted:
        try:
            body = _read(invocation, entry, {"accept": "application/json"})
        except StatusError as error:
            if not (error.reason == "NotFound" and entry.name and invocation.flags["ignore-not-found"]):
                errors.append(error)
            continue
        found = body["items"] if not entry.name else [body]
        named = {"apiVersion": entry.type.api_version, "kind": entry.type.kind}
        objects += [(entry, {**named, **obj}) for obj in found or []]
    if flags["sort-by"]:
        entries = [{"object": obj, "entry": entry} for entry, obj in objects]
        objects = [(pair["entry"], pair["object"]) for pair in sort_objects(flags["sort-by"], entries, "object")]
    if not invocation.flags["show-managed-fields"]:
        objects = [(entry, without_managed_fields(obj)) for entry, obj in objects]
    if objects or not errors:
        _write(invocation, wanted, output, objects)
    if errors:
        raise several(errors)


def _write(invocation: Invocation, wanted: list[Wanted], output: Output, objects: list[tuple[Wanted, Any]]) -> None:
    if output.kind == "name":
        for entry, obj in objects:
            invocation.out(f"{entry.type.shown_name}/{obj['metadata']['name']}")
        return
    single = len(wanted) == 1 and bool(wanted[0].name)
    if single and not objects:
        return
    body = objects[0][1] if single else as_list([obj for _, obj in objects])
    invocation.out(output.write(body, headers=not invocation.flags["no-headers"]), end="")
