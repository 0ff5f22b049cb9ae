"""Lesson 02's check of a function that catches up after a 410: it is tried on copies of the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Verdict


class Heard:
    """A cluster whose requests are noted, each with its answer; everything else goes straight through."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.asked: list[tuple[dict[str, str], Any]] = []

    def request(self, method: str, path: str, query: Mapping[str, Any] | None = None, **others: Any) -> Any:
        """As `Cluster.request`."""
        answer = self.cluster.request(method, path, query, **others)
        inside = dict(part.partition("=")[::2] for part in path.partition("?")[2].split("&") if part)
        self.asked.append(({**inside, **{key: str(value) for key, value in (query or {}).items()}}, answer))
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cluster, name)


def is_gone(answer: Any) -> bool:
    """Whether an answer says 410: as its status, or as the one change of a watch."""
    if answer.status == 410:
        return True
    changes = answer.body if isinstance(answer.body, list) else []
    return any(change["type"] == "ERROR" and change["object"].get("code") == 410 for change in changes)


def is_watch(query: Mapping[str, str]) -> bool:
    """Whether a request asks for a watch."""
    return query.get("watch", "").lower() in ("1", "true")


def without_a_past(cluster: Cluster) -> Cluster:
    """A copy of a cluster whose API server was started anew and so remembers no changes."""
    copy = cluster.fork()
    copy.crash("kube-apiserver")
    copy.restart("kube-apiserver")
    return copy.settle()


def catches_up(cluster: Cluster, answer: Any) -> Verdict:
    """Whether the function `answer(cluster, seen)` watches on where it can, and lists where the past is gone."""
    if not callable(answer):
        return Verdict(False, 'This exercise wants your function: `check("02-catch-up", catch_up)`.')
    copy = cluster.fork()
    seen = copy.revision
    copy.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}, "data": {"text": "I am new"}})
    for forgotten in (False, True):
        heard = Heard(without_a_past(copy) if forgotten else copy)
        try:
            answer(heard, seen)
        except TimeoutError:
            said = "Your function asked for a watch that never ends."
            return Verdict(False, said, "How long shall a watch stay open?", 'Give it {"timeoutSeconds": 1}.')
        except Exception as error:
            said = f"Your function failed: {type(error).__name__}: {error}"
            return Verdict(False, said, "What is in the body of a list, and what in that of a watch?")
        verdict = _judge(heard.asked, seen, forgotten)
        if verdict is not None:
            return verdict
    return Verdict(
        True,
        "I gave it two copies of your cluster. Where the past was there it simply watched on. Where the past was gone "
        "it heard 410, listed, and watched on from the list. In both it missed nothing.",
    )


def _judge(asked: list[tuple[dict[str, str], Any]], seen: int, forgotten: bool) -> Verdict | None:
    """What is missing in what the function asked for; None if nothing is."""
    where = "On a copy whose past is gone, " if forgotten else "On a copy whose past is still there, "
    watches = [(query, told) for query, told in asked if is_watch(query)]
    if not watches:
        return Verdict(False, f"{where}your function never watched.", "Which request tells of changes?")
    if watches[0][0].get("resourceVersion") != str(seen):
        said = f"{where}its first watch did not begin at revision {seen}, which was handed to it."
        return Verdict(False, said, "From where does your program have to go on?")
    if not forgotten:
        if any(not is_watch(query) for query, _ in asked):
            said = f"{where}your function listed everything anew, although it need not."
            return Verdict(False, said, "How can you tell whether the past is gone?", "List only after a 410.")
        return None
    lists = [(query, told) for query, told in asked if not is_watch(query)]
    if not lists:
        said = f"{where}it was told 410 and left it at that."
        return Verdict(False, said, "If nobody can tell you what changed, what else can you ask for?")
    revision = str(lists[-1][1].body["metadata"].get("resourceVersion", ""))
    if is_watch(asked[-1][0]) and not is_gone(asked[-1][1]) and asked[-1][0].get("resourceVersion") == revision:
        return None
    said = f"{where}your function listed, but it does not watch on from the list."
    hint = 'The list has its own revision: answer.body["metadata"]["resourceVersion"].'
    return Verdict(False, said, "Up to which revision does a list know everything?", hint)
