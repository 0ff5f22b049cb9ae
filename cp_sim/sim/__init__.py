"""The ground everything stands on: virtual time, an event loop, seeded chance and the trace.

Nothing here knows Kubernetes.  Time is one integer count of milliseconds, work is done by actors that send each other
messages, chance comes from named streams of one seed, and whatever is worth telling is kept as a `Record` that names
the record which caused it.  All of it is plain state: it can be copied (a fork), read back (a journal) and drawn.
"""

from cp_sim.sim.agenda import Timer
from cp_sim.sim.chance import Chance
from cp_sim.sim.clock import Clock, format_duration, parse_duration
from cp_sim.sim.connection import ConnectionLost
from cp_sim.sim.immutable import immutable
from cp_sim.sim.links import LinkFault, Links
from cp_sim.sim.loop import Actor, Loop, StillBusy
from cp_sim.sim.order import Arrival, shuffled
from cp_sim.sim.trace import Record, Trace
from cp_sim.sim.turn import Turn

__all__ = [
    "Actor",
    "Arrival",
    "Chance",
    "Clock",
    "ConnectionLost",
    "LinkFault",
    "Links",
    "Loop",
    "Record",
    "StillBusy",
    "Timer",
    "Trace",
    "Turn",
    "format_duration",
    "immutable",
    "parse_duration",
    "shuffled",
]
