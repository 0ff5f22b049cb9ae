"""Forms for live notebooks: buttons and choices that do what the functions do, and say so.

Everything that judges or remembers is in `predict` and `exercises`; here are only widgets.
"""

from __future__ import annotations

import json
from typing import Any

import ipywidgets as widgets

from cp_sim.course import exercises
from cp_sim.course.card import Card, marked
from cp_sim.course.lesson import Exercise, NodeQuestion, Prediction
from cp_sim.course.predict import commit
from cp_sim.course.predict_nodes import choices, guess_of, keep


def _html(card: Card) -> widgets.HTML:
    return widgets.HTML(card._repr_html_())


class _Answering:
    """A place below a form where the latest card stands."""

    def __init__(self) -> None:
        self.place = widgets.VBox([])

    def show(self, card: Card, code: str) -> None:
        """Put a card there, with the line of code that does the same."""
        same = widgets.HTML(f"<small style='opacity:.7'>the same in code: <code>{code}</code></small>")
        self.place.children = (_html(card), same)


def _answer_button() -> Any:
    layout = widgets.Layout(width="auto", align_self="flex-start")
    return widgets.Button(description="That is my answer", button_style="primary", layout=layout)


def prediction_panel(asked: Prediction) -> Any:
    """The question with its options or a number to fill in, and one button."""
    answering = _Answering()
    if asked.options:
        choice: Any = widgets.RadioButtons(
            options=[(f"{number}. {option}", number) for number, option in enumerate(asked.options, 1)],
            value=None,
            layout=widgets.Layout(width="auto"),
        )
    else:
        choice = widgets.IntText(value=0, layout=widgets.Layout(width="8em"))
    button = _answer_button()

    def clicked(_button: Any) -> None:
        if choice.value is not None:
            answering.show(commit(asked, choice.value), f'predict("{asked.name}", {choice.value})')

    button.on_click(clicked)
    title = _html(Card("think", asked.question))
    return widgets.VBox([title, choice, button, answering.place])


NODES_TO_CLICK = 8  # with more nodes they are chosen from a list


def node_panel(asked: NodeQuestion) -> Any:
    """One row for each pod with the nodes to click, and one button that keeps the guess."""
    answering = _Answering()
    pods, nodes = choices(asked)
    before = guess_of(asked.name)
    chosen = {pod: _node_choice(nodes, before.get(pod), f"the node for {pod}: {words}") for pod, words in pods.items()}
    rows = [widgets.VBox([_html_line(f"`{pod}` {words}"), chosen[pod]]) for pod, words in pods.items()]
    button = _answer_button()

    def clicked(_button: Any) -> None:
        guess = {pod: choice.value for pod, choice in chosen.items() if choice.value}
        answering.show(keep(asked, guess), f'predict_nodes("{asked.name}", {json.dumps(guess)})')

    button.on_click(clicked)
    return widgets.VBox([_html(Card("think", asked.question)), *rows, button, answering.place])


def _node_choice(nodes: tuple[str, ...], value: str | None, label: str) -> Any:
    """The nodes as buttons of which one is pressed, or as a list where there are many."""
    kind = widgets.ToggleButtons if len(nodes) <= NODES_TO_CLICK else widgets.Dropdown
    found = kind(options=list(nodes), value=value if value in nodes else None, tooltip=label)
    if kind is widgets.ToggleButtons:
        found.style.button_width = "auto"
        found.tooltips = [f"{label}: {node}" for node in nodes]
    return found


def _html_line(text: str) -> widgets.HTML:
    return widgets.HTML(marked(text))


def exercise_panel(wanted: Exercise) -> Any:
    """The task with buttons to check it, to ask for a hint and for the solution."""
    answering = _Answering()
    choices = _choices(wanted)
    buttons = []
    for words, function in (
        ("Check", exercises.check),
        ("Hint", exercises.hint),
        ("Show a solution", exercises.solution),
    ):
        button = widgets.Button(description=words, layout=widgets.Layout(width="auto"))

        def clicked(_button: Any, function: Any = function) -> None:
            answer = {letter: choice.value for letter, choice in choices.items() if choice.value}
            given: tuple[Any, ...] = (answer,) if choices and function is exercises.check else ()
            code = ", ".join([f'"{wanted.name}"', *(str(part) for part in given)])
            answering.show(function(wanted.name, *given), f"{function.__name__}({code})")

        button.on_click(clicked)
        buttons.append(button)
    return widgets.VBox([_html(exercises.task_card(wanted)), *choices.values(), widgets.HBox(buttons), answering.place])


def _choices(wanted: Exercise) -> dict[str, Any]:
    """One list to choose from for each thing that is to be matched."""
    asked, options = exercises.form_of(wanted)
    wide = widgets.Layout(width="34em")
    return {
        letter: widgets.Dropdown(options=["", *options], description=letter, layout=wide, tooltip=text)
        for letter, text in asked.items()
    }
