"""What a lesson is made of: predictions to commit to, exercises to be checked, and the words for both.

These are records; `predict` and `exercises` bring them to life.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.sim import immutable


@immutable
class Verdict:
    """What a check found: whether it is done, and one sentence about the state of the cluster.

    `question` and `hint` replace the exercise's own where the check knows what is missing.
    """

    done: bool
    said: str
    question: str = ""
    hint: str = ""


@immutable
class Exercise:
    """Something to do.  `look` is given the cluster and the learner's answer (None for most) and judges the state.

    `question` is the first hint and asks, `hint` is the second, `solution` is code that solves it, `after` is said when
    it is done.  `form` gives what is to be matched (letters and their texts) and the choices, for exercises with
    answers; `variable` is the name under which the notebook holds the cluster to look at; `answer` says what `check`
    is given beside the name, where that is one thing (`revision`).
    """

    name: str
    title: str
    task: str
    look: Callable[[Cluster, Any], Verdict]
    question: str
    hint: str
    solution: str
    after: str = ""
    form: Callable[[Cluster], tuple[dict[str, str], tuple[str, ...]]] | None = None
    variable: str = "cluster"
    answer: str = ""


@immutable
class Prediction:
    """Something to say before it happens.  `truth` reads the answer off the cluster, `why` explains it.

    `options` are the answers to choose from; without any a number is asked for.
    """

    name: str
    question: str
    options: tuple[str, ...]
    truth: Callable[[Cluster], Any]
    why: str


@immutable
class NodeQuestion:
    """Where certain pods will go, to be said before the scheduler looks at them.

    `pods` gives the manifests that are about to be created in a cluster (they may depend on its seed).
    """

    name: str
    question: str
    pods: Callable[[Cluster], list[dict[str, Any]]]
    why: str = ""
    variable: str = "cluster"


@immutable
class Lesson:
    """A lesson: its name is that of its notebook."""

    name: str
    title: str
    predictions: tuple[Prediction, ...]
    exercises: tuple[Exercise, ...]
    node_questions: tuple[NodeQuestion, ...] = ()


# Where each lesson's records stand; a lesson is read when it is begun.
LESSONS = {
    "00": "lesson_00",
    "02": "lesson_02",
    "06": "lesson_06",
    "07": "lesson_07",
    "08": "lesson_08",
    "12": "lesson_12",
    "13": "lesson_13",
}


def lesson_of(name: str) -> Lesson:
    """The lesson that `00-start`, or the name of one of its exercises or predictions, belongs to.

    Raises:
        LookupError: there is none.
    """
    module = LESSONS.get(name.partition("-")[0])
    if module is None:
        raise LookupError(f"there is no lesson for {name!r}; the lessons are {', '.join(sorted(LESSONS))}")
    found: Lesson = importlib.import_module(f"cp_sim.course.lessons.{module}").LESSON
    return found


def exercise(name: str) -> Exercise:
    """The exercise of that name.  *Raises* LookupError: there is none, with the names there are."""
    found = lesson_of(name).exercises
    for each in found:
        if each.name == name:
            return each
    raise LookupError(f"there is no exercise {name!r}; this lesson has {', '.join(each.name for each in found)}")


def prediction(name: str) -> Prediction:
    """The prediction of that name.  *Raises* LookupError: there is none, with the names there are."""
    found = lesson_of(name).predictions
    for each in found:
        if each.name == name:
            return each
    raise LookupError(f"there is no prediction {name!r}; this lesson has {', '.join(each.name for each in found)}")


def node_question(name: str) -> NodeQuestion:
    """The question of that name.  *Raises* LookupError: there is none, with the names there are."""
    found = lesson_of(name).node_questions
    for each in found:
        if each.name == name:
            return each
    raise LookupError(
        f"there is no question {name!r}; this lesson has {', '.join(each.name for each in found) or 'none'}"
    )
