"""Commands of `cp-sim` that are more than a few lines: reading what they are given, and printing what comes of it.

`cp_sim/__main__.py` knows which there are; the idea behind each stands in its own room.
"""
