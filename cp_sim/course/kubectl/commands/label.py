"""`kubectl label` and `kubectl annotate`.

Source: kubernetes/kubectl pkg/cmd/{label/label.go,annotate/annotate.go}.
"""

from __future__ import annotations

import re
from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.commands.common import PRINT, done, dry_run, split_pairs, write_query
from cp_sim.course.kubectl.errors import KubectlError, failure, several
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import Invocation, command

FLAGS = PRINT + (
    "overwrite list local selector:l= field-selector= all all-namespaces:A filename:f=* recursive:R "
    "resource-version= kustomize:k="
)
CHANGE_CAUSE = "kubernetes.io/change-cause"
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end "
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@command("label", FLAGS)
def label(invocation: Invocation) -> None:
    """Set and remove labels."""
    _change(invocation, "label", "labels")


@command("annotate", FLAGS)
def annotate(invocation: Invocation) -> None:
    """Set and remove annotations."""
    _change(invocation, "annotation", "annotations")


def _change(invocation: Invocation, what: str, field: str) -> None:
    resources, pairs = split_pairs(invocation.arguments, what)
    new, removed = _read_pairs(pairs, what)
    if not resources and not invocation.flags["filename"]:
        raise failure("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    if not new and not removed and not invocation.flags["list"]:
        raise failure(f"at least one {what} update is required")
    dry_run(invocation)
    found = builder.infos(invocation, resources)
    errors = list(found.errors)
    for info in found.infos:
        if invocation.flags["list"]:
            present = info.object["metadata"].get(field) or {}
            present = {**present, **new} if what == "annotation" else present
            for key in sorted(present):
                invocation.out(f"{key}={present[key]}")
            continue
        try:
            _change_one(invocation, info, what, field, new, removed)
        except KubectlError as error:
            errors.append(error)
    if errors:
        raise several(errors)


def _read_pairs(pairs: list[str], what: str) -> tuple[dict[str, str], list[str]]:
    new: dict[str, str] = {}
    removed: list[str] = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if equals:
            if what == "label" and (not _VALUE.fullmatch(value) or len(value) > 63):
                raise failure(f'invalid label value: "{pair}": {_VALUE_RULE if len(value) <= 63 else _TOO_LONG}')
            new[key] = value
        else:
            removed.append(pair[:-1])
    if any(key in new for key in removed):
        raise failure(
            f"can not both modify and remove {'a label' if what == 'label' else 'an annotation'} in the same command"
        )
    return new, removed


_TOO_LONG = "must be no more than 63 bytes"


def _change_one(
    invocation: Invocation, info: Info, what: str, field: str, new: dict[str, str], removed: list[str]
) -> None:
    present: dict[str, str] = info.object["metadata"].get(field) or {}
    if not invocation.flags["overwrite"]:
        _forbid_overwriting(what, present, new)
    for key in removed:
        if key not in present and what == "label":
            invocation.out(f'label "{key}" not found.')
    change: dict[str, Any] = {key: value for key, value in new.items() if present.get(key) != value}
    change |= {key: None for key in removed if key in present}
    verb = "annotated"
    if what == "label":
        verb = "not labeled" if not change else "unlabeled" if not new else "labeled"
    obj = info.object
    if change and dry_run(invocation) != "client":
        metadata: dict[str, Any] = {field: change}
        if invocation.flags["resource-version"]:
            metadata["resourceVersion"] = invocation.flags["resource-version"]
        query = write_query(invocation, f"kubectl-{'label' if what == 'label' else 'annotate'}")
        obj = invocation.client.patch(info.type, info.namespace, info.name, {"metadata": metadata}, "merge", **query)
    done(invocation, info.type, info.name, verb, obj)


def _forbid_overwriting(what: str, present: dict[str, str], new: dict[str, str]) -> None:
    if what == "label":
        clashes = [key for key in sorted(new) if key in present and present[key] != new[key]]
        if clashes:
            raise several(
                [failure(f"'{key}' already has a value ({present[key]}), and --overwrite is false") for key in clashes]
            )
        return
    clashes = [key for key in sorted(new) if key in present and key != CHANGE_CAUSE]
    if clashes:
        listed = "; ".join(f"'{key}' already has a value ({present[key]})" for key in clashes)
        raise failure(f"--overwrite is false but found the following declared annotation(s): {listed}")
