"""Exercises: what is to be done, whether the cluster shows that it was done, and help in small steps.

A wrong attempt is answered by a question first, then by a hint; the solution comes when it is asked for.  What is
judged is the state of the cluster and its history, never what was typed.
"""

from __future__ import annotations

from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course import current
from cp_sim.course.card import Card
from cp_sim.course.lesson import Exercise, Verdict, exercise, lesson_of
from cp_sim.course.progress import progress
from cp_sim.widgets.still import is_static


def task(name: str) -> Any:
    """What is to be done; in a live notebook with buttons to check it and to ask for help."""
    wanted = exercise(name)
    if is_static():
        return task_card(wanted)
    from cp_sim.course.panel import exercise_panel

    return exercise_panel(wanted)


def task_card(wanted: Exercise) -> Card:
    """The task in words."""
    if wanted.form is None:
        answer = f", {wanted.answer}" if wanted.answer else ""
        return Card("task", wanted.title, (wanted.task, f'Then: `check("{wanted.name}"{answer})`'))
    asked, _ = form_of(wanted)
    listed = "\n".join(f"{letter}: {text}" for letter, text in asked.items())
    example = ", ".join(f'"{letter}": "…"' for letter in asked)
    return Card("task", wanted.title, (wanted.task, listed, f'Then: `check("{wanted.name}", {{{example}}})`'))


def form_of(wanted: Exercise) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is to be matched and the choices; empty where the cluster has not come so far."""
    try:
        return wanted.form(current.named(wanted.variable)) if wanted.form else ({}, ("",))
    except LookupError:
        return {}, ("",)


def check(name: str, answer: Any = None, cluster: Cluster | None = None) -> Card:
    """Look whether the exercise is done; every look that finds it undone gives a little more help.

    Args:
        name: of the exercise, such as `07-one-pod`.
        answer: for the exercises that ask for one.
        cluster: the one to look at, the current one unless given; a cluster given as `answer` counts as this.
    """
    wanted = exercise(name)
    if isinstance(answer, Cluster):
        answer, cluster = None, answer
    try:
        verdict = wanted.look(cluster or current.named(wanted.variable), answer)
    except current.NoCluster as error:
        return Card("no", "Not yet.", (str(error),))
    facts = progress()[name]
    attempts = facts.get("attempts", 0) + 1
    if verdict.done:
        progress().note(name, attempts=attempts, done=True)
        return Card("yes", f"{wanted.title}: done.", tuple(line for line in (verdict.said, wanted.after) if line))
    progress().note(name, attempts=attempts)
    helped = facts.get("helped", 0) + 1
    progress().note(name, helped=helped)
    return _help(wanted, verdict, helped)


def _help(wanted: Exercise, verdict: Verdict, helped: int) -> Card:
    question, hint = verdict.question or wanted.question, verdict.hint or wanted.hint
    lines = [verdict.said, f"Ask yourself: {question}"]
    if helped >= 2:
        lines.append(f"Hint: {hint}")
    if helped >= 3:
        lines.append(f'If you are stuck: `solution("{wanted.name}")`')
    return Card("no", "Not yet.", tuple(lines))


def hint(name: str) -> Card:
    """The next piece of help without a check: first the question, then the hint."""
    wanted = exercise(name)
    asked = progress()[name].get("hints", 0) + 1
    progress().note(name, hints=asked)
    lines = [f"Ask yourself: {wanted.question}"] + ([f"Hint: {wanted.hint}"] if asked >= 2 else [])
    return Card("think", wanted.title, tuple(lines))


def solution(name: str) -> Card:
    """One way to do it, as code to put into a cell."""
    wanted = exercise(name)
    progress().note(name, solution_seen=True)
    return Card("note", f"{wanted.title}: one way to do it", (wanted.solution,))


def score(name: str) -> Card:
    """How far a lesson is done."""
    lesson = lesson_of(name)
    kept = progress()
    lines = []
    for each in lesson.exercises:
        facts = kept[each.name]
        state = f"done after {facts.get('attempts', 1)}" if facts.get("done") else "open"
        lines.append(f"{'✔' if facts.get('done') else '○'} {each.name}: {each.title} ({state})")
    for asked in lesson.predictions:
        facts = kept[asked.name]
        said = (
            "not made"
            if "answer" not in facts
            else "kept"
            if "right" not in facts
            else "right"
            if facts["right"]
            else "not what happened"
        )
        lines.append(f"· {asked.name}: prediction {said}")
    graded = {each.name for each in lesson.exercises}
    for guessed in (each for each in lesson.node_questions if each.name not in graded):
        facts = kept[guessed.name]
        if not facts.get("guess"):
            said = "not made"
        elif facts.get("compared"):
            said = f"{facts.get('right', 0)} of {len(facts['guess'])} right"
        else:
            said = "kept"
        lines.append(f"· {guessed.name}: guessed nodes {said}")
    done = sum(bool(kept[each.name].get("done")) for each in lesson.exercises)
    if kept.trouble:
        lines.append(kept.trouble)
    return Card("note", f"{lesson.title} {done} of {len(lesson.exercises)} exercises done", tuple(lines))


def begin(name: str) -> Card:
    """Begin a lesson: `%kubectl` works from here on, and progress is looked up."""
    lesson = lesson_of(name)
    try:
        from IPython import get_ipython
    except ImportError:
        shell = None
    else:
        shell = get_ipython()  # type: ignore[no-untyped-call]
    if shell is not None:
        from cp_sim.course import magics

        magics.register(shell)
    done = sum(bool(progress()[each.name].get("done")) for each in lesson.exercises)
    return Card("note", lesson.title, (f"{done} of {len(lesson.exercises)} exercises done.",))


def again(name: str) -> Card:
    """Forget what was done in a lesson, to begin it again."""
    lesson = lesson_of(name)
    progress().forget(name.partition("-")[0] + "-")
    return Card("note", lesson.title, ("Everything you did here is forgotten; begin again.",))
