"""What the changing commands share: dry runs, what they print when done, key-value arguments.

Source: kubernetes/kubectl pkg/cmd/util/helpers.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.client import Type
from cp_sim.course.kubectl.errors import failure
from cp_sim.course.kubectl.output.formats import PLAIN_FORMATS, Output, without_managed_fields
from cp_sim.course.kubectl.shell import Invocation

PRINT = "output:o= template= show-managed-fields dry-run=?unchanged field-manager= "
SUFFIXES = {"none": "", "client": " (dry run)", "server": " (server dry run)"}


def dry_run(invocation: Invocation) -> str:
    """`none`, `client` or `server`.

    Raises:
        KubectlError: another value was given.
    """
    asked = invocation.flags["dry-run"] or "none"
    if asked in ("unchanged", "true"):
        asked = "client"
    if asked not in SUFFIXES:
        raise failure(f'Invalid dry-run value ({asked}). Must be "none", "server", or "client".')
    return str(asked)


def write_query(invocation: Invocation, manager: str = "", *, strict: bool = False) -> dict[str, str]:
    """The query of a writing request."""
    query = {"fieldManager": invocation.flags["field-manager"] or manager}
    if dry_run(invocation) == "server":
        query["dryRun"] = "All"
    if strict:
        query["fieldValidation"] = {"": "Strict", "true": "Strict", "strict": "Strict", "warn": "Warn"}.get(
            invocation.flags["validate"], "Ignore"
        )
    return {key: value for key, value in query.items() if value}


def done(invocation: Invocation, type_: Type, name: str, verb: str, obj: Any = None, suffix: str | None = None) -> None:
    """Say that something was done to an object, or print the object where `-o` asks for it."""
    output = Output(invocation.flags["output"], invocation.flags["template"], PLAIN_FORMATS)
    if output.kind == "table":
        ending = SUFFIXES[dry_run(invocation)] if suffix is None else suffix
        invocation.out(f"{type_.shown_name}/{name} {verb}{ending}")
    elif output.kind == "name":
        invocation.out(f"{type_.shown_name}/{name}")
    else:
        shown = obj if invocation.flags["show-managed-fields"] else without_managed_fields(obj)
        invocation.out(output.write(shown), end="")


def split_pairs(words: list[str], what: str) -> tuple[list[str], list[str]]:
    """(resources, changes): changes look like `key=value` or `key-`.

    Raises:
        KubectlError: a resource stands behind the first change.
    """
    resources: list[str] = []
    pairs: list[str] = []
    for word in words:
        is_pair = "=" in word or word.endswith("-")
        if is_pair:
            pairs.append(word)
        elif pairs:
            raise failure(f"all resources must be specified before {what} changes: {word}")
        else:
            resources.append(word)
    return resources, pairs
