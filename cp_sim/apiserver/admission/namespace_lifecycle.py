"""NamespaceLifecycle: nothing is created in a namespace that does not exist or is going away.

*In Kubernetes:* `k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.admission.plugin import Attributes, Plugin

IMMORTAL = ("default", "kube-system", "kube-public")
_ALLOWED_WHILE_TERMINATING = ("localsubjectaccessreviews.authorization.k8s.io",)


class NamespaceLifecycle(Plugin):
    """Refuses creations in missing or terminating namespaces, and the deletion of the system's own."""

    name = "NamespaceLifecycle"
    reads = ("namespaces",)
    mutates = ("CREATE", "UPDATE", "DELETE")

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.operation == "DELETE":
            if asked.resource == "namespaces" and not asked.subresource and asked.name in IMMORTAL:
                raise asked.forbidden("this namespace may not be deleted")
            return
        if not asked.kind.namespaced or asked.operation != "CREATE":
            return
        if asked.resource in _ALLOWED_WHILE_TERMINATING:
            return
        namespace = server.known("namespaces", asked.namespace)
        if namespace is None:
            raise errors.not_found("namespaces", "", asked.namespace)
        if (namespace.get("status") or {}).get("phase") == "Terminating":
            error = asked.forbidden(
                f"unable to create new content in namespace {asked.namespace} because it is being terminated"
            )
            error.status["details"]["causes"] = [
                {
                    "reason": "NamespaceTerminating",
                    "message": f"namespace {asked.namespace} is being terminated",
                    "field": "metadata.namespace",
                }
            ]
            raise error
