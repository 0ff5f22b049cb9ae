"""Lesson 06's checks: guessed nodes, two pods that waited, a rule about labels, a plugin of one's own."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Verdict
from cp_sim.course.lessons.clusters_06 import HOSTNAME, NVME
from cp_sim.course.looking import born, latest_decision
from cp_sim.course.manifest import pod
from cp_sim.course.predict_nodes import guess_of, outcomes
from cp_sim.objects import meta
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.views.facts import pod_requests

Object = dict[str, Any]

WANTED = 4  # of the six


def found(cluster: Cluster, name: str) -> Object | None:
    """The pod of that name, if there is one that is not going."""
    try:
        one: Object = cluster.get(f"pod/{name}")
    except ApiError:
        return None
    return None if meta.is_deleting(one) else one


# -- the six -------------------------------------------------------------------------------------------------------


def guessed_the_six(cluster: Cluster, _answer: Any) -> Verdict:
    """At least four of the kept guesses are right, ties included."""
    if not guess_of("06-six"):
        said = "You have not said yet where the six will go."
        hint = 'predict_nodes("06-six", {"plain": "worker-1", ...}), with a node for each of the six.'
        return Verdict(False, said, "Which machines does each of the six rule out?", hint)
    try:
        results = outcomes(cluster, "06-six")
    except LookupError as error:
        said = f"Your guess is kept, and nothing has happened yet: {error}."
        hint = 'reveal_nodes("06-six")'
        return Verdict(False, said, "Which cell creates the pods?", hint)
    wrong = [one for one in results if not one.counts]
    said = f"{len(results) - len(wrong)} of {len(results)} are where you said."
    if len(results) - len(wrong) >= WANTED:
        return Verdict(True, said, hint="")
    first = wrong[0]
    again = f"cluster = exam(seed={cluster.seed + 1}): the same six pods, other machines"
    return Verdict(False, f"{said} {first.pod}: {first.because}", _ASK.get(first.pod, _ASK["plain"]), again)


_ASK = {
    "plain": "Nothing rules a worker out for plain. On which one is the largest share free afterwards?",
    "picture": "Which machine has the label that picture asks for?",
    "giant": "How many machines have six CPUs that nobody has asked for?",
    "keeper": "keeper has a key for the control plane. Does it also say that it wants to go there?",
    "dreamer": "Which machine has the label that dreamer asks for?",
    "late": "The five others have been placed when late comes. What is still free where?",
}


# -- two that wait -------------------------------------------------------------------------------------------------


def mended_in_two_ways(cluster: Cluster, _answer: Any) -> Verdict:
    """`heavy` runs unchanged (the cluster changed), `picky` runs as a new pod (the nodes did not change)."""
    pods = {name: found(cluster, name) for name in ("heavy", "picky")}
    if born_late(cluster, "filler-1"):
        return Verdict(
            False, "This is not the cluster of the exercise.", "Which line makes it?", "cluster = jam(seed=7)"
        )
    for name, one in pods.items():
        if one is None:
            said = f"There is no pod called {name} any more."
            return Verdict(False, said, "Who makes a new pod when nobody but you wanted the old one?")
    heavy, picky = pods["heavy"], pods["picky"]
    assert heavy is not None
    assert picky is not None
    return _heavy(cluster, heavy) or _picky(cluster, picky) or _both(heavy, picky)


def born_late(cluster: Cluster, name: str) -> bool:
    """Whether the cluster never had a pod of that name."""
    try:
        born(cluster, f"pods/default/{name}")
    except LookupError:
        return True
    return False


def _heavy(cluster: Cluster, heavy: Object) -> Verdict | None:
    asked = pod_requests(heavy)
    first = cluster.at(born(cluster, "pods/default/heavy").revision or 1).get("pod/heavy")
    if meta.uid(heavy) != meta.uid(first):
        said = "This heavy is a new pod. The one that waited was to be helped as it is."
        return Verdict(False, said, "What in the cluster keeps heavy out?", "Begin again: cluster = jam(seed=7)")
    if asked != pod_requests(first):
        said = "heavy asks for less than it did. Its program still needs three CPUs."
        return Verdict(False, said, "Who could give three CPUs, if not a smaller request?")
    if not meta.node_name(heavy):
        said = f"heavy still waits: {latest_decision(cluster, 'heavy').message}"
        hint = "Add a machine (cluster.add_node), or take a filler away (%kubectl delete pod filler-1)."
        return Verdict(False, said, "How many CPUs has the emptiest worker left, and what takes the others?", hint)
    return None


def _picky(cluster: Cluster, picky: Object) -> Verdict | None:
    with_disk = [meta.name(node) for node in cluster.get("nodes") if meta.labels(node).get("disk") == NVME["disk"]]
    if with_disk:
        said = f"{with_disk[0]} says disk=nvme now. For picky the nodes were to stay as they are."
        hint = f"%kubectl label node {with_disk[0]} disk=ssd --overwrite, or remove the machine."
        return Verdict(False, said, "Has the machine really got such a disk, or only the label?", hint)
    if any(now < before for now, before in zip(pod_requests(picky), (500, 1024**3))):
        said = "picky asks for less than it did. What it needs has not changed, only which disk it may have."
        return Verdict(False, said, "Which line of its manifest kept it waiting?")
    if not meta.node_name(picky):
        said = f"picky still waits: {latest_decision(cluster, 'picky').message}"
        hint = "A pod's nodeSelector cannot be changed: delete picky, and create it with a disk that there is."
        return Verdict(False, said, "Which words of this message are about picky's own wish?", hint)
    try:
        latest_decision(cluster, "picky")
    except LookupError:
        said = "picky runs, but nodeName went around the scheduler: nobody looked whether there is room."
        return Verdict(False, said, "What was wrong with the wish for a disk?")
    return None


def _both(heavy: Object, picky: Object) -> Verdict:
    for one in (heavy, picky):
        if not meta.is_ready(one):
            said = f"{meta.name(one)} has a node and does not run yet."
            return Verdict(False, said, "Did you let time pass?", "cluster.settle()")
    places = f"heavy runs on {meta.node_name(heavy)}, picky on {meta.node_name(picky)}"
    return Verdict(True, f"{places}: one because the cluster changed, the other because its wish did.")


# -- a rule about labels -------------------------------------------------------------------------------------------


def exactly_the_fast_disks(cluster: Cluster, _answer: Any) -> Verdict:
    """`tidy` may go to ssd and nvme only, and likes nvme better, by labels."""
    tidy = found(cluster, "tidy")
    if tidy is None:
        return Verdict(False, "There is no pod called tidy.", "What does an affinity say that a nodeSelector cannot?")
    try:
        decision = latest_decision(cluster, "tidy")
    except LookupError:
        said = "You went around the scheduler with nodeName: it was never asked about tidy."
        return Verdict(False, said, "Which field says where a pod may go, and leaves the choice to the scheduler?")
    wanted = {meta.name(node) for node in cluster.get("nodes") if meta.labels(node).get("disk") in ("ssd", "nvme")}
    feasible = set(decision.feasible)
    if feasible != wanted:
        return _wrong_set(decision, feasible, wanted)
    liked = decision.scores().get("NodeAffinity", {})
    nvme = [name for name in wanted if meta.labels(cluster.get(f"node/{name}"))["disk"] == "nvme"]
    if not liked or any(liked[one] <= liked[name] for one in nvme for name in wanted - set(nvme)):
        said = "tidy may go to the right machines, but it does not say that it likes nvme better."
        hint = "preferredDuringSchedulingIgnoredDuringExecution: [{weight: 10, preference: {matchExpressions: [...]}}]"
        return Verdict(False, said, "Which half of an affinity gives points instead of cutting?", hint)
    return _by_labels(cluster, tidy)


def _wrong_set(decision: Any, feasible: set[str], wanted: set[str]) -> Verdict:
    names = ", ".join(sorted(feasible)) or "no machine"
    said = f"For the scheduler tidy may go to {names}."
    if feasible - wanted:
        hint = "nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution with operator In and two values"
        question = f"What would have to cut off {sorted(feasible - wanted)[0]}?"
        return Verdict(False, said, question, hint)
    lost = sorted(wanted - feasible)[0]
    return Verdict(False, f"{said} {decision.why_not(lost)}", f"Why may it not go to {lost}?")


def _by_labels(cluster: Cluster, tidy: Object) -> Verdict:
    """Play in a copy of the cluster what happens when one more machine with a fast disk comes."""
    copy = cluster.fork()
    copy.add_node("worker-99", labels=NVME)
    copy.settle()
    spec = {key: value for key, value in tidy["spec"].items() if key not in ("nodeName", "containers", "volumes")}
    copy.apply({**pod("tidy-again"), "spec": {**spec, "containers": pod("x")["spec"]["containers"]}})
    copy.settle()
    again = latest_decision(copy, "tidy-again")
    if "worker-99" not in again.feasible:
        said = (
            "I added another machine with disk=nvme to a copy of your cluster, and a pod like tidy could not go there: "
            f"{again.why_not('worker-99')}"
        )
        question = f"What does your rule name: machines ({HOSTNAME}), or what they have?"
        return Verdict(False, said, question, "Write the rule with the key `disk`.")
    return Verdict(
        True, f"tidy is on {meta.node_name(tidy)}, and a new machine with a fast disk would be welcome, too."
    )


# -- a plugin ------------------------------------------------------------------------------------------------------

DEFAULTS = frozenset(plugin.name for plugin in DEFAULT_PLUGINS)


def a_plugin_that_lets_rest(cluster: Cluster, _answer: Any) -> Verdict:
    """In a copy of the cluster one worker gets the label rest=today, and a new pod shows what the plugin does."""
    scheduler: Any = next(actor for name, actor in cluster.loop.actors.items() if name.startswith("kube-scheduler"))
    profiles = scheduler.profiles.values()
    own = [plugin.name for profile in profiles for plugin in profile.plugins if plugin.name not in DEFAULTS]
    if not own:
        said = "The scheduler of this cluster runs its own plugins and none of yours."
        hint = "cluster = Cluster(workers=3, seed=7, scheduler_profiles=DEFAULT_PLUGINS + (Rest(),))"
        return Verdict(False, said, "Where does a cluster learn which plugins there are?", hint)
    copy = cluster.fork()
    workers = sorted(meta.name(node) for node in copy.get("nodes") if "worker" in meta.name(node))
    copy.label(f"node/{workers[0]}", "rest=today")
    copy.apply(pod("probe"))
    copy.settle()
    decision = latest_decision(copy, "probe")
    if decision.result == "error":
        said = f"I labelled {workers[0]} in a copy of your cluster and made a pod. It failed: {decision.message}"
        return Verdict(False, said, "What does a node's manifest look like where there are no labels?")
    cut = [name for name, one in decision.verdicts().items() if one is not None and one.plugin in own]
    told = f"I gave {workers[0]} the label rest=today in a copy of your cluster and made a pod."
    if workers[0] not in cut:
        hint = 'def filter_node(self, pod, node): return "..." if node["metadata"]["labels"].get("rest") else None'
        return Verdict(
            False, f"{told} {own[0]} let it in.", "What does filter_node return for a node to cut off?", hint
        )
    if len(cut) > 1:
        other = next(name for name in cut if name != workers[0])
        said = f"{told} {own[0]} cut off {other} as well, which has no such label."
        return Verdict(False, said, "What does filter_node return for a node that may be used?", "None")
    reason = decision.verdict(workers[0]).reasons[0]
    return Verdict(True, f'{told} {own[0]} cut it off: "{reason}". The pod went to {decision.node}.')
