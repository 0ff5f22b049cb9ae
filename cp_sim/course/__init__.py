"""Layer 9: what a lesson needs beside the cluster: `%kubectl`, predictions, checked exercises, progress.

    from cp_sim import Cluster, show
    from cp_sim.course import begin, check, compare, predict, task
    begin("00-start")

`kubectl/` is a kubectl in Python, `lessons/` holds the words and checks of each lesson, `panel` the forms of a live
notebook; with `CP_STATIC=1` everything is plain text and the same on every run.
"""

from cp_sim.course.current import use
from cp_sim.course.exercises import again, begin, check, hint, score, solution, task
from cp_sim.course.predict import compare, predict
from cp_sim.course.predict_nodes import compare_nodes, guess_of, guessed, predict_nodes, reveal_nodes
from cp_sim.course.progress import progress
from cp_sim.course.reading import read_code

__all__ = [
    "again",
    "begin",
    "check",
    "compare",
    "compare_nodes",
    "guess_of",
    "guessed",
    "hint",
    "load_ipython_extension",
    "predict",
    "predict_nodes",
    "progress",
    "read_code",
    "reveal_nodes",
    "score",
    "solution",
    "task",
    "use",
]


def load_ipython_extension(shell: object) -> None:
    """`%load_ext cp_sim.course` makes `%kubectl` known without beginning a lesson."""
    from cp_sim.course import magics

    magics.register(shell)
