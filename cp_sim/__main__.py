"""The command line: `cp-sim`, or `python -m cp_sim`."""

from __future__ import annotations

import argparse
import sys

from cp_sim.commands import bench, etcd, replay, schedule
from cp_sim.commands.refusal import Refusal


def main(arguments: list[str] | None = None) -> int:
    """Run the command that `arguments` (without the program's name; None: those of the process) ask for."""
    parser = argparse.ArgumentParser(prog="cp-sim", description="A Kubernetes control plane inside one process.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    bench.add(commands)
    schedule.add(commands)
    replay.add(commands)
    etcd.add(commands)
    options = parser.parse_args(arguments)
    if not options.command:
        parser.print_help()
        return 0
    try:
        return int(options.run(options))
    except Refusal as refusal:
        print(f"cp-sim: {refusal}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `cp-sim ... | head`
        sys.stderr.close()
        return 1


if __name__ == "__main__":
    sys.exit(main())
