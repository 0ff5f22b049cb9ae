"""Keeping `metadata.managedFields` right: an update takes over what it changed, an apply claims what it says.

*In Kubernetes:* `merge.Updater` of structured-merge-diff, wrapped by `managedfields.FieldManager`.

*Simplified:* entries made under another version of the kind are taken as if they were of this one.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.managed import fieldset, values
from cp_sim.apiserver.managed.fieldset import Tree
from cp_sim.apiserver.managed.shapes import Shape
from cp_sim.apiserver.request import ApiError
from cp_sim.sim import immutable

Object = dict[str, Any]
Identity = tuple[str, str, str, str]

# Fields that nobody owns because only the system writes them.
STRIPPED = tuple(
    ("f:metadata", f"f:{field}")
    for field in (
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    )
) + (("f:apiVersion",), ("f:kind",))


@immutable
class Writer:
    """Who writes: `operation` is Apply or Update; `reset` are paths that this kind of write cannot change."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""
    reset: tuple[tuple[str, ...], ...] = ()
    time: str = ""

    @property
    def identity(self) -> Identity:
        """What tells one entry from another."""
        return self.manager, self.operation, self.api_version, self.subresource


class Owners:
    """The entries of an object: identity -> (set, time), oldest writes first."""

    def __init__(self, entries: list[Object] | None) -> None:
        self.sets: dict[Identity, Tree] = {}
        self.times: dict[Identity, str] = {}
        for entry in entries or ():
            identity = (
                entry.get("manager", ""),
                entry.get("operation", ""),
                entry.get("apiVersion", ""),
                entry.get("subresource", ""),
            )
            self.sets[identity] = entry.get("fieldsV1") or {}
            self.times[identity] = entry.get("time", "")

    def entries(self) -> list[Object]:
        """The entries as the object carries them: applies first, older before newer."""
        made = []
        for identity, tree in self.sets.items():
            manager, operation, api_version, subresource = identity
            entry: Object = {
                "manager": manager,
                "operation": operation,
                "apiVersion": api_version,
                "time": self.times.get(identity) or "",
                "fieldsType": "FieldsV1",
                "fieldsV1": tree,
            }
            if subresource:
                entry["subresource"] = subresource
            if not entry["time"]:
                del entry["time"]
            made.append(entry)
        made.sort(
            key=lambda entry: (
                entry["operation"],
                entry.get("time", ""),
                entry["manager"],
                entry["apiVersion"],
                entry.get("subresource", ""),
            )
        )
        return made

    def put(self, identity: Identity, tree: Tree, time: str) -> None:
        """Set what an owner owns; an owner of nothing is forgotten, one whose fields changed was last to write."""
        if self.sets.get(identity) == tree and tree:
            return
        self.sets.pop(identity, None)
        if tree:
            self.sets[identity] = tree
            self.times[identity] = time


def disowned(obj: Object, path: tuple[str, ...]) -> Object:
    """The object with a field that nobody owns any more."""
    entries = obj["metadata"].get("managedFields")
    if not entries:
        return obj
    owners = Owners(entries)
    for identity in list(owners.sets):
        owners.sets[identity] = fieldset.without(owners.sets[identity], path)
        if not owners.sets[identity]:
            del owners.sets[identity]
    return with_entries(obj, owners)


def with_entries(obj: Object, owners: Owners) -> Object:
    """The object with these entries."""
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    entries = owners.entries()
    if entries:
        metadata["managedFields"] = entries
    return {**obj, "metadata": metadata}


def bare(obj: Object) -> Object:
    """The object without its entries."""
    if "managedFields" not in obj["metadata"]:
        return obj
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}}


def stripped(tree: Tree, reset: tuple[tuple[str, ...], ...]) -> Tree:
    """A set without what nobody owns and what this write cannot change."""
    for path in (*STRIPPED, *reset):
        tree = fieldset.without(tree, path)
    # What is left of the map around them says nothing.
    metadata = tree.get("f:metadata")
    if metadata is not None and (not metadata or list(metadata) == ["."]):
        tree = fieldset.without(tree, ("f:metadata",))
    return tree


def update(shape: Shape, live: Object, new: Object, writer: Writer, *, creating: bool) -> Object:
    """`new` with its entries after a write that is no apply."""
    given = new["metadata"].get("managedFields")
    owners = Owners(live["metadata"].get("managedFields"))
    if given is not None:
        if given == [] or given == [{}]:
            owners = Owners([])
        elif creating or given != live["metadata"].get("managedFields"):
            owners = Owners(given)
    if not owners.sets and not creating:
        return with_entries(new, owners)
    difference = values.compare(shape, bare(live), bare(new))
    _exclude(difference, writer)
    _take_from_others(owners, difference, writer)
    tree = owners.sets.get(writer.identity, {})
    tree = fieldset.difference(tree, difference.removed)
    tree = fieldset.union(fieldset.union(tree, difference.modified), difference.added)
    owners.put(writer.identity, stripped(tree, writer.reset), writer.time)
    return with_entries(new, owners)


def _exclude(difference: values.Difference, writer: Writer) -> None:
    for path in (*STRIPPED, *writer.reset):
        difference.added = fieldset.without(difference.added, path)
        difference.modified = fieldset.without(difference.modified, path)
        difference.removed = fieldset.without(difference.removed, path)


def _take_from_others(owners: Owners, difference: values.Difference, writer: Writer) -> None:
    changed = fieldset.union(difference.modified, difference.added)
    for identity in list(owners.sets):
        if identity == writer.identity:
            continue
        tree = owners.sets[identity]
        left = fieldset.difference(tree, fieldset.intersection(tree, changed))
        left = fieldset.difference(left, difference.removed)
        if not left:
            del owners.sets[identity]
        elif left != tree:
            owners.sets[identity] = left


def apply(shape: Shape, live: Object, config: Object, writer: Writer, force: bool) -> Object:
    """The live object after an apply of `config`; `live` itself if that changes nothing.

    Raises:
        ApiError: 409, others own what the configuration would change.
    """
    owners = Owners(live["metadata"].get("managedFields"))
    if not owners.sets and live["metadata"].get("uid"):
        _claim_for_unknown(shape, live, owners, writer)
    live_bare = bare(live)
    last = owners.sets.get(writer.identity, {})
    mine = stripped(values.fields_of(shape, config), writer.reset)
    merged = values.merge(shape, live_bare, config)
    pruned = prune(shape, merged, last, mine, owners, writer)
    difference = values.compare(shape, live_bare, pruned)
    _exclude(difference, writer)
    if not force:
        conflicts = find_conflicts(owners, difference, writer)
        if conflicts:
            raise conflict_error(conflicts)
    _take_from_others(owners, difference, writer)
    owners.put(writer.identity, mine, writer.time)
    return with_entries(pruned, owners)


def _claim_for_unknown(shape: Shape, live: Object, owners: Owners, writer: Writer) -> None:
    """An object that was never tracked: everything in it belongs to an unknown updater before the first apply."""
    tree = stripped(values.fields_of(shape, bare(live)), writer.reset)
    if tree:
        identity = ("before-first-apply", "Update", writer.api_version, "")
        owners.sets[identity] = tree
        owners.times[identity] = writer.time


def prune(shape: Shape, merged: Object, last: Tree, mine: Tree, owners: Owners, writer: Writer) -> Object:
    """The merged object without what the applier owned, no longer says, and nobody else owns."""
    if not last:
        return merged
    owned = mine
    for identity, tree in owners.sets.items():
        if identity != writer.identity:
            owned = fieldset.union(owned, tree)
    present = values.named_too(shape, values.fields_of(shape, merged))
    gone = fieldset.intersection(present, values.named_too(shape, last))
    gone = fieldset.difference(gone, values.named_too(shape, owned))
    left = values.remove(shape, merged, gone)
    return left if isinstance(left, dict) else {}


Conflict = tuple[Identity, fieldset.Path]


def find_conflicts(owners: Owners, difference: values.Difference, writer: Writer) -> list[Conflict]:
    """What others own of the fields that change."""
    changed = fieldset.union(difference.modified, difference.added)
    found: list[Conflict] = []
    for identity in sorted(owners.sets):
        if identity != writer.identity:
            common = fieldset.intersection(owners.sets[identity], changed)
            found += [(identity, path) for path in fieldset.paths(common)]
    return found


def conflict_error(conflicts: list[Conflict]) -> ApiError:
    """409 of an apply."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {named(identity)}",
            "field": fieldset.text(path),
        }
        for identity, path in conflicts
    ]
    if len(conflicts) == 1:
        text = f"Apply failed with 1 conflict: conflict with {named(conflicts[0][0])}: {fieldset.text(conflicts[0][1])}"
    else:
        lines: list[str] = []
        previous: Identity | None = None
        for identity, path in conflicts:
            if identity != previous:
                lines.append(f"conflicts with {named(identity)}:")
                previous = identity
            lines.append(f"- {fieldset.text(path)}")
        text = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return ApiError(errors.status(409, "Conflict", text, {"causes": causes}))


def named(identity: Identity) -> str:
    """How a message names an owner."""
    manager, operation, api_version, subresource = identity
    made = f'"{manager}"'
    if subresource:
        made += f' with subresource "{subresource}"'
    return f"{made} using {api_version}" if operation == "Update" else made
