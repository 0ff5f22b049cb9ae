"""Lesson 12's checks that need no cluster: which side commits, and a write that is thrown away."""

from __future__ import annotations

import hashlib
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Verdict
from cp_sim.raft.story import Story

# (members, the groups into which the network falls, members that have crashed); members by number
CASES: tuple[tuple[int, tuple[tuple[int, ...], ...], tuple[int, ...]], ...] = (
    (3, ((1,), (2, 3)), ()),
    (4, ((1, 2), (3, 4)), ()),
    (5, ((1, 2), (3, 4, 5)), ()),
    (5, ((1, 2), (3, 4), (5,)), ()),
    (5, ((1, 2, 3), (4, 5)), (3,)),
    (4, ((1, 2, 3), (4,)), ()),
    (5, ((1, 2, 3, 4), (5,)), (1,)),
)
NOBODY = "nobody"


def cases(cluster: Cluster) -> dict[str, Any]:
    """Four of the cases under letters, chosen by the cluster's seed."""
    mixed = sorted(CASES, key=lambda case: hashlib.sha256(f"{cluster.seed}/{case}".encode()).hexdigest())
    return dict(zip("ABCD", mixed))


def case_text(case: Any) -> str:
    """A case in words: `5 members: 1 2 | 3 4 5`."""
    count, sides, crashed = case
    shown = " | ".join(" ".join(str(member) for member in side) for side in sides)
    gone = f", and {', '.join(map(str, crashed))} has crashed" if crashed else ""
    return f"{count} members, cut like this: {shown}{gone}"


def side_that_commits(case: Any) -> str:
    """The members of the side that can commit, as text; `nobody` if there is none."""
    count, sides, crashed = case
    for side in sides:
        if len([member for member in side if member not in crashed]) > count // 2:
            return " ".join(str(member) for member in side)
    return NOBODY


def form(cluster: Cluster) -> tuple[dict[str, str], tuple[str, ...]]:
    """(what each letter stands for, what can be answered)."""
    asked = cases(cluster)
    sides = sorted({" ".join(map(str, side)) for case in asked.values() for side in case[1]})
    return {letter: case_text(case) for letter, case in asked.items()}, (*sides, NOBODY)


def which_side(cluster: Cluster, answer: Any) -> Verdict:
    """Whether `answer` names for each letter the side that commits."""
    if not isinstance(answer, dict) or not answer:
        return Verdict(False, "This exercise wants an answer for each letter.")
    asked = cases(cluster)
    said = {
        str(letter).upper(): " ".join(str(side).replace(",", " ").split()).lower() for letter, side in answer.items()
    }
    wrong = [letter for letter, case in asked.items() if said.get(letter) != side_that_commits(case)]
    if not wrong:
        return Verdict(True, "All four are right.")
    first = wrong[0]
    count, _, crashed = asked[first]
    question = f"How many are more than half of {count}, and which side has so many" + (
        " that still run?" if crashed else "?"
    )
    hint = f"{first} is: {case_text(asked[first])}. You need {count // 2 + 1} on one side; half is not enough."
    return Verdict(
        False, f"{len(asked) - len(wrong)} of {len(asked)} are right. Look at {first} again.", question, hint
    )


# -- a write that is thrown away -----------------------------------------------------------------------------------


def thrown_away(_cluster: Cluster, answer: Any) -> Verdict:
    """Whether in the story `answer` a write stands in a log, is gone at the end, and was never acknowledged."""
    if not isinstance(answer, str):
        return Verdict(False, 'This exercise wants the text of a story: `check("12-thrown-away", story)`.')
    story, seen = Story(), dict[str, None]()
    for number, line in enumerate(answer.splitlines(), 1):
        if line.startswith(">"):
            try:
                story.play(line[1:].strip())
            except (ValueError, KeyError) as wrong:
                return Verdict(False, f"Line {number} cannot be played: {wrong}", "Which lines does the lesson show?")
            seen |= dict.fromkeys(value for log in _logs(story).values() for value in log if value)
    if not seen:
        return Verdict(False, "In this story nobody writes.", "Who asks a member to store something?")
    return _judge_story(story, list(seen))


def _logs(story: Story) -> dict[str, list[str]]:
    """What each member that runs has in its log."""
    return {node.id: [str(entry.data or "") for entry in node.log.entries] for node in story.stage.nodes()}


def _judge_story(story: Story, values: list[str]) -> Verdict:
    logs = _logs(story)
    if len(logs) < len(story.stage.hosts):
        said = "At the end not all members run."
        return Verdict(False, said, "Can a member that is down learn what became of the write?", "> s1 restarts")
    if len({tuple(log) for log in logs.values()}) > 1:
        said = "At the end the members do not agree: " + ", ".join(
            f"{name} has {' '.join(value for value in log if value) or 'nothing'}" for name, log in logs.items()
        )
        hint = "`> heal the links`, and then let some ticks pass."
        return Verdict(False, f"{said}.", "What do they need, to find out what the others have?", hint)
    [kept, *_] = logs.values()
    lost = [value for value in values if value not in kept]
    if not lost:
        said = f"Everything that was written is there at the end: {' '.join(values)}."
        hint = "Cut s1 off before the client writes, and let s2 stand for election meanwhile."
        return Verdict(False, said, "How can a leader take a write that it cannot pass on?", hint)
    if any(value in story.stage.acknowledged for value in lost):
        return Verdict(False, "A client was told that it was stored, and it is gone. This must never be.")
    return Verdict(
        True,
        f"{lost[0]} stood in a leader's log and is gone; nobody had been told that it was stored. All agree again.",
    )
