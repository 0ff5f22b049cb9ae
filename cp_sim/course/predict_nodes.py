"""Where will each pod go?  Say it before the scheduler runs, and see the guess drawn beside the truth.

    predict_nodes("06-six", {"web-1": "worker-2", "web-2": "nowhere"})   # before the pods are created
    reveal_nodes("06-six")              # creates them and compares; compare_nodes("06-six") only compares
    show(guessed(cluster, "06-six"))    # and as a picture

A guess is kept with a learner's progress.  It counts only if it comes before the scheduler's first decision about the
pod, and when the truth has been shown it stands.  Without the name of a question, `predict_nodes({...})` keeps a guess
about any pods.  A tie is broken by lot: a guess among the equally good nodes counts as right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course import current
from cp_sim.course.card import Card
from cp_sim.course.lesson import NodeQuestion, node_question
from cp_sim.course.looking import first_decision
from cp_sim.course.progress import progress
from cp_sim.course.wants import grouped, wants
from cp_sim.objects import meta
from cp_sim.views import View, guesses
from cp_sim.views.guesses import NOWHERE, Placement, judged
from cp_sim.views.sketch import Sketch
from cp_sim.widgets.still import is_static

FREE = "nodes"  # under this name a guess about any pods is kept


def predict_nodes(name: str | Mapping[str, str], guess: Mapping[str, str] | None = None) -> Any:
    """Keep `{pod: node}`; without a guess, ask for it (with nodes to click where the notebook is live).

    `"nowhere"` instead of a node says that the pod will wait without one.
    """
    if isinstance(name, Mapping):
        return keep(NodeQuestion(FREE, "Where will these pods go?", lambda _cluster: []), name)
    asked = node_question(name)
    if guess is not None:
        return keep(asked, guess)
    if is_static():
        return question_card(asked)
    from cp_sim.course.panel import node_panel

    return node_panel(asked)


def choices(asked: NodeQuestion) -> tuple[dict[str, str], tuple[str, ...]]:
    """({pod: what it wants}, the nodes to choose from)."""
    cluster = current.named(asked.variable)
    pods = {meta.name(pod): wants(pod) for pod in asked.pods(cluster)}
    return pods, (*(meta.name(node) for node in cluster.get("nodes")), NOWHERE)


def question_card(asked: NodeQuestion) -> Card:
    """The question in words, with the way to answer it in code."""
    pods, nodes = choices(asked)
    lines = ["\n".join(grouped(pods)), f"The nodes: {', '.join(nodes[:-1])}; or `{NOWHERE}`, if a pod will find none."]
    kept = guess_of(asked.name)
    if kept:
        lines.append(f"You said: {_told(kept)}")
    else:
        example = ", ".join(f'"{pod}": "…"' for pod in pods)
        lines.append(f'Commit to an answer before you go on: `predict_nodes("{asked.name}", {{{example}}})`')
    return Card("think", asked.question, tuple(lines))


def keep(asked: NodeQuestion, guess: Mapping[str, str]) -> Card:
    """Keep a guess, if it is one and the truth is not known yet."""
    cluster = current.named(asked.variable)
    trouble = _trouble(asked, guess, cluster)
    if trouble:
        return Card("no", trouble)
    late = [pod for pod in guess if first_decision(cluster, pod) is not None]
    kept = progress()[asked.name]
    told = (f"You said: {_told(kept['guess'])}",) if kept.get("guess") else ()
    if late:
        known = "has chosen a node for" if first_decision(cluster, late[0]).node else "has looked at"
        return Card("note", f"The scheduler {known} {late[0]} already: a guess comes before it.", told)
    same_story = kept.get("compared") and kept.get("seed") == cluster.seed and asked.name != FREE
    if same_story and kept["guess"] != dict(guess):
        title = "You have seen what happens here, so the guess stands. A cluster with another seed is another story."
        return Card("note", title, told)
    progress().note(asked.name, guess=dict(guess), seed=cluster.seed, compared=bool(same_story))
    return Card("note", "Noted.", (f"You said: {_told(guess)}",))


def _trouble(asked: NodeQuestion, guess: Mapping[str, str], cluster: Cluster) -> str:
    """What is wrong with a guess, in one sentence; empty if nothing is."""
    if not guess:
        return 'Say a node for each pod: `{"web-1": "worker-1"}`.'
    pods = [meta.name(pod) for pod in asked.pods(cluster)]
    nodes = [meta.name(node) for node in cluster.get("nodes")]
    for pod, node in guess.items():
        if pods and pod not in pods:
            return f"There is no pod {pod!r} in this question; the pods are {', '.join(pods)}."
        if node != NOWHERE and node not in nodes:
            return f"There is no node {node!r}; the nodes are {', '.join(nodes)}, or say {NOWHERE!r}."
    missing = [pod for pod in pods if pod not in guess]
    return f"Say a node for {missing[0]}, too: a guess is for all {len(pods)} pods." if missing else ""


def guess_of(name: str = FREE, pod: str = "") -> Any:
    """The guess that is kept under a name: `{pod: node}`, or the node of one pod (empty if none was guessed)."""
    kept: dict[str, str] = dict(progress()[name].get("guess") or {})
    return kept.get(pod, "") if pod else kept


def outcomes(cluster: Cluster, name: str = FREE) -> list[Placement]:
    """What became of each guess: one `Placement` for each pod of the question.

    Raises:
        LookupError: the scheduler has not looked at one of the pods yet.
    """
    guess = guess_of(name)
    pods = list(guess) if name == FREE else [meta.name(pod) for pod in node_question(name).pods(cluster)]
    if not pods:
        raise LookupError("you have not guessed any node yet: predict_nodes({pod: node})")
    return [judged(decided(cluster, pod), guess.get(pod, "")) for pod in pods]


def decided(cluster: Cluster, pod: str) -> Any:
    """The scheduler's first `Decision` about a pod.  *Raises* LookupError: there is none yet."""
    found = first_decision(cluster, pod)
    if found is None:
        raise LookupError(f"the scheduler has not looked at a pod called {pod} yet")
    return found


def guessed(cluster: Cluster, name: str = FREE) -> View:
    """The picture of the guesses beside what the scheduler did, one row for each pod of the question; where it has not
    come so far, what is missing.
    """
    try:
        found = outcomes(cluster, name)
    except LookupError as missing:
        sketch = Sketch("Guessed and decided")
        sketch.words("guesses", 8, 0, f"Nothing to draw yet: {missing}")
        return sketch.view(f"Nothing to draw yet: {missing}")
    return guesses([decided(cluster, one.pod) for one in found], guess_of(name))


def reveal_nodes(name: str) -> Card:
    """Create the pods of a question, let the scheduler decide, and compare; nothing happens before a guess is made."""
    asked = node_question(name)
    cluster = current.named(asked.variable)
    if not guess_of(name):
        return Card("think", asked.question, ("First your guess, then the pods: nothing was created.",))
    if any(first_decision(cluster, meta.name(pod)) is None for pod in asked.pods(cluster)):
        cluster.apply(asked.pods(cluster))
        cluster.settle()
    return compare_nodes(name, cluster)


def compare_nodes(name: str = FREE, cluster: Cluster | None = None) -> Card:
    """What was guessed beside what the scheduler did, with one sentence for each pod that it put elsewhere."""
    asked = node_question(name) if name != FREE else NodeQuestion(FREE, "Where did the pods go?", lambda _cluster: [])
    cluster = cluster or current.named(asked.variable)
    try:
        found = outcomes(cluster, name)
    except LookupError as error:
        return Card("note", "There is nothing to compare yet.", (str(error),))
    lines = [_line(one) for one in found]
    made = [one for one in found if one.guess]
    right = sum(one.counts for one in made)
    if made:
        progress().note(name, compared=True, right=right)
    tone = "note" if not made else "yes" if right == len(found) else "think"
    head = f"{asked.question} {right} of {len(found)} as you said." if made else f"{asked.question} You made no guess."
    return Card(tone, head, ("\n".join(lines), *([asked.why] if asked.why else [])))


def _line(one: Placement) -> str:
    place = "waits without a node" if one.node == NOWHERE else f"went to {one.node}"
    if one.verdict == "none":
        return f"· {one.pod} {place}."
    if one.verdict == "right":
        return f"✓ {one.pod} {place}, as you said."
    sign = "≈" if one.verdict == "tied" else "✕"
    return f"{sign} {one.pod} {place}; you said {one.guess}. {one.because}"


def _told(guess: Mapping[str, str]) -> str:
    return ", ".join(f"{pod} → {node}" for pod, node in guess.items())
