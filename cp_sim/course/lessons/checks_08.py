"""Lesson 08's checks: replicas over zones, an update that goes on, a preemption that does not happen, a what-if."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Verdict
from cp_sim.course.lessons.clusters_08 import ZONE, report, rescue
from cp_sim.course.looking import decisions_about
from cp_sim.objects import edit, meta

Object = dict[str, Any]

REPLICAS = 6


def _get(cluster: Cluster, what: str) -> Object | None:
    try:
        found: Object = cluster.get(what)
    except ApiError:
        return None
    return found


def _pods_of(cluster: Cluster, app: str) -> list[Object]:
    """The pods with the label `app` that are not going."""
    return [one for one in cluster.get("pods") if meta.labels(one).get("app") == app and meta.is_active(one)]


# -- six over three zones ----------------------------------------------------------------------------------------------


def six_over_three_zones(cluster: Cluster, _answer: Any) -> Verdict:
    """A Deployment web of six, ready, two in each zone, held there by a rule of its own."""
    web = _get(cluster, "deployment/web")
    if web is None:
        return Verdict(False, "There is no Deployment called web.", "Which kind keeps six pods alive?")
    rules = edit.get(web, "spec.template.spec.topologySpreadConstraints") or []
    over_zones = [one for one in rules if one["topologyKey"] == ZONE]
    if not over_zones:
        said = "The pods of web have no rule about zones: where they are now is luck."
        return Verdict(False, said, "Where in the manifest does a rule for *pods* belong, in a Deployment?")
    rule = over_zones[0]
    if rule["maxSkew"] != 1 or rule["whenUnsatisfiable"] != "DoNotSchedule":
        said = f"The rule says maxSkew {rule['maxSkew']}, {rule['whenUnsatisfiable']}."
        return Verdict(False, said, "By how much may zones differ, and is that a wish or a must?")
    pods = _pods_of(cluster, "web")
    if edit.get(web, "spec.replicas") != REPLICAS:
        return Verdict(False, f"web wants {edit.get(web, 'spec.replicas')} pods.", "How many were to be there?")
    if not all(meta.node_name(one) for one in pods) or len(pods) != REPLICAS:
        placed = sum(bool(meta.node_name(one)) for one in pods)
        said = f"{placed} of {REPLICAS} pods have a node."
        hint = "Look at a waiting one with %kubectl describe pod. Does the rule's labelSelector fit the pods?"
        return Verdict(False, said, "What does the scheduler say about one that waits?", hint)
    zone_of = {meta.name(node): meta.labels(node).get(ZONE, "") for node in cluster.get("nodes")}
    counts = Counter(zone_of[meta.node_name(one)] for one in pods)
    told = ", ".join(f"{zone}: {count}" for zone, count in sorted(counts.items()))
    if sorted(counts.values()) != [2, 2, 2]:
        hint = "The labelSelector of the rule has to select the pods of web themselves: matchLabels: {app: web}."
        return Verdict(False, f"By zone: {told}.", "Which pods does the rule count?", hint)
    return Verdict(True, f"By zone: {told}.")


# -- the update that is stuck ------------------------------------------------------------------------------------------


def update_went_on(cluster: Cluster, _answer: Any) -> Verdict:
    """All pods of shop are new and run, still no two on one machine."""
    shop = _get(cluster, "deployment/shop")
    if shop is None:
        return Verdict(False, "There is no Deployment called shop.", "Which line makes it?", "cluster = stuck(seed=7)")
    template = edit.get(shop, "spec.template.spec") or {}
    if not edit.get(template, "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution"):
        said = "The pods of shop may share a machine now. They were to stay apart: if one machine dies, two go on."
        return Verdict(False, said, "What else could give a new pod a machine of its own?")
    if edit.get(template["containers"][0], "resources.requests.cpu") != "600m":
        said = "shop asks for something else than 600m now: the update was to go on, not to be taken back."
        return Verdict(False, said, "Who is in the way of the new pod?")
    if edit.get(shop, "spec.replicas") != 3:
        said = f"shop has {edit.get(shop, 'spec.replicas')} replicas. It needs its three."
        return Verdict(False, said, "Is there a way that keeps three in the end?")
    status = shop.get("status") or {}
    done = status.get("updatedReplicas") == 3 and status.get("readyReplicas") == 3 and status.get("replicas") == 3
    if not done:
        said = f"{status.get('updatedReplicas', 0)} of 3 are new, {status.get('readyReplicas', 0)} are ready."
        hint = "One machine more (cluster.add_node), or let one old pod go first: maxSurge 0, maxUnavailable 1."
        return Verdict(False, said, "The new pod wants a machine without a pod of shop. Who could make one free?", hint)
    nodes = {meta.node_name(one) for one in _pods_of(cluster, "shop")}
    return Verdict(True, f"Three new pods on {', '.join(sorted(nodes))}.")


# -- tonight's report --------------------------------------------------------------------------------------------------


def nobody_is_pushed_out(cluster: Cluster, _answer: Any) -> Verdict:
    """In a copy of the cluster the pod `report` is created, and all pods of shop stay."""
    if _get(cluster, "deployment/shop") is None or cluster.get("deployment/shop")["spec"]["replicas"] != 3:
        said = "shop has to go on with its three pods."
        return Verdict(False, said, "Who needs protection tonight?", "Begin again: cluster = tonight(seed=7)")
    shop = {meta.uid(one): meta.name(one) for one in _pods_of(cluster, "shop") if meta.node_name(one)}
    if len(shop) < 3:
        said = f"Only {len(shop)} pods of shop have a node now. Let the cluster come to rest first."
        return Verdict(False, said, "Have you let time pass since your last change?", "cluster.settle()")
    try_out = cluster.fork()
    try:
        try_out.apply(report())
    except ApiError as error:
        said = f"The pod report is refused: {error}"
        return Verdict(False, said, "Can a pod name a class that does not exist?")
    try_out.run("60s")
    left = {meta.uid(one) for one in _pods_of(try_out, "shop")}
    gone = [name for uid, name in shop.items() if uid not in left]
    if gone:
        said = f"In the copy, {gone[0]} had to give way to report."
        hint = "A PriorityClass cannot be changed: delete it and make it anew with preemptionPolicy: Never."
        return Verdict(False, said, "What may a pod of a class do, besides standing further ahead in the queue?", hint)
    where = meta.node_name(try_out.get("pod/report"))
    told = f"In the copy, report goes to {where}" if where else "In the copy, report waits"
    return Verdict(True, f"{told}, and all three pods of shop stay.")


# -- what if -----------------------------------------------------------------------------------------------------------


def who_would_have_to_go(cluster: Cluster, answer: Any) -> Verdict:
    """The pod that would give way to a rescue of one CPU, found out without creating one."""
    if _get(cluster, "pod/filler") is None or _get(cluster, "pod/api") is None:
        said = "This is not the full house any more."
        return Verdict(False, said, "Which line makes it?", "cluster = full_house(seed=7)")
    if decisions_about(cluster, "rescue"):
        said = "You have created rescue. The question was what would happen *if*."
        return Verdict(False, said, "Who can tell without doing it?", "cluster = full_house(seed=7), then what_if")
    if not isinstance(answer, str) or not answer:
        return Verdict(False, "Say the name of the pod.", "What does what_if tell when you print it?")
    found = cluster.what_if(rescue("2")).after.preemption
    victims = [key.partition("/")[2] for key in found.victims] if found else []
    if found is None or victims != [answer.partition("/")[2] or answer]:
        said = f"With 2 CPUs, {answer} would not be the one."
        hint = 'print(cluster.what_if(rescue("2")))'
        return Verdict(False, said, "On which machine does the least important victim sit?", hint)
    return Verdict(True, f"{answer} on {found.nominated} would have to go.")
