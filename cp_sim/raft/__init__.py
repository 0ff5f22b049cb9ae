"""Raft: how several members of an etcd cluster agree on one order of writes.

*In Kubernetes:* the consensus inside etcd (the library etcd-io/raft).  Everything here is a pure step machine: time
comes as ticks, messages come through `step`, and what is to be written, sent and applied goes out as a `Ready`.
Nothing here knows Kubernetes or etcd's keys: an entry's data is whatever the host proposes.

*Simplified:* no joint consensus (members change one at a time), no lease-based reads, no witness members.
"""

from cp_sim.raft.log import Log
from cp_sim.raft.messages import (
    Broken,
    Change,
    Dropped,
    Entry,
    HardState,
    Members,
    Message,
    Ready,
    Snapshot,
)
from cp_sim.raft.node import RaftNode
from cp_sim.raft.progress import Progress

__all__ = [
    "Broken",
    "Change",
    "Dropped",
    "Entry",
    "HardState",
    "Log",
    "Members",
    "Message",
    "Progress",
    "RaftNode",
    "Ready",
    "Snapshot",
]
