"""`/healthz`, `/livez`, `/readyz`: the server about itself.

*In Kubernetes:* `k8s.io/apiserver/pkg/server/healthz`; the checks `etcd` and `etcd-readiness` read the key
`/registry/health` and give it 2 s (storagebackend: DefaultHealthcheckTimeout).  *Simplified:* all other checks pass
once the caches are filled; before that nobody listens.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import Get, StoreAnswer
from cp_sim.sim import immutable

KEY = "/registry/health"
TIMEOUT_MS = 2_000
OF_STORE = frozenset(("etcd", "etcd-readiness"))


@immutable
class HealthTimedOut:
    """Timer: the store has not answered health check `work` in time."""

    work: int


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


def is_path(path: str) -> bool:
    """Whether somebody asks about health."""
    group, _, name = path.strip("/").partition("/")
    return group in CHECKS and (not name or name in CHECKS[group])


def start(server: Any, work: Work, path: str, query: dict[str, Any]) -> Any:
    """Ask the store if one of the checks needs to know of it."""
    group, _, name = path.strip("/").partition("/")
    excluded = query.get("exclude", "")
    given = excluded if isinstance(excluded, list) else [excluded] if excluded else []
    asked = [name] if name else [one for one in CHECKS[group] if one not in given]
    work.state = (group, name, given, "verbose" in query)
    if OF_STORE.isdisjoint(asked):
        return answer(work, "")
    work.handler = "health"
    work.timer = server.loop.after(TIMEOUT_MS, server.name, HealthTimedOut(work.id), background=True)
    return Get(KEY)


def proceed(server: Any, work: Work, store_answer: StoreAnswer | None) -> Done:
    """The store has answered, or has not (None)."""
    server.loop.cancel(work.timer)
    if store_answer is None or store_answer.error:
        return answer(work, "error getting data from etcd: context deadline exceeded")
    return answer(work, "")


def answer(work: Work, error: str) -> Done:
    """The text of the answer; `error` is what is wrong with the store, empty if nothing is."""
    group, name, given, verbose = work.state
    names = CHECKS[group]
    if name:
        return Done(f"internal server error: {error}\n", 500) if error and name in OF_STORE else Done("ok")
    failed = [one for one in names if error and one in OF_STORE and one not in given]
    if not failed and not verbose:
        return Done("ok")
    lines = [_line(one, one in given, one in failed) for one in names]
    unknown = [one for one in given if one not in names]
    if unknown:
        lines.append(
            "warn: some health checks cannot be excluded: no matches for " + ", ".join(f'"{one}"' for one in unknown)
        )
    if failed:
        return Done("\n".join([*lines, f"{group} check failed", ""]), 500)
    return Done("\n".join([*lines, f"{group} check passed", ""]))


def _line(name: str, excluded: bool, failed: bool) -> str:
    if excluded:
        return f"[+]{name} excluded: ok"
    return f"[-]{name} failed: reason withheld" if failed else f"[+]{name} ok"
