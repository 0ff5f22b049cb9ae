"""Counts on the command line."""

from __future__ import annotations

import argparse


def count(text: str) -> int:
    """A count as it is written on the command line."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a count: write a whole number, such as 500")
    return int(text)
