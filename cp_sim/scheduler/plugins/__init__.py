"""The plugins of the default profile, one file each, in the order in which the real scheduler runs them.

*In Kubernetes:* pkg/scheduler/framework/plugins, pkg/scheduler/apis/config/v1/default_plugins.go.
"""

from __future__ import annotations

from cp_sim.scheduler.framework import Plugin, Profile
from cp_sim.scheduler.plugins.default_binder import DefaultBinder
from cp_sim.scheduler.plugins.default_preemption import DefaultPreemption
from cp_sim.scheduler.plugins.dynamic_resources import DynamicResources
from cp_sim.scheduler.plugins.image_locality import ImageLocality
from cp_sim.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cp_sim.scheduler.plugins.node_affinity import NodeAffinity
from cp_sim.scheduler.plugins.node_declared_features import NodeDeclaredFeatures
from cp_sim.scheduler.plugins.node_name import NodeName
from cp_sim.scheduler.plugins.node_ports import NodePorts
from cp_sim.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from cp_sim.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cp_sim.scheduler.plugins.node_unschedulable import NodeUnschedulable
from cp_sim.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from cp_sim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cp_sim.scheduler.plugins.priority_sort import PrioritySort
from cp_sim.scheduler.plugins.scheduling_gates import SchedulingGates
from cp_sim.scheduler.plugins.taint_toleration import TaintToleration
from cp_sim.scheduler.plugins.volume_binding import VolumeBinding
from cp_sim.scheduler.plugins.volume_restrictions import VolumeRestrictions
from cp_sim.scheduler.plugins.volume_zone import VolumeZone

DEFAULT_PLUGINS: tuple[Plugin, ...] = (
    SchedulingGates(),
    PrioritySort(),
    NodeUnschedulable(),
    NodeName(),
    TaintToleration(),
    NodeAffinity(),
    NodePorts(),
    NodeResourcesFit(),
    VolumeRestrictions(),
    NodeVolumeLimits(),
    VolumeBinding(),
    VolumeZone(),
    PodTopologySpread(),
    InterPodAffinity(),
    DynamicResources(),
    NodeDeclaredFeatures(),
    DefaultPreemption(),
    NodeResourcesBalancedAllocation(),
    ImageLocality(),
    DefaultBinder(),
)

DEFAULT_WEIGHTS = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 2,
}


def default_profile(plugins: tuple[Plugin, ...] = DEFAULT_PLUGINS, percentage_of_nodes_to_score: int = 0) -> Profile:
    """The default profile; give `DEFAULT_PLUGINS + (MyPlugin(),)` to add one of your own."""
    return Profile(plugins, DEFAULT_WEIGHTS, percentage_of_nodes_to_score=percentage_of_nodes_to_score)
