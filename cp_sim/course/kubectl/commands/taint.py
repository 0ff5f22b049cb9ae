"""`kubectl taint`.

Source: kubernetes/kubectl pkg/cmd/taint/{taint,utils}.go.
"""

from __future__ import annotations

import re
from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, write_query
from cp_sim.course.kubectl.errors import KubectlError, failure, several, usage
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import Invocation, command

Taint = dict[str, str]
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


@command("taint", PRINT + "selector:l= all overwrite validate=?true")
def taint(invocation: Invocation) -> None:
    """Add, change and remove the taints of nodes."""
    resources, taints = _split(invocation.arguments)
    if not resources:
        raise failure("one or more resources must be specified as <resource> <name>")
    try:
        added, removed = _read(taints)
    except ValueError as error:
        raise usage(str(error), "taint") from None
    _check(invocation, resources, added, removed)
    dry_run(invocation)
    found = builder.infos(invocation, resources)
    errors = list(found.errors)
    for info in found.infos:
        try:
            _taint_one(invocation, info, added, removed)
        except KubectlError as error:
            errors.append(error)
    if errors:
        raise several(errors)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """The first word is the type; behind the names come the taints."""
    resources: list[str] = []
    taints: list[str] = []
    for word in words:
        if "=" in word or ":" in word or word.endswith("-"):
            taints.append(word)
        elif not taints:
            resources.append(word)
        else:
            raise failure(f"all resources must be specified before taint changes: {word}")
    return resources, taints


def _check(invocation: Invocation, resources: list[str], added: list[Taint], removed: list[Taint]) -> None:
    kind = invocation.client.type_of(resources[0].split("/")[0])
    if kind.plural != "nodes":
        raise failure(f"invalid resource type {kind.plural}, only node types are supported")
    everything = invocation.flags["all"] or invocation.flags["selector"]
    if len(resources) < 2 and "/" not in resources[0] and not everything:
        raise failure("at least one resource name must be specified since 'all' parameter is not set")
    both = [
        f"{change['key']}={change['effect']}"
        for change in added
        if any(gone["key"] == change["key"] and gone["effect"] in ("", change["effect"]) for gone in removed)
    ]
    if both:
        raise failure(f"can not both modify and remove the following taint(s) in the same command: {', '.join(both)}")
    if not added and not removed:
        raise failure("at least one taint update is required")


def _read(texts: list[str]) -> tuple[list[Taint], list[Taint]]:
    added: list[Taint] = []
    removed: list[Taint] = []
    for text in texts:
        if text.endswith("-"):
            removed.append(_read_one(text[:-1], whole=False))
            continue
        if "=" not in text and ":" not in text:
            raise ValueError(f"unknown taint spec: {text}")
        new = _read_one(text, whole=True)
        if any(other["key"] == new["key"] and other["effect"] == new["effect"] for other in added):
            raise ValueError(f"duplicated taints with the same key and effect: {_shown(new)}")
        added.append(new)
    return added, removed


def _read_one(text: str, *, whole: bool) -> Taint:
    front, colon, effect = text.partition(":")
    key, equals, value = front.partition("=")
    if (whole and not colon) or "=" in value or ":" in effect:
        raise ValueError(f"invalid taint spec: {text}")
    if colon and effect not in EFFECTS:
        raise ValueError(f"invalid taint effect: {effect}, unsupported taint effect")
    if not _KEY.fullmatch(key):
        raise ValueError(f"invalid taint spec: {text}, {_KEY_RULE}")
    read = {"key": key, "value": value, "effect": effect}
    return read if equals else {**read, "value": ""}


def _shown(taint_: Taint) -> str:
    value = f"={taint_['value']}" if taint_["value"] else ""
    return taint_["key"] + value + (f":{taint_['effect']}" if taint_["effect"] else "")


def _taint_one(invocation: Invocation, info: Info, added: list[Taint], removed: list[Taint]) -> None:
    old: list[Taint] = info.object["spec"].get("taints") or []
    overwrite = bool(invocation.flags["overwrite"])
    present = {(entry["key"], entry["effect"]) for entry in old}
    clashes = [change["key"] for change in added if (change["key"], change["effect"]) in present]
    if clashes and not overwrite:
        raise failure(
            f"node {info.name} already has {','.join(clashes)} taint(s) with same effect(s) and --overwrite is false"
        )
    changed = {(change["key"], change["effect"]) for change in added}
    new: list[Any] = [{key: value for key, value in change.items() if value} for change in added]
    new += [entry for entry in old if (entry["key"], entry["effect"]) not in changed]
    grown = len(new) != len(old)
    errors = []
    for gone in removed:
        left = [entry for entry in new if not _fits(gone, entry)]
        if len(left) == len(new):
            errors.append(failure(f'taint "{_shown(gone)}" not found'))
        new = left
    if errors:
        raise several(errors)
    verb = "modified" if (grown and removed) or overwrite else "tainted" if grown else "untainted"
    obj = info.object
    if dry_run(invocation) != "client":
        patch = {"spec": {"taints": new or None}}
        obj = invocation.client.patch(
            info.type, "", info.name, patch, "strategic", **write_query(invocation, "kubectl-taint")
        )
    done(invocation, info.type, info.name, verb, obj, suffix="")


def _fits(gone: Taint, entry: Taint) -> bool:
    return gone["key"] == entry["key"] and gone["effect"] in ("", entry["effect"])
