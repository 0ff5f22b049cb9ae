"""Lesson 07's checks: one guest, ninety seconds, a drain with a budget, a spare wheel."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.cluster import CONTROL_PLANE_ROLE, Cluster
from cp_sim.course.lesson import Verdict
from cp_sim.course.looking import born, has_key, has_taint, latest_decision, on_node
from cp_sim.objects import edit, meta
from cp_sim.objects.selectors import matches
from cp_sim.views.facts import pod_requests

CONTROL_PLANE = "control-plane-1"
TAINT = {"key": CONTROL_PLANE_ROLE, "effect": "NoSchedule"}


def exactly_one_pod(cluster: Cluster, _answer: Any) -> Verdict:
    """One pod of the learner's runs on the control plane, and the taint is in place."""
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


def leaves_after_ninety_seconds(cluster: Cluster, _answer: Any) -> Verdict:
    """A running pod will leave its node 90 seconds after the node got a NoExecute taint."""
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


def drained_with_a_budget(cluster: Cluster, _answer: Any) -> Verdict:
    """worker-1 is empty, and since the budget was made at least 3 pods of shop were always ready."""
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


def used_last(cluster: Cluster, _answer: Any) -> Verdict:
    """Of three pods of line two run on worker-1 and the third, which found no room, on worker-2 in spite of a sign."""
    effects = [taint["effect"] for taint in edit.get(cluster.get("node/worker-2"), "spec.taints") or ()]
    if not effects:
        said = "worker-2 carries no taint."
        return Verdict(False, said, "Which effect makes the scheduler rather take another node?")
    if set(effects) != {"PreferNoSchedule"}:
        said = f"worker-2 carries a taint with the effect {next(one for one in effects if one != 'PreferNoSchedule')}."
        question = "Will the third pod come in when worker-1 is full?"
        return Verdict(False, said, question, "The effect has to be PreferNoSchedule.")
    pods = [pod for pod in cluster.get("pods") if meta.labels(pod).get("app") == "line" and meta.is_active(pod)]
    if len(pods) != 3:
        said = f"There are {len(pods)} pods with the label app=line, and there should be 3."
        return Verdict(False, said, "Which Deployment makes them?", "A Deployment `line` with 3 replicas.")
    small = [pod for pod in pods if pod_requests(pod)[0] != 1500]
    if small:
        said = f"{meta.name(small[0])} asks for {pod_requests(small[0])[0]}m of cpu, not for 1500m."
        return Verdict(False, said, "How many fit on a worker of 4 CPUs?", _REQUESTS)
    places = sorted(meta.node_name(pod) or "no node" for pod in pods)
    if places != ["worker-1", "worker-1", "worker-2"]:
        said = f"They are on {', '.join(places)}."
        question = "Was the sign there before the pods? And does a sign move anybody who is inside?"
        return Verdict(False, said, question, "Taint worker-2 first; then make the pods anew.")
    if any(edit.get(pod, "spec.nodeSelector") or edit.get(pod, "spec.affinity") for pod in pods):
        said = "They are where they should be, but they were sent there by a selector."
        return Verdict(False, said, "Who should rather not be used: is that a matter of the pods, or of the node?")
    last = next(meta.name(pod) for pod in pods if meta.node_name(pod) == "worker-2")
    if latest_decision(cluster, last).verdict("worker-1") is None:
        said = f"{last} went to worker-2 while worker-1 still had room."
        question = "Was the sign there before the pods? And does a sign move anybody who is inside?"
        return Verdict(False, said, question, "Taint worker-2 first; then make the pods anew.")
    return Verdict(
        True, "Two are on worker-1; the third found no room there, and came to worker-2 in spite of its sign."
    )


_REQUESTS = "%kubectl set resources deployment line --requests=cpu=1500m, or resources.requests in the manifest"
