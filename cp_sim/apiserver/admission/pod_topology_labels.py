"""PodTopologyLabels: a pod carries the zone and region of its node, so that programs in it need not ask for the Node.

*In Kubernetes:* `plugin/pkg/admission/podtopologylabels`, on by default since v1.35.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission.plugin import Attributes, Plugin
from cp_sim.objects import edit, meta

ZONE_LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(Plugin):
    """Labels pods that are created with a node's name; the others get theirs at binding."""

    name = "PodTopologyLabels"
    resources = ("pods",)
    reads = ()  # pods that name a node are not cast
    mutates = ("CREATE",)

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource or not meta.node_name(asked.object):
            return
        labels = zone_labels(server, meta.node_name(asked.object))
        if labels:
            asked.object = edit.put(asked.object, "metadata.labels", {**meta.labels(asked.object), **labels})


def zone_labels(server: Any, node_name: str) -> dict[str, str]:
    """The labels that a pod takes over from its node."""
    node = server.known("nodes", node_name)
    if node is None:
        return {}
    labels = meta.labels(node)
    return {key: labels[key] for key in ZONE_LABELS if key in labels}
