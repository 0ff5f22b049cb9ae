"""The key space as a table: which keys were written in which revisions, and what a read at a revision finds.

*In Kubernetes:* etcd's key index, which nobody shows; `etcdctl get --rev` and `etcdctl watch --rev` tell parts of it.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.store import KeyValue
from cp_sim.objects import kinds
from cp_sim.sim import immutable

CREATE, CHANGE, DELETE = "create", "change", "delete"
STEP = 6  # the window moves by so many revisions at a time, so that the columns stay while writes come in


@immutable
class Version:
    """What one revision did to one row: `create`, `change` or `delete`.

    `number` is the key's version (0: it was deleted), `keys` how many keys of the row were written at once, and
    `changed` the fields in which the value differs from the one before.
    """

    revision: int
    what: str
    number: int
    keys: int = 1
    changed: tuple[str, ...] = ()


@immutable
class Row:
    """A key, or several folded into one (`keys` > 1), with what happened to it in the window.

    `found` is what a read at the revision looked at finds, in words, `seen` the revision of the version that it finds
    (0: none); `alive` are the stretches of revisions in which it was there (first, last).
    """

    name: str
    keys: int
    versions: tuple[Version, ...]
    alive: tuple[tuple[int, int], ...]
    found: str
    seen: int = 0


def store_of(world: Any) -> Any:
    """The store of a cluster, or of its past."""
    return getattr(world, "etcd", None) or world._etcd


def window(newest: int, looked_at: int, count: int) -> tuple[int, int]:
    """The first and last revision shown: the newest `count`, or as many that hold `looked_at`, in steps of `STEP`."""
    half = max(1, count // 2)
    last = max(-(-newest // STEP) * STEP, count)
    missing = last - count + 1 - looked_at
    if missing > 0:
        last = max(count, last - -(-missing // half) * half)
    return last - count + 1, last


def keys_below(store: Any, prefix: str) -> list[str]:
    """Every key with that prefix which is there or was at a revision that can be read."""
    known: list[str] = store.keys(prefix)
    return known


def history_of(store: Any, key: str) -> list[KeyValue]:
    """The versions of a key that can be read, oldest first; `version` 0 is a deletion."""
    return list(store.history(key))


def histories_below(store: Any, prefix: str, first: int) -> dict[str, list[KeyValue]]:
    """{key: its versions that can be read, oldest first} below a prefix; `version` 0 is a deletion.

    Of a key that is there and was not written since `first` only the newest version is asked for.  A real etcd does not
    tell of keys that are gone.
    """
    newest = {kv.key: kv for kv in store.range_at(prefix)}
    found = {}
    for key in keys_below(store, prefix):
        kv = newest.get(key)
        found[key] = [kv] if kv is not None and kv.mod_revision < first else history_of(store, key)
    return found


def row_of(name: str, histories: list[list[KeyValue]], first: int, last: int, looked_at: int) -> Row:
    """The row of one key, or of several."""
    cells: dict[int, list[Version]] = {}
    alive: list[tuple[int, int]] = []
    for history in histories:
        old: KeyValue | None = None
        for kv in history:
            if first <= kv.mod_revision <= last:
                cells.setdefault(kv.mod_revision, []).append(_version(kv, old))
            old = kv
        alive += _alive(history, first, last)
    versions = [_folded(cells[revision]) for revision in sorted(cells)]
    seen = at_revision(histories[0], looked_at) if len(histories) == 1 else None
    found = _found(histories, looked_at)
    return Row(
        name,
        len(histories),
        tuple(versions),
        tuple(_joined(alive)),
        found,
        seen.mod_revision if seen is not None else 0,
    )


def _version(kv: KeyValue, old: KeyValue | None) -> Version:
    if not kv.version:
        return Version(kv.mod_revision, DELETE, 0)
    fresh = old is None or not old.version
    what = CREATE if kv.version == 1 else CHANGE
    return Version(kv.mod_revision, what, kv.version, 1, () if fresh or old is None else differing(old.value, kv.value))


def _folded(together: list[Version]) -> Version:
    one = together[0]
    same = all(other.what == one.what for other in together)
    return Version(one.revision, one.what if same else CHANGE, one.number, len(together), one.changed)


def _alive(history: list[KeyValue], first: int, last: int) -> list[tuple[int, int]]:
    """The stretches of the window in which a key is there."""
    found, since = [], 0
    for kv in history:
        if kv.version and not since:
            since = kv.mod_revision
        elif not kv.version and since:
            found.append((since, kv.mod_revision))
            since = 0
    if since:
        found.append((since, last))
    return [(max(begin, first), min(end, last)) for begin, end in found if end >= first and begin <= last]


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches that meet made one."""
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(stretches):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def at_revision(history: list[KeyValue], revision: int) -> KeyValue | None:
    """The version that a read at `revision` finds; None where it finds no key."""
    found = None
    for kv in history:
        if kv.mod_revision > revision:
            break
        found = kv
    return found if found is not None and found.version else None


def _found(histories: list[list[KeyValue]], looked_at: int) -> str:
    seen = [kv for kv in (at_revision(history, looked_at) for history in histories) if kv is not None]
    if len(histories) > 1:
        return f"{len(seen)} of {len(histories)} keys"
    if not seen:
        return "no such key"
    return f"version {seen[0].version}, of revision {seen[0].mod_revision}"


def differing(old: Any, new: Any, path: str = "", depth: int = 3) -> tuple[str, ...]:
    """The paths of the fields in which two values differ, `depth` names deep."""
    if old is new or old == new:
        return ()
    if not (isinstance(old, dict) and isinstance(new, dict)) or not depth:
        return (path or "value",)
    found: list[str] = []
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) is not new.get(key) and key != "managedFields":
            found += differing(old.get(key), new.get(key), f"{path}.{key}" if path else str(key), depth - 1)
    return tuple(found)


def rows_of(store: Any, prefix: str, first: int, last: int, looked_at: int, limit: int) -> list[Row]:
    """At most `limit` rows for the keys below `prefix`: one each if they are few, else one for each key that the
    window's revisions wrote and one for the rest, else one for each folder of keys.
    """
    histories = histories_below(store, prefix, first)
    if len(histories) <= limit:
        groups = {key: [key] for key in histories}
    else:
        touched = [key for key, history in histories.items() if any(first <= kv.mod_revision <= last for kv in history)]
        groups = {key: [key] for key in touched}
        rest = [key for key in histories if key not in groups]
        if len(touched) >= limit:
            groups, rest = _folders(list(histories), prefix, limit), []
        if rest:
            groups[f"{len(rest)} other keys"] = rest
    return [
        row_of(name, [histories[key] for key in keys], first, last, looked_at) for name, keys in groups.items() if keys
    ]


def _folders(keys: list[str], prefix: str, limit: int) -> dict[str, list[str]]:
    """The keys by folder, by their first name below `prefix` where that is still too many."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(folder_of(key), []).append(key)
    if len(groups) > limit:
        groups = {}
        for key in keys:
            groups.setdefault(prefix + key[len(prefix) :].partition("/")[0] + "/", []).append(key)
    if len(groups) > limit:
        names = list(groups)
        rest = [key for name in names[limit - 1 :] for key in groups.pop(name)]
        groups[f"{len(rest)} other keys"] = rest
    return groups


def subject_of(key: str) -> str:
    """The subject of the trace's records about the object under a key: `pods/default/web-1`; empty for other keys."""
    for kind in kinds.KINDS.values():
        if kind.store_prefix and key.startswith(kind.store_prefix + "/"):
            return f"{kind.plural}/{key[len(kind.store_prefix) + 1 :]}"
    return ""


def folder_of(key: str) -> str:
    """What a key is folded into when there are many: everything up to its last slash."""
    return key[: key.rfind("/") + 1] or key
