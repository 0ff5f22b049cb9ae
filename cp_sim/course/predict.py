"""Predictions: commit to an answer before it happens, and meet it again afterwards.

`predict("00-writes", 2)` commits; until `compare("00-writes")` has shown the truth it may be changed, then it stands.
"""

from __future__ import annotations

from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course import current
from cp_sim.course.card import Card
from cp_sim.course.lesson import Prediction, prediction
from cp_sim.course.progress import progress
from cp_sim.widgets.still import is_static


def predict(name: str, answer: Any = None) -> Any:
    """Commit to an answer; without one, ask for it (with a form where the notebook is live)."""
    asked = prediction(name)
    if answer is None:
        if not is_static():
            from cp_sim.course.panel import prediction_panel

            return prediction_panel(asked)
        return question_card(asked)
    return commit(asked, answer)


def question_card(asked: Prediction) -> Card:
    """The question with the ways to answer it."""
    kept = progress()[asked.name]
    lines = [f"{number}. {option}" for number, option in enumerate(asked.options, 1)]
    how = f'predict("{asked.name}", {"1" if asked.options else "…"})'
    lines.append(
        f"You said: {shown(asked, kept['answer'])}"
        if "answer" in kept
        else f"Commit to an answer before you go on: `{how}`"
    )
    return Card("think", asked.question, tuple(lines))


def commit(asked: Prediction, answer: Any) -> Card:
    """Keep an answer, if it is one and the truth has not been seen yet."""
    try:
        value = read(asked, answer)
    except ValueError as error:
        return Card("no", str(error))
    kept = progress()[asked.name]
    if kept.get("compared") and kept.get("answer") != value:
        return Card(
            "note",
            "You have seen what happened, so the answer stands.",
            (f"You said: {shown(asked, kept.get('answer'))}",),
        )
    progress().note(asked.name, answer=value)
    return Card("note", "Noted.", (f"You said: {shown(asked, value)}",))


def read(asked: Prediction, answer: Any) -> Any:
    """The answer as it is kept: the number of an option, or a number.

    Raises:
        ValueError: it is no answer to this question.
    """
    if asked.options:
        if isinstance(answer, str) and answer in asked.options:
            return asked.options.index(answer) + 1
        if isinstance(answer, int) and not isinstance(answer, bool) and 1 <= answer <= len(asked.options):
            return answer
        raise ValueError(f"Answer with the number of an option, 1 to {len(asked.options)}.")
    if isinstance(answer, (int, float)) and not isinstance(answer, bool):
        return answer
    raise ValueError("Answer with a number.")


def shown(asked: Prediction, value: Any) -> str:
    """An answer in words."""
    if asked.options and isinstance(value, int) and 1 <= value <= len(asked.options):
        return f"{value}. {asked.options[value - 1]}"
    return str(value)


def compare(name: str, cluster: Cluster | None = None) -> Card:
    """What was predicted beside what happened, and why."""
    asked = prediction(name)
    try:
        truth = asked.truth(cluster or current.current())
    except (LookupError, ValueError) as error:
        return Card("note", "There is nothing to compare yet.", (str(error),))
    kept = progress()[name]
    happened = f"It was: {shown(asked, truth)}"
    if "answer" not in kept:
        return Card("note", asked.question, ("You made no prediction here.", happened, asked.why))
    progress().note(name, compared=True, right=kept["answer"] == truth)
    tone = "yes" if kept["answer"] == truth else "think"
    return Card(tone, asked.question, (f"You said: {shown(asked, kept['answer'])}", happened, asked.why))
