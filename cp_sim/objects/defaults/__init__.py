"""What the API server fills in where a manifest is silent: `apply(kind, obj)`.

One module per family of kinds.  Every function takes what stands in an object and returns it with its defaults; where
nothing is missing the very same dict comes back, so that an object read from the store costs nothing.

Sources: `pkg/apis/*/v1/defaults.go` of Kubernetes v1.36, checked against recorded answers of kube-apiserver v1.36.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_sim.objects.defaults import access, autoscaling, extensions, networking, nodes, pods, storage, workloads
from cp_sim.objects.kinds import Kind

Object = dict[str, Any]

_BY_KIND: dict[str, Callable[[Object], Object]] = {
    **access.DEFAULTS,
    **autoscaling.DEFAULTS,
    **extensions.DEFAULTS,
    **networking.DEFAULTS,
    **nodes.DEFAULTS,
    **pods.DEFAULTS,
    **storage.DEFAULTS,
    **workloads.DEFAULTS,
}


def apply(kind: Kind, obj: Object) -> Object:
    """`obj` with the defaults of its kind; the given object stays as it was."""
    fill = None if kind.custom else _BY_KIND.get(kind.resource)
    return obj if fill is None else fill(obj)
