"""The command line `cp-sim`."""

from __future__ import annotations

import argparse
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the command that `arguments` (without the program's name; None: those of the process) ask for."""
    parser = argparse.ArgumentParser(prog="cp-sim", description="A Kubernetes control plane inside one process.")
    parser.parse_args(arguments)
    parser.print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
