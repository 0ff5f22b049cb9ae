"""What an instructor's deck about the store needs: a script of commands, and for each what it wrote.

A script is a list of lines: kubectl commands without the word kubectl, `wait 60s`, or `compact`, which lets the store
forget its history up to now.  The answers are read off the store, so they are right for every seed and size.
"""

from __future__ import annotations

from collections import Counter

from cp_sim.cluster import Cluster
from cp_sim.course.card import Card
from cp_sim.course.kubectl import Kubectl
from cp_sim.views.versions import history_of, keys_below

_QUESTIONS = (
    ("create deployment", "How many keys will be new, and how many revisions will it take?"),
    ("create", "How many revisions is this, and under which key will it be?"),
    ("scale", "One number in one object changes. How many writes will follow?"),
    ("annotate", "One object changes a little. How many revisions? By how much does its resourceVersion grow?"),
    ("label", "One object changes a little. How many revisions? By how much does its resourceVersion grow?"),
    ("delete", "What will the store hold under this key afterwards?"),
    ("compact", "The store forgets its history. Which reads will be refused from now on, and is any object lost?"),
    ("wait", "Nobody asks for anything. Will anything be written all the same?"),
)


def ask_writes(line: str, number: int) -> Card:
    """The card to show before a line is run."""
    shown = line if line.startswith(("wait", "compact")) else f"kubectl {line}"
    words = next((words for start, words in _QUESTIONS if line.startswith(start)), "What will this write?")
    return Card("think", f"{number}. `{shown}`", (words,))


def answer_writes(cluster: Cluster, line: str) -> Card:
    """Run a line and tell what it wrote."""
    before, told = cluster.revision, ""
    if line == "compact":
        keys = len(cluster.etcd.range_at("/registry/"))
        cluster.etcd.compact(cluster.revision)
        told = (
            f"{keys} keys before, {len(cluster.etcd.range_at('/registry/'))} after: no object is lost.\n"
            f"A read at a revision before {cluster.etcd.compact_revision} is refused from now on."
        )
    elif line.startswith("wait "):
        cluster.run(line.removeprefix("wait ").strip())
    else:
        told = Kubectl(cluster).run(line).text.strip()
    lines = (_summary(before, cluster.revision), written(cluster, before), told)
    return Card("note", "Answer", tuple(text for text in lines if text))


def _summary(before: int, after: int) -> str:
    count = after - before
    if not count:
        return f"Nothing was written: the store is still at revision {after}."
    if count == 1:
        return f"1 write: revision {after}."
    return f"{count} writes: revisions {before + 1} to {after}."


def written(cluster: Cluster, after: int) -> str:
    """What was written after a revision, a line for each kind of object: `pods: 12 writes to 3 keys, 1 tombstone`."""
    writes: Counter[str] = Counter()
    keys: dict[str, set[str]] = {}
    graves: Counter[str] = Counter()
    for key in keys_below(cluster.etcd, "/registry/"):
        kind = key.split("/")[2]
        for kv in history_of(cluster.etcd, key):
            if kv.mod_revision > after:
                writes[kind] += 1
                graves[kind] += not kv.version
                keys.setdefault(kind, set()).add(key)
    return "\n".join(
        f"{kind}: {_many(count, 'write')} to {_many(len(keys[kind]), 'key')}"
        + (f", {_many(graves[kind], 'tombstone')}" if graves[kind] else "")
        for kind, count in sorted(writes.items(), key=lambda item: (-item[1], item[0]))
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
