"""Admission around storage: protection finalizers, and the default StorageClass.

*In Kubernetes:* `plugin/pkg/admission/storage/{storageobjectinuseprotection,storageclass/setdefault}`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission.plugin import Attributes, Plugin
from cp_sim.objects import edit

PROTECTION = {
    "persistentvolumes": "kubernetes.io/pv-protection",
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
}
CLASSES = "storageclasses.storage.k8s.io"
DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
OLD_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


class StorageObjectInUseProtection(Plugin):
    """Volumes and claims get a finalizer, so that none goes while it is used."""

    name = "StorageObjectInUseProtection"
    resources = tuple(PROTECTION)
    mutates = ("CREATE",)

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource:
            return
        finalizer = PROTECTION[asked.resource]
        present = (asked.object.get("metadata") or {}).get("finalizers") or []
        if finalizer not in present:
            asked.object = edit.put(asked.object, "metadata.finalizers", [*present, finalizer])


class DefaultStorageClass(Plugin):
    """A claim that names no class gets the default one; of several the newest."""

    name = "DefaultStorageClass"
    resources = ("persistentvolumeclaims",)
    mutates = ("CREATE",)

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource:
            return
        spec = asked.object.get("spec") or {}
        if spec.get("storageClassName") is not None:
            return
        if OLD_ANNOTATION in ((asked.object.get("metadata") or {}).get("annotations") or {}):
            return
        found = default_class(server)
        if found is not None:
            asked.object = edit.put(asked.object, "spec.storageClassName", found["metadata"]["name"])


def default_class(server: Any) -> dict[str, Any] | None:
    """The default StorageClass, None if there is none."""
    cache = server.caches.get(CLASSES)
    if cache is None:
        return None
    marked = [
        one
        for one in cache.objects.values()
        if any((one["metadata"].get("annotations") or {}).get(key) == "true" for key in DEFAULT_CLASS)
    ]
    # The newest first, then by name.
    marked.sort(key=lambda one: one["metadata"]["name"])
    marked.sort(key=lambda one: one["metadata"]["creationTimestamp"], reverse=True)
    return marked[0] if marked else None
