"""Volumes, claims, classes.  Sources: pkg/apis/core/v1/defaults.go, pkg/apis/storage/v1/defaults.go."""

from __future__ import annotations

from typing import Any

from cp_sim.objects.defaults.fill import Filler, absent, inside, spec
from cp_sim.objects.defaults.nodes import amounts
from cp_sim.objects.defaults.pods import claim_spec, volume_source

Object = dict[str, Any]


def _volume(spec: Object) -> Object:
    spec = absent(spec, {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"})
    return inside(volume_source(spec), "capacity", amounts)


def _claim(spec: Object) -> Object:
    """A claim names its data source twice: in the old field and in the one that came after it."""
    spec = claim_spec(spec)
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference:
        spec = {**spec, "dataSource": {"apiGroup": None, **source}, "dataSourceRef": {"apiGroup": None, **source}}
    elif reference and not source and not reference.get("namespace"):
        spec = {**spec, "dataSource": {"apiGroup": None, **reference}, "dataSourceRef": {"apiGroup": None, **reference}}
    return spec


def _storage_class(obj: Object) -> Object:
    return absent(obj, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})


def _csi_driver(spec: Object) -> Object:
    return absent(
        spec,
        {
            "attachRequired": True,
            "podInfoOnMount": False,
            "storageCapacity": False,
            "fsGroupPolicy": "ReadWriteOnceWithFSType",
            "volumeLifecycleModes": ["Persistent"],
            "requiresRepublish": False,
            "seLinuxMount": False,
        },
    )


DEFAULTS: dict[str, Filler] = {
    "persistentvolumes": spec(_volume),
    "persistentvolumeclaims": spec(_claim),
    "storageclasses.storage.k8s.io": _storage_class,
    "csidrivers.storage.k8s.io": spec(_csi_driver),
}
