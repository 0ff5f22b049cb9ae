"""DefaultIngressClass: an Ingress that names no class gets the default one.

*In Kubernetes:* `plugin/pkg/admission/network/defaultingressclass`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission.plugin import Attributes, Plugin
from cp_sim.objects import edit

CLASSES = "ingressclasses.networking.k8s.io"
DEFAULT = "ingressclass.kubernetes.io/is-default-class"
OLD_ANNOTATION = "kubernetes.io/ingress.class"


class DefaultIngressClass(Plugin):
    """Fills in `spec.ingressClassName`."""

    name = "DefaultIngressClass"
    resources = ("ingresses.networking.k8s.io",)
    mutates = ("CREATE",)

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource:
            return
        if (asked.object.get("spec") or {}).get("ingressClassName") is not None:
            return
        if OLD_ANNOTATION in ((asked.object.get("metadata") or {}).get("annotations") or {}):
            return
        cache = server.caches.get(CLASSES)
        marked = [
            one
            for one in (cache.objects.values() if cache is not None else ())
            if (one["metadata"].get("annotations") or {}).get(DEFAULT) == "true"
        ]
        if marked:
            marked.sort(key=lambda one: one["metadata"]["name"])
            marked.sort(key=lambda one: one["metadata"]["creationTimestamp"], reverse=True)
            asked.object = edit.put(asked.object, "spec.ingressClassName", marked[0]["metadata"]["name"])
