"""Lesson 06: where will my pod go?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Exercise, Lesson, NodeQuestion, Prediction
from cp_sim.course.lessons import checks_06
from cp_sim.course.lessons.clusters_06 import exam, jam, shelves, six, two_small_one_big, workshop
from cp_sim.course.looking import first_decision
from cp_sim.course.manifest import pod
from cp_sim.objects import meta

__all__ = ["exam", "jam", "shelves", "six", "two_small_one_big", "workshop"]


def _decision(cluster: Cluster, name: str) -> Any:
    decision = first_decision(cluster, name)
    if decision is None:
        raise LookupError(f"the scheduler has not looked at a pod called {name} yet")
    return decision


def _points_of_worker_1(cluster: Cluster) -> int:
    """What NodeResourcesFit gave worker-1 for web."""
    return int(_decision(cluster, "web").score("NodeResourcesFit", "worker-1"))


def _idle_or_full(cluster: Cluster) -> int:
    verdict = _decision(cluster, "hungry").verdict("worker-2")
    return 1 if verdict is None else 2


def _on_the_big_one(cluster: Cluster) -> int:
    """How many pods of shop are on the big worker."""
    places = Counter(meta.node_name(one) for one in cluster.get("pods") if meta.labels(one).get("app") == "shop")
    if sum(places.values()) < 6 or places[""]:
        raise LookupError("the six pods of shop are not there yet")
    return places["worker-3"]


PREDICTIONS = (
    Prediction(
        "06-points",
        "worker-1 has 4 CPUs and 8 Gi, and its pods ask for 1 CPU and 2 Gi. web asks for 500m and 512 Mi. "
        "NodeResourcesFit gives the share that would be free afterwards, cpu and memory, each cut to a whole number, "
        "and of the two the mean. How many points?",
        (),
        _points_of_worker_1,
        "cpu: 4000 - 1000 - 500 = 2500 of 4000, that is 62 (62.5 is cut). memory: 8192 - 2048 - 512 = 5632 of 8192, "
        "68 (68.75 is cut). (62 + 68) / 2 = 65.",
    ),
    Prediction(
        "06-usage",
        "sleeper sits on worker-2, asks for 3 CPUs, and sleeps: the machine is idle. hungry asks for 1 CPU. "
        "May it go to worker-2?",
        (
            "yes: the machine is idle, it has four CPUs to give",
            "no: what is asked for counts, whether it is used or not",
        ),
        _idle_or_full,
        "The scheduler adds up requests. What the programs really use, it does not know and never asks.",
    ),
    Prediction(
        "06-service",
        "Now there is a Service that selects the pods of shop, and the six are created again. How many will go to the "
        "big worker?",
        (),
        _on_the_big_one,
        "Pods that one Service selects are spread over machines and zones by default (PodTopologySpread, with weight "
        "2). That outweighs the few points that a big, empty machine is better.",
    ),
)

NODE_QUESTIONS = (
    NodeQuestion(
        "06-first",
        "Four machines, one pod. Where will web go?",
        lambda _cluster: [pod("web", "500m", "512Mi")],
    ),
    NodeQuestion(
        "06-six",
        "Six pods, created in this order. Where will each of them go?",
        six,
        "Each pod is placed as if it were the only one; but those before it have taken their room already.",
    ),
)

EXERCISES = (
    Exercise(
        "06-six",
        "Where will the six go?",
        "Say for each of six pods where it will go (at least four have to be right; of equally good nodes each one "
        "counts). Look at the machines first: `show(cluster_map(cluster))`, `%kubectl get nodes --show-labels`.",
        checks_06.guessed_the_six,
        "Which machines does each of the six rule out? And of those that are left, which has the largest share free "
        "afterwards?",
        "Filters first: taints, labels, room. Then the free share of cpu and memory. And the room that the pods before "
        "it have taken is gone.",
        "# plain: the big machine; picture: the one with disk=ssd; giant: the only one with 6 CPUs;\n"
        "# keeper: control-plane-1; dreamer: nowhere; late: the one with disk=ssd, once more\n"
        "from cp_sim.course.lessons.clusters_06 import roles\n"
        "at = roles(cluster.seed)\n"
        'guess = {"plain": at["big"], "picture": at["fast"], "giant": at["big"],\n'
        '         "keeper": "control-plane-1", "dreamer": "nowhere", "late": at["fast"]}\n'
        'predict_nodes("06-six", guess)\n'
        'reveal_nodes("06-six")\n'
        'check("06-six")',
        "Another six machines to guess: `cluster = exam(seed=8)`.",
    ),
    Exercise(
        "06-two-ways",
        "Two that wait, two ways out",
        "In `cluster = jam(seed=7)` two pods are Pending. Help `heavy` without touching heavy: change something in the "
        "cluster. Help `picky` without touching the nodes: change its wish, and be content with another disk. Neither "
        "may ask for less than it does.",
        checks_06.mended_in_two_ways,
        "What does the message in `%kubectl describe pod` say that each of the two lacks?",
        "heavy needs room: another machine, or one pod less. picky needs another nodeSelector; that of a pod that "
        "exists cannot be changed, so it has to be made anew.",
        'cluster.add_node("worker-3", cpu="4", memory="8Gi")\n'
        'cluster.delete("pod/picky")\n'
        "cluster.settle()\n"
        'cluster.apply(pod("picky", "500m", "1Gi", nodeSelector={"disk": "ssd"}))\n'
        "cluster.settle()\n"
        'check("06-two-ways")',
        "heavy was tried again by itself: the new machine was the event that it waited for. (A bigger machine would "
        "have done, too. A smaller request would only have been a lie.)",
    ),
    Exercise(
        "06-exactly",
        "Exactly these machines",
        "In `cluster = shelves(seed=7)` create a pod `tidy` that may go to machines with `disk=ssd` or `disk=nvme` and "
        "to no others, and that likes nvme better. Use labels, not names of machines.",
        checks_06.exactly_the_fast_disks,
        "A nodeSelector takes one value for each label. Which rule takes several, and which one only gives points?",
        "spec.affinity.nodeAffinity: required... with `operator: In`, and preferred... with a weight.",
        "cluster.apply('''\n"
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata: {name: tidy}\n"
        "spec:\n"
        "  affinity:\n"
        "    nodeAffinity:\n"
        "      requiredDuringSchedulingIgnoredDuringExecution:\n"
        "        nodeSelectorTerms:\n"
        "        - matchExpressions: [{key: disk, operator: In, values: [ssd, nvme]}]\n"
        "      preferredDuringSchedulingIgnoredDuringExecution:\n"
        "      - weight: 10\n"
        "        preference: {matchExpressions: [{key: disk, operator: In, values: [nvme]}]}\n"
        "  containers:\n"
        "  - {name: main, image: nginx}\n"
        "''')\n"
        "cluster.settle()\n"
        'check("06-exactly")',
        "Required cuts, preferred gives points. That is filter and score, once more.",
    ),
    Exercise(
        "06-plugin",
        "A plugin of your own",
        "Write a filter plugin that keeps pods away from nodes with the label `rest=today`, and make a `cluster` whose "
        "scheduler runs it. I try it in a copy of your cluster.",
        checks_06.a_plugin_that_lets_rest,
        "What does `filter_node` get, and what does it return for a node that may be used?",
        "A class with a `name` and `filter_node(self, pod, node)`, which returns a reason or None; then "
        "scheduler_profiles=DEFAULT_PLUGINS + (Rest(),).",
        "class Rest(Plugin):\n"
        '    name = "Rest"\n'
        "    def filter_node(self, pod, node):\n"
        '        return "node(s) rest today" if node["metadata"]["labels"].get("rest") == "today" else None\n'
        "\n"
        "cluster = Cluster(workers=3, seed=7, scheduler_profiles=DEFAULT_PLUGINS + (Rest(),))\n"
        'check("06-plugin")',
        "On a real cluster the same takes a few lines of Go and a scheduler of your own. Or a taint.",
    ),
)

LESSON = Lesson("06-scheduler", "Lesson 06: where will my pod go?", PREDICTIONS, EXERCISES, NODE_QUESTIONS)
