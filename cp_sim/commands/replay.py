"""`cp-sim replay`: put recorded etcd operations to the embedded store."""

from __future__ import annotations

import argparse

from cp_sim.commands.files import opened
from cp_sim.commands.refusal import Refusal


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Make the command known to the command line."""
    about = "put recorded etcd operations to the embedded store and print its answers"
    replay = commands.add_parser("replay", help=about, description=about)
    replay.add_argument("file", metavar="FILE", help="JSON lines (also .gz), one trace a line; - for standard input")
    replay.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answer every trace of the file.  *Raises* `Refusal`."""
    from cp_sim.etcd.replay import replay_lines

    with opened(options.file) as lines:
        try:
            for answer in replay_lines(lines):
                print(answer)
        except ValueError as problem:
            raise Refusal(f"{options.file}: {problem}") from None
    return 0
