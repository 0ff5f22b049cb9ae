"""What an instructor's deck needs: a script of commands, the question to ask before each, and the answer after it.

A script is a list of lines: kubectl commands without the word kubectl, or `wait 60s`, which lets virtual time pass.
The answers are read off the cluster, so they are right for every seed and size.
"""

from __future__ import annotations

from cp_sim.cluster import Cluster
from cp_sim.course.card import Card
from cp_sim.course.kubectl import Kubectl
from cp_sim.objects import meta
from cp_sim.sim import immutable

_QUESTIONS = (
    ("taint", "NoExecute-", "Somebody is let in again. Will any pod come back to this node by itself?"),
    ("taint", "NoExecute", "Which of the pods on this node will leave, and where will their successors run?"),
    ("taint", "PreferNoSchedule-", "The sign is gone. Which pods will move to this node now?"),
    (
        "taint",
        "PreferNoSchedule",
        "Not a lock, a sign: rather not. What becomes of those inside, and of the next ones?",
    ),
    ("taint", "-", "The lock comes off. Which pods will move to this node?"),
    ("taint", "", "A new lock on the door. What becomes of the pods that are already inside?"),
    ("cordon", "", "No new pods, please. What becomes of the pods that run there?"),
    ("uncordon", "", "The door is open again. Which pods will move back?"),
    ("drain", "", "Every pod is asked to leave. Who might say no?"),
    ("scale", "", "Where will the additional pods go, and will any old pod move?"),
    ("delete", "", "What will be gone in a moment, and what will be made anew?"),
    ("create", "", "What will exist when the cluster has come to rest, and on which nodes?"),
    ("wait", "", "Time passes. Will anything change that nobody asks for now?"),
)


@immutable
class Scene:
    """Where the pods of a namespace are: names by node, the pending ones under `(no node)`."""

    pods: dict[str, tuple[str, ...]]

    def where(self) -> dict[str, str]:
        """The node of each pod."""
        return {name: node for node, names in self.pods.items() for name in names}

    def __str__(self) -> str:
        return "\n".join(f"{node}: {len(names)}" for node, names in self.pods.items())


def scene(cluster: Cluster, namespace: str = "default") -> Scene:
    """Where the pods are now."""
    places: dict[str, list[str]] = {meta.name(node): [] for node in cluster.get("nodes")}
    for pod in cluster.get("pods", namespace):
        places.setdefault(meta.node_name(pod) or "(no node)", []).append(meta.name(pod))
    return Scene({node: tuple(names) for node, names in places.items()})


def question(line: str) -> str:
    """What to ask the class before a line is run."""
    for verb, part, words in _QUESTIONS:
        if line.startswith(verb) and part in line and (part != "-" or line.endswith("-")):
            return words
    return "What will this change?"


def ask(line: str, number: int) -> Card:
    """The card to show before a line is run."""
    shown = line if line.startswith("wait") else f"kubectl {line}"
    return Card("think", f"{number}. `{shown}`", (question(line),))


def answer(cluster: Cluster, line: str) -> Card:
    """Run a line and tell what became of the pods."""
    before = scene(cluster)
    told = ""
    if line.startswith("wait "):
        cluster.run(line.removeprefix("wait ").strip())
    else:
        told = Kubectl(cluster).run(line).text.strip()
    after = scene(cluster)
    return Card("note", "Answer", tuple(text for text in (_changes(before, after), str(after), told) if text))


def _changes(before: Scene, after: Scene) -> str:
    old, new = before.where(), after.where()
    gone = [name for name in old if name not in new]
    came = [name for name in new if name not in old]
    stayed = sum(new.get(name) == node for name, node in old.items())
    waiting = len(after.pods.get("(no node)", ()))
    parts = [f"{stayed} pods stayed where they were"] if old else []
    if gone:
        parts.append(f"{len(gone)} are gone")
    if came:
        places = ", ".join(f"{node} {count}" for node, count in _counted(came, new).items())
        parts.append(f"{len(came)} are new ({places})")
    if waiting:
        parts.append(f"{waiting} wait without a node")
    return "; ".join(parts) + "." if parts else "There are no pods."


def _counted(names: list[str], where: dict[str, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[where[name]] = counts.get(where[name], 0) + 1
    return dict(sorted(counts.items()))
