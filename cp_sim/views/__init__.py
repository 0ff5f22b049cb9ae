"""Layer 7: state and trace become pictures and their text twins.

Every view is a pure function of what the cluster can be asked (`get`, `trace`, the clock) and returns a `View`: a
Graphviz graph in which every node, edge and cluster carries a meaningful `id` (the subject of the trace records that
tell about it), and a text twin that says the same in words.  Nothing here knows IPython, and nothing here changes
anything.

*In Kubernetes:* no counterpart; `kubectl describe`, `kubectl get events` and dashboards show pieces of it.
"""

from cp_sim.views.availability import availability
from cp_sim.views.cause_chain import cause_chain, chain_of
from cp_sim.views.cluster_map import cluster_map
from cp_sim.views.control_plane import control_plane
from cp_sim.views.decision import decision
from cp_sim.views.guesses import guesses
from cp_sim.views.ha_control_plane import ha_control_plane
from cp_sim.views.keyspace import keyspace
from cp_sim.views.lease_line import lease_line
from cp_sim.views.locks_and_keys import locks_and_keys
from cp_sim.views.ownership import ownership
from cp_sim.views.picture_of import picture_of
from cp_sim.views.preemption import preemption
from cp_sim.views.raft import raft
from cp_sim.views.raft_members import raft_members
from cp_sim.views.reconcile import reconcile
from cp_sim.views.request_passage import request_passage
from cp_sim.views.scheduling_queue import scheduling_queue
from cp_sim.views.svg import to_svg
from cp_sim.views.term_lanes import term_lanes
from cp_sim.views.timeline import timeline
from cp_sim.views.view import View
from cp_sim.views.what_if import what_if

__all__ = [
    "View",
    "availability",
    "cause_chain",
    "chain_of",
    "cluster_map",
    "control_plane",
    "decision",
    "guesses",
    "ha_control_plane",
    "keyspace",
    "lease_line",
    "locks_and_keys",
    "ownership",
    "picture_of",
    "preemption",
    "raft",
    "raft_members",
    "reconcile",
    "request_passage",
    "scheduling_queue",
    "term_lanes",
    "timeline",
    "to_svg",
    "what_if",
]
