"""Who is asking: callers are known by name, as a server knows them by their certificates and tokens.

*In Kubernetes:* `k8s.io/apiserver/pkg/authentication`; kubeadm gives each component a client certificate, pods
have service account tokens.

*Simplified:* no cryptography; the name that a request carries stands for the credential.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cp_sim.apiserver import errors
from cp_sim.apiserver.request import User

AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"

ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))

# The callers every cluster has.
KNOWN: dict[str, User] = {
    "admin": User("admin", ("system:masters", AUTHENTICATED), "admin-uid"),
    "kubernetes-admin": User("kubernetes-admin", ("kubeadm:cluster-admins", "system:masters", AUTHENTICATED)),
    "alice": User("alice", ("dev", AUTHENTICATED), "alice-uid"),
    "bob": User("bob", (AUTHENTICATED,), "bob-uid"),
    "anonymous": ANONYMOUS,
    "system:apiserver": User("system:apiserver", ("system:masters", AUTHENTICATED)),
}

_COMPONENTS = (
    "system:kube-scheduler",
    "system:kube-controller-manager",
    "system:cloud-controller-manager",
    "system:kube-proxy",
)
_NODE = re.compile(r"node-\d+")


def user_of(caller: str, given: dict[str, User]) -> User:
    """The user behind a caller's name; `given` are the callers this cluster was given on top of the usual ones.

    Raises:
        ApiError: 401, nobody knows the caller.
    """
    return given.get(caller) or KNOWN.get(caller) or _usual(caller)


@lru_cache(maxsize=16384)
def _usual(caller: str) -> User:
    if caller in _COMPONENTS:
        return User(caller, (AUTHENTICATED,))
    if caller.startswith("system:node:"):
        return User(caller, ("system:nodes", AUTHENTICATED))
    if _NODE.fullmatch(caller):
        return User(f"system:node:{caller}", ("system:nodes", AUTHENTICATED))
    if caller.startswith("system:serviceaccount:") and caller.count(":") == 3:
        return service_account(caller)
    raise errors.unauthorized()


def service_account(name: str) -> User:
    """The user `system:serviceaccount:NAMESPACE:NAME` with the groups of service accounts."""
    namespace = name.split(":")[2]
    return User(name, ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED))
