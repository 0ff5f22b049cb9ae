"""`/healthz`, `/livez`, `/readyz`: the server about itself.

*In Kubernetes:* `k8s.io/apiserver/pkg/server/healthz`.  *Simplified:* all checks pass once the caches are filled.
"""

from __future__ import annotations

from typing import Any

# The checks in the order in which the real server runs them; `*` stands for `poststarthook/`.
_COMMON = """
*start-apiserver-admission-initializer *generic-apiserver-start-informers *priority-and-fairness-config-consumer
*priority-and-fairness-filter *storage-object-count-tracker-hook *start-apiextensions-informers
*start-apiextensions-controllers *crd-informer-synced *start-system-namespaces-controller
*peer-endpoint-reconciler-controller *start-cluster-authentication-info-controller
*start-kube-apiserver-identity-lease-controller *start-kube-apiserver-identity-lease-garbage-collector
*storage-readiness *start-legacy-token-tracking-controller *start-service-ip-repair-controllers *rbac/bootstrap-roles
*scheduling/bootstrap-system-priority-classes *priority-and-fairness-config-producer *bootstrap-controller
*start-kubernetes-service-cidr-controller *start-kube-aggregator-informers
*apiservice-status-local-available-controller *apiservice-status-remote-available-controller
*apiservice-registration-controller *apiservice-wait-for-first-sync *apiservice-discovery-controller
*kube-apiserver-autoregistration autoregister-completion *apiservice-openapi-controller
*apiservice-openapiv3-controller
"""


def _names(before: str, after: str = "") -> tuple[str, ...]:
    return tuple(name.replace("*", "poststarthook/") for name in f"{before} {_COMMON} {after}".split())


CHECKS = {
    "healthz": _names("ping log loopback-serving-certificate etcd"),
    "livez": _names("ping log loopback-serving-certificate etcd"),
    "readyz": _names("ping log etcd etcd-readiness informer-sync", "shutdown"),
}


def paths() -> list[str]:
    """All paths that tell about health."""
    return [path for group, names in CHECKS.items() for path in (f"/{group}", *(f"/{group}/{name}" for name in names))]


def answer(path: str, query: dict[str, Any]) -> str | None:
    """The text of a health path, None if there is no such check."""
    group, _, name = path.strip("/").partition("/")
    names = CHECKS.get(group)
    if names is None or (name and name not in names):
        return None
    if name or "verbose" not in query:
        return "ok"
    excluded = query.get("exclude", "")
    given = excluded if isinstance(excluded, list) else [excluded] if excluded else []
    lines = [f"[+]{one} excluded: ok" if one in given else f"[+]{one} ok" for one in names]
    unknown = [one for one in given if one not in names]
    if unknown:
        lines.append(
            "warn: some health checks cannot be excluded: no matches for " + ", ".join(f'"{one}"' for one in unknown)
        )
    return "\n".join([*lines, f"{group} check passed", ""])
