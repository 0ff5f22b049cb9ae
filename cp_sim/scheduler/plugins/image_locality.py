"""ImageLocality: nodes that have the images already."""

from __future__ import annotations

from cp_sim.scheduler import columns
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import MAX_NODE_SCORE, CycleState, Plugin
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo

MEBIBYTE = 1024 * 1024
LEAST = 23 * MEBIBYTE
MOST_PER_CONTAINER = 1000 * MEBIBYTE


class ImageLocality(Plugin):
    """Sums the sizes of the pod's images that a node has, each scaled by how many of all nodes have it.

    The sum counts from 23 MiB on, up to 1000 MiB per container.
    Source: pkg/scheduler/framework/plugins/imagelocality.
    """

    name = "ImageLocality"
    local = True

    def epoch(self, cache: Cache) -> int:
        """How many nodes have an image counts for all of them."""
        return cache.table.image_generation

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        table = nodes.table
        total = None
        for image in pod.facts.images:
            if image in table.images:
                size, rows = table.images[image]
                if total is None:
                    total = columns.filled(table.columns.size)
                total[columns.rows_of(list(rows))] += int(float(size) * (float(len(rows)) / float(len(table))))
        if total is None:
            return 0
        most = MOST_PER_CONTAINER * pod.facts.container_count
        clamped = columns.at_most(columns.at_least(nodes.pick(total), LEAST), most)
        return columns.quotient(MAX_NODE_SCORE * (clamped - LEAST), most - LEAST)
