"""What a pod asks for, added up as schedulers and quotas do.

*In Kubernetes:* `k8s.io/component-helpers/resource`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.quantity import Quantity, QuantityError, parse

Object = dict[str, Any]
Amounts = dict[str, Quantity]


def amounts(container: Object, what: str) -> Amounts:
    """`requests` or `limits` of a container."""
    found: Amounts = {}
    for name, text in ((container.get("resources") or {}).get(what) or {}).items():
        try:
            found[name] = parse(text)
        except QuantityError:
            continue
    return found


def of_pod(spec: Object, what: str) -> Amounts:
    """The sum over the containers, or what an init container needs where that is more."""
    total: Amounts = {}
    for container in spec.get("containers") or ():
        for name, amount in amounts(container, what).items():
            total[name] = total[name] + amount if name in total else amount
    for container in spec.get("initContainers") or ():
        for name, amount in amounts(container, what).items():
            if name not in total or amount.nano > total[name].nano:
                total[name] = amount
    return total
