"""Lesson 08: who gives way?"""

from __future__ import annotations

from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Exercise, Lesson, NodeQuestion, Prediction
from cp_sim.course.lessons import checks_08
from cp_sim.course.lessons.clusters_08 import (
    apart,
    budget,
    deployment,
    full_house,
    guarded,
    priority_class,
    rescue,
    spread,
    stuck,
    three,
    tonight,
    zones,
)
from cp_sim.course.looking import decisions_about
from cp_sim.course.manifest import pods
from cp_sim.objects import meta

__all__ = [
    "apart",
    "budget",
    "deployment",
    "first_preemption",
    "full_house",
    "guarded",
    "priority_class",
    "rescue",
    "spread",
    "stuck",
    "three",
    "tonight",
    "zones",
]


def first_preemption(cluster: Cluster, name: str) -> Any:
    """The scheduler's decision about a pod in which it found others that have to give way.

    Raises:
        LookupError: there was none.
    """
    for decision in decisions_about(cluster, name):
        if decision.preemption is not None:
            return decision
    raise LookupError(f"nobody had to give way to a pod called {name}")


def _ninth(cluster: Cluster) -> int:
    """1 if the ninth pod has a node, 2 if it waits."""
    return 1 if meta.node_name(cluster.get("pod/web-9")) else 2


def _update(cluster: Cluster) -> int:
    """1 if all pods of shop were replaced, 3 if a new one waits for a machine."""
    asked = {
        one["spec"]["containers"][0]["resources"]["requests"]["cpu"]: meta.node_name(one)
        for one in cluster.get("pods")
        if meta.labels(one).get("app") == "shop"
    }
    if "600m" not in asked:
        raise LookupError("the update has not begun yet")
    return 1 if set(asked) == {"600m"} else 3


def _room_on(cluster: Cluster) -> int:
    """The number of the worker on which room was made for rescue."""
    return int(first_preemption(cluster, "rescue").preemption.nominated.rpartition("-")[2])


def _shield(cluster: Cluster) -> int:
    """1 if the budget kept all pods of shop, 2 if one had to go."""
    try:
        first_preemption(cluster, "rescue")
    except LookupError:
        return 1
    return 2


def _six(_cluster: Cluster) -> list[dict[str, Any]]:
    return pods("web", 6, "500m", "512Mi", labels={"app": "web"}, topologySpreadConstraints=spread("web"))


PREDICTIONS = (
    Prediction(
        "08-ninth",
        "Zones a, b and c have two pods of web each. Zone c gets no new pods now (its machine is cordoned). web-7 goes "
        "to a and web-8 to b. Zone a is half empty. What becomes of web-9?",
        ("it goes to a, where there is room", "it waits"),
        _ninth,
        "In a it would be four against two in c: a difference of 2, and maxSkew says 1. The cordoned zone still "
        "counts. DoNotSchedule means it: rather no pod than an uneven one.",
    ),
    Prediction(
        "08-update",
        "shop has three pods on three machines, and no two of them may share one. The update starts: first one new "
        "pod, then one old pod goes, and so on (maxSurge 1, maxUnavailable 0 by rounding). What happens?",
        (
            "one after the other is replaced",
            "all are replaced at once",
            "the new pod finds no machine, and the old ones do not go: nothing moves any more",
        ),
        _update,
        "The new pod may not stand beside an old one, and no old one goes before the new one is ready. Each waits for "
        "the other. Nobody made a mistake, and nothing moves.",
    ),
    Prediction(
        "08-rescue",
        "An urgent pod asks for 3 CPUs, and nobody has 3 left. On which worker will somebody have to give way? "
        "(1: batch-1, of class low, 3 CPUs. 2: api, of class middle, 2 CPUs, and filler, of class spare, 1 CPU. "
        "3: batch-2 and batch-3, of class low, 2 CPUs each.)",
        ("worker-1", "worker-2", "worker-3"),
        _room_on,
        "On worker-2 api would have to go, the most important of them all: out. On worker-1 and worker-3 only pods of "
        "class low; there the sum of priorities decides, and one is less than two.",
    ),
    Prediction(
        "08-budget",
        "shop has a PodDisruptionBudget: of its three pods all three must stay available. An urgent pod comes that "
        "fits nowhere. What becomes of shop?",
        (
            "nothing: the budget forbids it, the urgent pod waits",
            "one pod of shop has to go, budget or not",
        ),
        _shield,
        "A budget binds those who *ask*: drain, the eviction API. The scheduler prefers nodes where no budget breaks, "
        "but if there is none, it breaks one.",
    ),
)

NODE_QUESTIONS = (
    NodeQuestion(
        "08-spread",
        "Six pods that want to be even over the zones (maxSkew 1). Zone a has worker-1 (8 CPUs) and worker-2, b has "
        "worker-3, c has the small worker-4. Where will each of them go?",
        lambda _cluster: pods(
            "web", 6, "500m", "512Mi", labels={"app": "web"}, topologySpreadConstraints=spread("web")
        ),
        "The rule cuts off the zones that are ahead; of what is left, the emptiest machine wins.",
    ),
)

EXERCISES = (
    Exercise(
        "08-six",
        "Six over three zones",
        "In `cluster = zones(seed=7)` make a Deployment `web` of six pods, and see to it that each zone always has two "
        "of them (maxSkew 1, and it is a must).",
        checks_08.six_over_three_zones,
        "By which label does a machine say in which zone it is, and by which one are the pods counted?",
        "spec.template.spec.topologySpreadConstraints, with topologyKey topology.kubernetes.io/zone.",
        "cluster.apply('''\n"
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata: {name: web}\n"
        "spec:\n"
        "  replicas: 6\n"
        "  selector: {matchLabels: {app: web}}\n"
        "  template:\n"
        "    metadata: {labels: {app: web}}\n"
        "    spec:\n"
        "      topologySpreadConstraints:\n"
        "      - maxSkew: 1\n"
        "        topologyKey: topology.kubernetes.io/zone\n"
        "        whenUnsatisfiable: DoNotSchedule\n"
        "        labelSelector: {matchLabels: {app: web}}\n"
        "      containers: [{name: main, image: nginx, resources: {requests: {cpu: 500m, memory: 512Mi}}}]\n"
        "''')\n"
        "cluster.settle()\n"
        'check("08-six")',
        "The rule is looked at when a pod is placed, and never again: pods that run are not moved.",
    ),
    Exercise(
        "08-stuck",
        "The update that does not move",
        "In `cluster = stuck(seed=7)` the update of `shop` hangs. Let it go on: in the end three new pods, still each "
        "on a machine of its own.",
        checks_08.update_went_on,
        "Who waits for whom?",
        "Give the new pod a machine (cluster.add_node), or let an old one go first: `spec.strategy.rollingUpdate`.",
        'rule = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}\n'
        'cluster.apply(deployment("shop", 3, "600m", strategy=rule, affinity=apart("shop")))\n'
        "cluster.settle()\n"
        'check("08-stuck")',
        "With maxUnavailable 1 shop had two pods for a moment: the price, if there is no spare machine.",
    ),
    Exercise(
        "08-tonight",
        "Not tonight",
        "In `cluster = tonight(seed=7)` every worker runs a pod of `shop`. Tonight somebody will create a pod `report` "
        "of the class `reports`, which asks for 2 CPUs. See to it that no pod of shop has to give way. (I try it in a "
        "copy of your cluster. The report may wait.)",
        checks_08.nobody_is_pushed_out,
        "Why may report push out shop: what do you compare?",
        "There are several ways: a class that pushes nobody (preemptionPolicy: Never), a class for shop that is worth "
        "more, or more room.",
        'cluster.delete("priorityclass/reports")\n'
        'cluster.apply(priority_class("reports", 500, preemptionPolicy="Never"))\n'
        'check("08-tonight")',
        "With Never the pod still stands further ahead in the queue. It only does not push.",
    ),
    Exercise(
        "08-what-if",
        "Whom would it hit?",
        "In `cluster = full_house(seed=7)`: suppose the urgent pod asked for 2 CPUs only. Which pod would have to go? "
        'Find out without creating it, and answer `check("08-what-if", "NAME")`.',
        checks_08.who_would_have_to_go,
        "Whose importance is compared first: that of the most important victim, or the number of victims?",
        'cluster.what_if(rescue("2")) tells it, and changes nothing.',
        'show(cluster.what_if(rescue("2")))\ncheck("08-what-if", "filler")',
        "The least important most important victim: that is the first thing compared (after broken budgets).",
        answer="pod",
    ),
)

LESSON = Lesson("08-priority", "Lesson 08: who gives way?", PREDICTIONS, EXERCISES, NODE_QUESTIONS)
