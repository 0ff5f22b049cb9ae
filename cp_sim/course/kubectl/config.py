"""The kubeconfig: clusters, users, contexts, and which of them is current.

*Simplified:* it is kept in memory; its one file has no other place than that.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.errors import KubectlError, failure
from cp_sim.sim import immutable


@immutable
class Context:
    """One context: who speaks to which cluster, and about which namespace."""

    cluster: str
    user: str
    namespace: str = ""


class Config:
    """The contexts, by their names."""

    def __init__(self, namespace: str, user: str) -> None:
        self.server = "https://127.0.0.1:6443"
        self.clusters = ["course"]
        self.users = [user]
        self.contexts = {"course": Context("course", user, namespace)}
        self.current = "course"

    def chosen(self, name: str = "", file: str = "") -> Context:
        """The context that a command uses.

        Raises:
            KubectlError: there is none of that name.
        """
        if file:
            raise failure(f"stat {file}: no such file or directory")
        wanted = name or self.current
        if wanted not in self.contexts:
            if not name:
                return Context("course", self.users[0], "default")
            raise KubectlError(f"Error in configuration: context was not found for specified context: {name}")
        return self.contexts[wanted]

    def as_object(self, only: str = "") -> dict[str, Any]:
        """The kubeconfig as `config view` shows it."""
        names = [only] if only else sorted(self.contexts)
        users = [self.contexts[only].user] if only else sorted(self.users)
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"certificate-authority": "/DIR/ca.crt", "server": self.server}}
                for name in self.clusters
            ],
            "contexts": [{"name": name, "context": _context(self.contexts[name])} for name in names],
            "current-context": self.current,
            "users": [{"name": name, "user": {"token": "REDACTED"}} for name in users],
        }


def _context(context: Context) -> dict[str, str]:
    shown = {"cluster": context.cluster, "user": context.user}
    return shown | ({"namespace": context.namespace} if context.namespace else {})
