"""The commands of `cp-sim`: reading what they are given, and printing what comes of it.

`cp_sim/__main__.py` knows which there are; the idea behind each stands in its own room.
"""
