"""What every cluster has before anybody asked for it: namespaces, roles and bindings, priority classes, the service
`kubernetes`.

*In Kubernetes:* the post-start hooks of kube-apiserver (`rbac/bootstrap-roles`,
`scheduling/bootstrap-system-priority-classes`, `priority-and-fairness-config-producer`,
`start-kubernetes-service-cidr-controller`, `bootstrap-controller`).  They write one object after another through
the API; here the objects are put into the store directly.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib import resources
from typing import Any

from cp_sim.objects.kinds import KINDS

Object = dict[str, Any]


@cache
def _data() -> tuple[tuple[str, str, str, str], ...]:
    """(resource, namespace, name, JSON text) of every bootstrap object."""
    raw = resources.files("cp_sim.apiserver").joinpath("data", "bootstrap.json.gz").read_bytes()
    return tuple(tuple(row) for row in json.loads(gzip.decompress(raw)))


def missing(server: Any) -> list[tuple[str, Object]]:
    """(store key, object) of what the store does not hold yet."""
    found: list[tuple[str, Object]] = []
    now = server.loop.clock.timestamp()
    uid = server.loop.chance.uid
    for resource, namespace, name, text in _data():
        kind = KINDS[resource]
        short = f"{namespace}/{name}" if namespace else name
        if server.known(resource, short) is None:
            obj = json.loads(text)
            obj["metadata"]["uid"] = uid()
            obj["metadata"]["creationTimestamp"] = now
            found.append((kind.store_key(namespace, name), obj))
    return found
