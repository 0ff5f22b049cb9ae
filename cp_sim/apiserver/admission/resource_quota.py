"""ResourceQuota: what a namespace may have in all; usage is written down before the object is stored.

*In Kubernetes:* `k8s.io/apiserver/pkg/admission/plugin/resourcequota` and the evaluators of
`pkg/quota/v1/evaluator/core`.  A quota counts once its status has been written; giving back is the quota
controller's work.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission import resources
from cp_sim.apiserver.admission.plugin import Attributes, Plugin
from cp_sim.objects import meta
from cp_sim.objects.quantity import Quantity, parse

Object = dict[str, Any]
_COMPUTE = ("cpu", "memory")
_LEGACY = (
    "configmaps",
    "secrets",
    "replicationcontrollers",
    "resourcequotas",
    "services",
    "persistentvolumeclaims",
    "pods",
)


class ResourceQuota(Plugin):
    """Refuses what would exceed a quota; what passes is added to the usage (`asked.writes`)."""

    name = "ResourceQuota"
    reads = ("resourcequotas",)
    validates = ("CREATE",)

    def validate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource or not asked.kind.namespaced:
            return
        cache = server.caches.get("resourcequotas")
        if cache is None:
            return
        usage: dict[str, Quantity] | None = None
        for key in cache.keys(asked.namespace + "/"):
            quota = cache.objects[key]
            status = quota.get("status") or {}
            hard = status.get("hard") or {}
            if not hard or not in_scope(quota.get("spec") or {}, asked):
                continue
            if usage is None:
                usage = usage_of(asked)
            delta = {name: usage[name] for name in hard if name in usage}
            self._check_stated(asked, quota, hard)
            if delta:
                asked.writes.append(charged(asked, quota, delta))

    def _check_stated(self, asked: Attributes, quota: Object, hard: Object) -> None:
        """A quota on cpu or memory wants every container to say how much it needs."""
        if asked.resource != "pods":
            return
        spec = asked.object.get("spec") or {}
        missing: list[str] = []
        for name in sorted(hard):
            what, resource = compute_name(name)
            if not what:
                continue
            silent = sorted(
                one.get("name", "")
                for one in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
                if resource not in resources.amounts(one, what)
            )
            if silent:
                missing.append(f"{name} for: {','.join(silent)}")
        if missing:
            raise asked.forbidden(f"failed quota: {meta.name(quota)}: must specify {'; '.join(missing)}")


def compute_name(name: str) -> tuple[str, str]:
    """(requests or limits, resource) of a compute quota, empty for another."""
    if name in _COMPUTE:
        return "requests", name
    what, _, resource = name.partition(".")
    return (what, resource) if what in ("requests", "limits") and resource in _COMPUTE else ("", "")


def charged(asked: Attributes, quota: Object, delta: dict[str, Quantity]) -> Object:
    """The quota with the usage added.

    Raises:
        ApiError: 403, that would be too much.
    """
    status = quota["status"]
    hard, used = status["hard"], status.get("used") or {}
    after = {name: parse(used.get(name, "0")) + amount for name, amount in delta.items()}
    over = sorted(name for name in delta if after[name].nano > parse(hard[name]).nano and delta[name].nano)
    if over:

        def listed(values: Any) -> str:
            return ",".join(f"{name}={values(name)}" for name in over)

        raise asked.forbidden(
            f"exceeded quota: {meta.name(quota)}, requested: {listed(lambda name: delta[name])}, "
            f"used: {listed(lambda name: parse(used.get(name, '0')))}, "
            f"limited: {listed(lambda name: parse(hard[name]))}"
        )
    return {**quota, "status": {**status, "used": {**used, **{name: str(value) for name, value in after.items()}}}}


def usage_of(asked: Attributes) -> dict[str, Quantity]:
    """What one object counts for."""
    one = parse("1")
    found = {f"count/{asked.kind.resource}": one}
    if not asked.kind.group and asked.kind.plural in _LEGACY:
        found[asked.kind.plural] = one
    spec = (asked.object.get("spec") or {}) if isinstance(asked.object, dict) else {}
    if asked.resource == "pods":
        for what in ("requests", "limits"):
            for name, amount in resources.of_pod(spec, what).items():
                found[f"{what}.{name}"] = amount
                if what == "requests" and name in (*_COMPUTE, "ephemeral-storage"):
                    found[name] = amount
    elif asked.resource == "services":
        ports = len(spec.get("ports") or ())
        by_node = (
            spec.get("type") in ("NodePort", "LoadBalancer") and spec.get("allocateLoadBalancerNodePorts") is not False
        )
        found["services.nodeports"] = parse(str(ports if by_node else 0))
        found["services.loadbalancers"] = parse("1" if spec.get("type") == "LoadBalancer" else "0")
    elif asked.resource == "persistentvolumeclaims":
        storage = resources.amounts({"resources": spec.get("resources")}, "requests").get("storage")
        if storage is not None:
            found["requests.storage"] = storage
        storage_class = spec.get("storageClassName")
        if storage_class:
            prefix = f"{storage_class}.storageclass.storage.k8s.io"
            found[f"{prefix}/persistentvolumeclaims"] = one
            if storage is not None:
                found[f"{prefix}/requests.storage"] = storage
    return found


def in_scope(spec: Object, asked: Attributes) -> bool:
    """Whether a quota is about the object at all."""
    scopes = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    scopes += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    if not scopes:
        return True
    return asked.resource == "pods" and all(_matches(scope, asked.object) for scope in scopes)


def _matches(scope: Object, pod: Object) -> bool:
    from cp_sim.apiserver.strategies import qos_class

    spec = pod.get("spec") or {}
    name = scope.get("scopeName")
    if name in ("Terminating", "NotTerminating"):
        return (spec.get("activeDeadlineSeconds") is not None) == (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        return (qos_class(pod) == "BestEffort") == (name == "BestEffort")
    if name == "PriorityClass":
        given, values = spec.get("priorityClassName") or "", scope.get("values") or ()
        return {
            "In": given in values,
            "NotIn": given not in values,
            "Exists": bool(given),
            "DoesNotExist": not given,
        }.get(scope.get("operator", ""), False)
    return False
