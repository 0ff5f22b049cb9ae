"""Lesson 07: why is the control plane empty?"""

from __future__ import annotations

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Exercise, Lesson, NodeQuestion, Prediction
from cp_sim.course.lessons import checks_07
from cp_sim.course.lessons.checks_07 import CONTROL_PLANE
from cp_sim.course.looking import latest_decision, on_node
from cp_sim.course.manifest import pod
from cp_sim.objects import edit, meta


def _on_the_control_plane(cluster: Cluster) -> int:
    pods = [pod for pod in cluster.get("pods") if meta.labels(pod).get("app") == "web"]
    if not pods:
        raise LookupError("there are no pods called web yet")
    return sum(meta.node_name(pod) == CONTROL_PLANE for pod in pods)


def _choices_of_the_guest(cluster: Cluster) -> int:
    feasible = len(latest_decision(cluster, "guest").feasible)
    return 2 if feasible > 1 else 1 if feasible == 1 else 3


def _after_the_cordon(cluster: Cluster) -> int:
    if not edit.get(cluster.get("node/worker-1"), "spec.unschedulable"):
        raise LookupError("worker-1 is not cordoned")
    return 2 if on_node(cluster, "worker-1") else 1


PREDICTIONS = (
    Prediction(
        "07-empty",
        "One control plane, two workers, all of the same size and all idle. You ask for 6 pods. How many will "
        "run on the control plane?",
        (),
        _on_the_control_plane,
        "The control plane carries a taint, and these pods have nothing that fits it.",
    ),
    Prediction(
        "07-guest",
        "The pod `guest` has a toleration for the control plane's taint. Where will it go?",
        (
            "to the control plane: that is what the toleration says",
            "to whichever of the three nodes the scheduler likes best",
            "to no node at all",
        ),
        _choices_of_the_guest,
        "A toleration only takes an obstacle away. With it, all three nodes are candidates, and the scores decide.",
    ),
    Prediction(
        "07-cordon",
        "Pods run on worker-1. You cordon worker-1. What becomes of them?",
        (
            "they are evicted and start elsewhere",
            "nothing: they stay and go on running",
            "they move after five minutes",
        ),
        _after_the_cordon,
        "Cordon writes one field, spec.unschedulable. It is a sign for the scheduler, and the scheduler only "
        "looks at new pods.",
    ),
)


NODE_QUESTIONS = (
    NodeQuestion(
        "07-quiet",
        "worker-1 has a taint with the effect PreferNoSchedule, and quiet has no toleration. Where will it go?",
        lambda _cluster: [pod("quiet", "100m", "100Mi")],
        "The sign on worker-1 cut nothing off; it cost the whole of TaintToleration's points, three times 100.",
    ),
)

EXERCISES = (
    Exercise(
        "07-one-pod",
        "One guest on the control plane",
        "Bring exactly one pod of yours onto `control-plane-1`. Its taint has to stay where it is.",
        checks_07.exactly_one_pod,
        "What does a pod need so that a taint does not keep it away?",
        "Two things: a toleration that fits the taint, and something that sends the pod there, such as a nodeSelector.",
        "%%kubectl apply -f -\n"
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata: {name: single}\n"
        "spec:\n"
        "  nodeSelector: {kubernetes.io/hostname: control-plane-1}\n"
        "  tolerations:\n"
        "  - {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}\n"
        "  containers:\n"
        "  - {name: main, image: nginx}",
        "The key opened the door; the selector sent the pod through it.",
    ),
    Exercise(
        "07-ninety",
        "Ninety seconds to leave",
        "Arrange that a running pod has to leave its node 90 seconds after the node got a taint. "
        "You need not wait: I run a copy of your cluster ahead and look.",
        checks_07.leaves_after_ninety_seconds,
        "Which of the three effects also concerns pods that already run?",
        "Create a pod with a toleration of effect NoExecute and tolerationSeconds: 90, see where it runs, then "
        "taint that node "
        "with NoExecute.",
        "%%kubectl apply -f -\n"
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata: {name: patient}\n"
        "spec:\n"
        "  nodeSelector: {kubernetes.io/hostname: worker-2}\n"
        "  tolerations:\n"
        "  - {key: repair, operator: Exists, effect: NoExecute, tolerationSeconds: 90}\n"
        "  containers:\n"
        "  - {name: main, image: nginx}\n"
        "# in the next cell:\n"
        "%kubectl taint nodes worker-2 repair:NoExecute",
        "Take the taint off again before you go on: `%kubectl taint nodes worker-2 repair-`",
    ),
    Exercise(
        "07-drain",
        "Empty a node and keep the shop open",
        "Create a Deployment `shop` with 4 replicas. Then empty `worker-1` with a drain, in such a way that at "
        "no moment fewer "
        "than 3 of its pods are ready. I look at every revision since the budget was made.",
        checks_07.drained_with_a_budget,
        "Who could say no to an eviction?",
        "A PodDisruptionBudget with minAvailable 3, made before the drain.",
        "%kubectl create deployment shop --image=nginx --replicas=4\n"
        "%kubectl create pdb shop --selector=app=shop --min-available=3\n"
        "%kubectl drain worker-1 --ignore-daemonsets --force",
        "One pod left, its successor became ready elsewhere, and only then the next one was allowed to go.",
    ),
    Exercise(
        "07-spare",
        "The spare wheel",
        "`worker-2` is to be used last, only when there is no room elsewhere. Arrange that with one taint, and show it "
        "with a Deployment `line` of 3 replicas that ask for 1500m cpu each: two find room on `worker-1`, the third "
        "goes to `worker-2`.",
        checks_07.used_last,
        "Which of the three effects costs points instead of closing the door?",
        "PreferNoSchedule on worker-2, and then the Deployment.",
        "%kubectl taint nodes worker-2 spare:PreferNoSchedule\n"
        "%%kubectl apply -f -\n"
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata: {name: line}\n"
        "spec:\n"
        "  replicas: 3\n"
        "  selector: {matchLabels: {app: line}}\n"
        "  template:\n"
        "    metadata: {labels: {app: line}}\n"
        "    spec:\n"
        "      containers:\n"
        "      - {name: main, image: nginx, resources: {requests: {cpu: 1500m}}}",
        "The points for spreading (2 times 100) were on worker-2's side. The sign (3 times 100) was stronger.",
    ),
)

LESSON = Lesson("07-taints", "Lesson 07: why is the control plane empty?", PREDICTIONS, EXERCISES, NODE_QUESTIONS)
