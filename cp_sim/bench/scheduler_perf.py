"""The scheduling workloads, as data: counts and phases are those of upstream's scheduler_perf.

Source: test/integration/scheduler_perf/{misc,affinity,topology_spreading}/performance-config.yaml, the workload of
each with the label `performance` and most pods.  *Simplified:* what upstream does so many times a second beside the
measured pods (churn, deletions) happens here once for so many measured pods, so that a run does not depend on the
machine; the share is at least the one that upstream has at the speed of its own threshold.
"""

from __future__ import annotations

from cp_sim.bench import templates
from cp_sim.bench.templates import FIRST, SECOND, Template
from cp_sim.sim import immutable


@immutable
class Batch:
    """`count` pods of one template in one namespace."""

    pod: Template
    count: int
    namespace: str


class TooSmall(ValueError):
    """The nodes do not take the pods that should be there before the measurement."""

    def __init__(self, missing: int, batch: Batch) -> None:
        super().__init__(
            f"{missing} of {batch.count} pods before the measurement found no node: give more --nodes or fewer --before"
        )


@immutable
class Churn:
    """After every `every` measured pods one object of each template is created; with `again` that of the time before
    is deleted first.
    """

    made: tuple[tuple[str, Template], ...]  # (plural, template)
    every: int
    again: bool = False


@immutable
class SchedulingWorkload:
    """`nodes` nodes, the pods `before`, then the `measured` ones, with `churn` beside them.

    `zones` are given to the nodes in turn; `named` adds the one roomy node that some pods ask for by its name.
    `gated` pods wait at their gate all the time; of the last batch `before`, one pod is deleted for every
    `delete_every` measured ones.
    """

    name: str
    about: str
    nodes: int
    measured: Batch
    before: tuple[Batch, ...] = ()
    zones: tuple[str, ...] = ()
    named: bool = False
    churn: Churn | None = None
    gated: int = 0
    delete_every: int = 0

    @property
    def pods_before(self) -> int:
        """How many pods are placed before the measurement."""
        return sum(batch.count for batch in self.before)


ONE_ZONE = ("zone1",)
MOONS = ("moon-1", "moon-2", "moon-3")
# Upstream creates one such pod five times a second while it places 590 to 600.
UNSCHEDULABLE = Churn((("pods", templates.TOO_LARGE),), every=100)
# Upstream does this once a second while it places 710 pods.
MIXED = Churn(
    (("nodes", templates.CHURN_NODE), ("pods", templates.TOO_LARGE), ("services", templates.SERVICE)), 500, again=True
)


def _affinity(name: str, pod: Template, before: int, pods: int, zones: tuple[str, ...] = ()) -> SchedulingWorkload:
    about = f"upstream's 5000Nodes_{pods}Pods"
    return SchedulingWorkload(name, about, 5_000, Batch(pod, pods, SECOND), (Batch(pod, before, FIRST),), zones)


def _spread(name: str, pod: Template) -> SchedulingWorkload:
    before = (Batch(templates.POD, 5_000, "before"),)
    return SchedulingWorkload(
        name, "upstream's 5000Nodes_5000Pods", 5_000, Batch(pod, 5_000, "measured"), before, MOONS
    )


ALL = (
    SchedulingWorkload(
        "SchedulingBasic",
        "upstream's 5000Nodes_10000Pods",
        5_000,
        Batch(templates.POD, 10_000, "measured"),
        (Batch(templates.POD, 1_000, "before"),),
    ),
    _affinity("SchedulingPodAntiAffinity", templates.ANTI_AFFINITY, 1_000, 2_000),
    SchedulingWorkload(
        "SchedulingPodMatchingAntiAffinity",
        "upstream's 5000Nodes_5000Pods",
        5_000,
        Batch(templates.MATCHING_ANTI_AFFINITY, 5_000, SECOND),
        (Batch(templates.ANTI_AFFINITY, 1_000, FIRST),),
    ),
    _affinity("SchedulingPodAffinity", templates.AFFINITY, 5_000, 5_000, ONE_ZONE),
    _affinity("SchedulingPreferredPodAffinity", templates.PREFERRED_AFFINITY, 5_000, 5_000),
    _affinity("SchedulingPreferredPodAntiAffinity", templates.PREFERRED_ANTI_AFFINITY, 5_000, 5_000),
    SchedulingWorkload(
        "SchedulingNodeAffinity",
        "upstream's 5000Nodes_10000Pods",
        5_000,
        Batch(templates.NODE_AFFINITY, 10_000, "measured"),
        (Batch(templates.NODE_AFFINITY, 5_000, "before"),),
        ONE_ZONE,
    ),
    SchedulingWorkload(
        "MixedSchedulingBasePod",
        "upstream's 5000Nodes_5000Pods: plain pods after 2,000 of each kind of affinity",
        5_000,
        Batch(templates.POD, 5_000, "measured"),
        tuple(
            Batch(pod, 2_000, FIRST)
            for pod in (
                templates.POD,
                templates.AFFINITY,
                templates.ANTI_AFFINITY,
                templates.PREFERRED_AFFINITY,
                templates.PREFERRED_ANTI_AFFINITY,
            )
        ),
        ONE_ZONE,
    ),
    _spread("TopologySpreading", templates.SPREAD),
    _spread("PreferredTopologySpreading", templates.PREFERRED_SPREAD),
    SchedulingWorkload(
        "PreemptionBasic",
        "upstream's 1000Nodes: each measured pod pushes out three of four",
        1_000,
        Batch(templates.HIGH_PRIORITY, 1_000, "measured"),
        (Batch(templates.LOW_PRIORITY, 4_000, "before"),),
    ),
    SchedulingWorkload(
        "Unschedulable",
        "upstream's 5kNodes/100Init/10kPods: pods that fit nowhere among the measured ones",
        5_000,
        Batch(templates.POD, 10_000, "measured"),
        (Batch(templates.POD, 100, "before"),),
        churn=UNSCHEDULABLE,
    ),
    SchedulingWorkload(
        "SchedulingWithMixedChurn",
        "upstream's 5000Nodes_10000Pods: a node, a pod and a Service come and go",
        5_000,
        Batch(templates.POD, 10_000, "measured"),
        churn=MIXED,
    ),
    SchedulingWorkload(
        "SchedulingDaemonset",
        "upstream's 15000Nodes: each pod asks for one node by its name",
        15_000,
        Batch(templates.DAEMON, 30_000, "measured"),
        named=True,
    ),
    SchedulingWorkload(
        "SchedulingWhileGated",
        "upstream's 1Node_10000GatedPods: placed pods are deleted while others wait at a gate",
        0,
        Batch(templates.LIGHT, 20_000, "measured"),
        (Batch(templates.LIGHT, 20_000, "before"),),
        named=True,
        gated=10_000,
        # Upstream deletes 50 a second while it places 910.
        delete_every=15,
    ),
)
