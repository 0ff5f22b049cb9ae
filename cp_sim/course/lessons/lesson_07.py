"""Lesson 07: why is the control plane empty?"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.cluster import CONTROL_PLANE_ROLE, Cluster
from cp_sim.course.lesson import Exercise, Lesson, Prediction, Verdict
from cp_sim.course.looking import born, has_key, has_taint, on_node
from cp_sim.objects import edit, meta
from cp_sim.objects.selectors import matches

CONTROL_PLANE = "control-plane-1"
TAINT = {"key": CONTROL_PLANE_ROLE, "effect": "NoSchedule"}


def _decision(cluster: Cluster, pod: str) -> Any:
    for record in reversed(cluster.trace.about(f"pods/default/{pod}")):
        if record.verb == "schedule":
            return record.evidence
    raise LookupError(f"the scheduler has not looked at a pod called {pod} yet")


def _on_the_control_plane(cluster: Cluster) -> int:
    pods = [pod for pod in cluster.get("pods") if meta.labels(pod).get("app") == "web"]
    if not pods:
        raise LookupError("there are no pods called web yet")
    return sum(meta.node_name(pod) == CONTROL_PLANE for pod in pods)


def _choices_of_the_guest(cluster: Cluster) -> int:
    feasible = len(_decision(cluster, "guest").feasible)
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


def _exactly_one_pod(cluster: Cluster, _answer: Any) -> Verdict:
    if not has_taint(cluster, CONTROL_PLANE, TAINT["key"], TAINT["effect"]):
        return Verdict(
            False,
            "The control plane has lost its taint.",
            "The door may stay locked, if the guest has…?",
            f"Put the taint back: %kubectl taint nodes {CONTROL_PLANE} {CONTROL_PLANE_ROLE}:NoSchedule",
        )
    guests = on_node(cluster, CONTROL_PLANE)
    running = [pod for pod in guests if meta.is_ready(pod)]
    if not guests:
        keyed = [pod for pod in cluster.get("pods") if has_key(pod, TAINT) and meta.is_active(pod)]
        if keyed:
            return Verdict(
                False,
                f"The pod {meta.name(keyed[0])} could run on the control plane, but the scheduler put it elsewhere.",
                "A key opens a door. Does it also send anybody through it?",
                "Say where the pod shall go as well: spec.nodeSelector with kubernetes.io/hostname: control-plane-1",
            )
        return Verdict(False, "There is no pod of yours on the control plane.")
    if len(guests) > 1:
        names = ", ".join(meta.name(pod) for pod in guests)
        return Verdict(
            False,
            f"There are {len(guests)} pods on the control plane: {names}.",
            "Which of them were there before you put the lock back, and does the lock throw anybody out?",
            "NoSchedule lets stay who is inside: delete the pods that should not be there.",
        )
    if not running:
        return Verdict(
            False,
            f"The pod {meta.name(guests[0])} is there but does not run yet.",
            "Did you let time pass?",
            "cluster.settle()",
        )
    if not has_key(guests[0], TAINT):
        around = "You went around the scheduler: it was never asked about this pod."
        return Verdict(True, f"Exactly one pod, {meta.name(guests[0])}, and the taint is in place. {around}")
    return Verdict(True, f"Exactly one pod, {meta.name(guests[0])}, and the taint is in place.")


def _leaves_after_ninety_seconds(cluster: Cluster, _answer: Any) -> Verdict:
    taints = [
        (meta.name(node), taint)
        for node in cluster.get("nodes")
        for taint in edit.get(node, "spec.taints") or ()
        if taint["effect"] == "NoExecute"
    ]
    if not taints:
        return Verdict(
            False, "No node has a taint with the effect NoExecute.", "Which effect also concerns pods that already run?"
        )
    for node, taint in taints:
        for pod in on_node(cluster, node):
            if has_key(pod, taint):
                return _judge_the_future(cluster, pod, node)
    return Verdict(
        False,
        f"{taints[0][0]} is tainted, but no pod there has a toleration for it.",
        "Who may stay on a tainted node for a while, and who says for how long?",
        "A toleration with effect NoExecute takes tolerationSeconds; create the pod first, taint its node then.",
    )


def _judge_the_future(cluster: Cluster, pod: Any, node: str) -> Verdict:
    """Run a copy of the cluster forward and look when the pod goes: the cluster itself stays as it is."""
    future = cluster.fork()
    begun = future.clock.now_ms
    for _ in range(200):
        future.run("1s")
        there = [other for other in on_node(future, node) if meta.uid(other) == meta.uid(pod)]
        if not there:
            break
    else:
        said = f"I ran a copy of your cluster 200 s ahead, and {meta.name(pod)} was still on {node}."
        return Verdict(
            False, said, "What limits how long a toleration holds?", "Set tolerationSeconds: 90 in the toleration."
        )
    history = future.trace.about(f"pods/{meta.key(pod)}")
    gone = next(record.time_ms for record in history if record.verb == "delete" and record.time_ms >= begun)
    waited = round((gone - begun) / 1000)
    total = round((gone - _tainted_since(cluster, node)) / 1000)
    if 89 <= total <= 91:
        return Verdict(
            True, f"I ran a copy of your cluster ahead: {meta.name(pod)} leaves {node} {total} s after the taint came."
        )
    told = f"{meta.name(pod)} leaves {total} s after the taint came ({waited} s from now)."
    said = f"I ran a copy of your cluster ahead: {told}"
    return Verdict(False, said, "Which number in the toleration is that?", "It has to be tolerationSeconds: 90.")


def _tainted_since(cluster: Cluster, node: str) -> int:
    """When the NoExecute taint that the node has now was written."""
    for record in reversed(cluster.trace.about(f"nodes/{node}")):
        if record.revision is None:
            continue
        earlier = cluster.at(record.revision - 1).get(f"node/{node}")
        if not any(taint["effect"] == "NoExecute" for taint in edit.get(earlier, "spec.taints") or ()):
            return record.time_ms
    return 0


def _drained_with_a_budget(cluster: Cluster, _answer: Any) -> Verdict:
    try:
        cluster.get("deployment/shop")
    except ApiError:
        return Verdict(
            False,
            "There is no Deployment called shop.",
            "What shall the budget protect?",
            "Create it first: 4 replicas.",
        )
    budgets = [
        budget
        for budget in cluster.get("poddisruptionbudgets")
        if matches(edit.get(budget, "spec.selector"), {"app": "shop"})
    ]
    if not budgets:
        said = "No disruption budget counts the pods with the label app=shop."
        return Verdict(
            False,
            said,
            "Who stops an eviction that would leave too few?",
            "%kubectl create pdb shop --selector=app=shop --min-available=3",
        )
    made = born(cluster, f"poddisruptionbudgets/{meta.key(budgets[0])}")
    least = _fewest_ready(cluster, made.revision or 0)
    node = cluster.get("node/worker-1")
    if not edit.get(node, "spec.unschedulable"):
        return Verdict(
            False,
            "worker-1 still takes pods.",
            "Which command empties a node and keeps it empty?",
            "%kubectl drain worker-1",
        )
    left = [pod for pod in on_node(cluster, "worker-1") if meta.controller_of(pod)]
    if left:
        said = f"{len(left)} pods are still on worker-1."
        if any(not meta.node_name(pod) for pod in cluster.get("pods")):
            open_doors = "Look at the taints of the other nodes: a lock from an earlier exercise may still hang there."
            return Verdict(
                False, f"{said} Others wait without a node.", "Where could their successors run?", open_doors
            )
        return Verdict(
            False,
            said,
            "What did drain answer, and which number would let it go on?",
            "The budget must leave room for one disruption.",
        )
    if least < 3:
        said = f"worker-1 is empty, but on the way there were moments with only {least} pods of shop ready."
        return Verdict(
            False,
            said,
            "Was the budget there before the drain, and did it ask for enough?",
            "Create the budget first, with --min-available=3.",
        )
    return Verdict(
        True,
        f"worker-1 is empty, and at no moment fewer than {least} pods of shop were ready. I looked at every revision.",
    )


def _fewest_ready(cluster: Cluster, since: int) -> int:
    """The smallest number of ready pods of shop at any revision since the budget was made."""
    least = None
    for record in cluster.trace:
        if record.revision is None or record.revision < since or not record.subject.startswith("pods/default/shop-"):
            continue
        pods = cluster.at(record.revision).get("pods")
        ready = sum(
            meta.labels(pod).get("app") == "shop" and meta.is_ready(pod) and not meta.is_deleting(pod) for pod in pods
        )
        least = ready if least is None else min(least, ready)
    return 4 if least is None else least


EXERCISES = (
    Exercise(
        "07-one-pod",
        "One guest on the control plane",
        "Bring exactly one pod of yours onto `control-plane-1`. Its taint has to stay where it is.",
        _exactly_one_pod,
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
        _leaves_after_ninety_seconds,
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
        _drained_with_a_budget,
        "Who could say no to an eviction?",
        "A PodDisruptionBudget with minAvailable 3, made before the drain.",
        "%kubectl create deployment shop --image=nginx --replicas=4\n"
        "%kubectl create pdb shop --selector=app=shop --min-available=3\n"
        "%kubectl drain worker-1 --ignore-daemonsets --force",
        "One pod left, its successor became ready elsewhere, and only then the next one was allowed to go.",
    ),
)

LESSON = Lesson("07-taints", "Lesson 07: why is the control plane empty?", PREDICTIONS, EXERCISES)
