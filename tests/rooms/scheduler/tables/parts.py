"""The short notation of the tables: a node or a pod in a line, selectors and taints as kubectl writes them.

    node("n1", "zone=a disk=ssd", taints="gpu=yes:NoSchedule", cpu="4", memory="8Gi")
    pod("app=web", on="n1", cpu="500m", priority=10, near=["app in (db, cache) per zone"])

A selector is what `kubectl get -l` takes; `"*"` is the empty selector, which matches everything, `None` no selector.
A pod affinity term is `"selector per topology key"`, a preferred one `"weight: selector per topology key"`; what needs
more fields is written out with `term`.  Pods without a name are numbered in the order in which they are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.objects import selectors
from cp_sim.scheduler import Decision, cycle
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.framework import Plugin, Profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.scenario import LOOKED_UP

Object = dict[str, Any]

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
HOSTNAME = "kubernetes.io/hostname"
OPERATORS = {
    "=": "In",
    "==": "In",
    "in": "In",
    "!=": "NotIn",
    "notin": "NotIn",
    "exists": "Exists",
    "!": "DoesNotExist",
}

# What a node may answer, beside (status code, reason, ...).
FITS = None
# What a plugin says that takes no part in placing this pod.
SKIPS = "Skip"

UNSCHEDULABLE = "Unschedulable"
UNRESOLVABLE = "UnschedulableAndUnresolvable"
# What InterPodAffinity answers.
NOT_NEAR = (UNRESOLVABLE, "node(s) didn't match pod affinity rules")
NOT_FAR = (UNSCHEDULABLE, "node(s) didn't match pod anti-affinity rules")
KEPT_AWAY = (UNSCHEDULABLE, "node(s) didn't satisfy existing pods anti-affinity rules")


# -- pieces ------------------------------------------------------------------------------------------------------------


def labels(text: str) -> dict[str, str]:
    """Labels from `"app=web tier"`; a key alone has the empty value."""
    return {key: value for key, _, value in (one.partition("=") for one in text.split())}


def selector(text: str | None) -> Object | None:
    """A label selector of the wire from kubectl's notation."""
    if text is None:
        return None
    if text == "*":
        return {}
    return {"matchExpressions": expressions(text)}


def expressions(text: str) -> list[Object]:
    """The conditions of a selector, also with `key>5` and `key<5` as node selectors have them."""
    found = []
    for one in selectors.parse_labels(text).requirements:
        operator = {"gt": "Gt", "lt": "Lt"}.get(one.operator) or OPERATORS[one.operator]
        found.append({"key": one.key, "operator": operator, **({"values": [*one.values]} if one.values else {})})
    return found


def term(chosen: str | None, key: str, namespaces: str = "", **more: Any) -> Object:
    """A pod affinity term; `more` are further fields by their own names."""
    found: Object = {"topologyKey": key, **more}
    if chosen is not None:
        found["labelSelector"] = selector(chosen)
    if namespaces:
        found["namespaces"] = namespaces.split()
    return found


def _term(one: str | Object) -> Object:
    if not isinstance(one, str):
        return one
    chosen, _, key = one.rpartition(" per ")
    return term(chosen, key)


def _weighted(one: str | tuple[int, Object]) -> Object:
    if isinstance(one, tuple):
        return {"weight": one[0], "podAffinityTerm": one[1]}
    weight, _, rest = one.partition(": ")
    return {"weight": int(weight), "podAffinityTerm": _term(rest)}


def hard(max_skew: int, key: str, chosen: str | None, **more: Any) -> Object:
    """A topology spread constraint that must be met."""
    found = {"maxSkew": max_skew, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", **more}
    return found if chosen is None else {**found, "labelSelector": selector(chosen)}


def soft(max_skew: int, key: str, chosen: str | None, **more: Any) -> Object:
    """A topology spread constraint that gives points."""
    return {**hard(max_skew, key, chosen, **more), "whenUnsatisfiable": "ScheduleAnyway"}


def taints(text: str) -> list[Object]:
    """Taints from `"key=value:Effect key:Effect"`."""
    found = []
    for one in text.split():
        rest, _, effect = one.rpartition(":")
        key, _, value = rest.partition("=")
        found.append({"key": key, "effect": effect, **({"value": value} if value else {})})
    return found


def tolerations(text: str) -> list[Object]:
    """Tolerations from `"key=value:Effect"` (equal) or `"key:Effect"` (exists); `*` is any key, no effect means any."""
    found = []
    for one in text.split():
        rest, _, effect = one.partition(":")
        key, equal, value = rest.partition("=")
        made: Object = {"key": key, "operator": "Equal", "value": value} if equal else {"operator": "Exists"}
        if not equal and key != "*":
            made["key"] = key
        found.append({**made, **({"effect": effect} if effect else {})})
    return found


# -- nodes and pods ----------------------------------------------------------------------------------------------------


def node(name: str, marks: str = "", *, hostname: bool = False, **more: Any) -> Object:
    """A node with labels; `taints`, `images`, `unschedulable`, and `cpu`, `memory`, `pods` or further `resources` that
    it has.  `hostname` adds the label of that name.
    """
    spec: Object = {"taints": taints(more.pop("taints"))} if "taints" in more else {}
    if more.pop("unschedulable", False):
        spec["unschedulable"] = True
    amounts = {name: more.pop(name) for name in ("cpu", "memory", "pods") if name in more} | more.pop("resources", {})
    status: Object = {"allocatable": {resource: str(amount) for resource, amount in amounts.items()}}
    if "images" in more:
        status["images"] = more.pop("images")
    assert not more, f"a node has no {', '.join(more)}"
    marked = labels(marks) | ({HOSTNAME: name} if hostname else {})
    return {"kind": "Node", "metadata": {"name": name, "labels": marked}, "spec": spec, "status": status}


RULES = {
    "near": ("podAffinity", REQUIRED, _term),
    "far": ("podAntiAffinity", REQUIRED, _term),
    "prefers": ("podAffinity", PREFERRED, _weighted),
    "avoids": ("podAntiAffinity", PREFERRED, _weighted),
}


def pod(marks: str = "", name: str = "", on: str = "", **more: Any) -> Object:
    """A pod with labels and one container.

    `cpu`, `memory` or further `requests`; `near`, `far`, `prefers`, `avoids`: terms of pod affinity; `nodes`: its node
    affinity, `where`: its nodeSelector as labels; `spread`: constraints; `tolerates`; `started`: the minute at which
    it started; `leaving` for one being deleted, `preempted` for one that is because of a preemption; `nominated` to a
    node; `owner`; `images`: one container each.  Everything else is a field of the spec.
    """
    requests = {name: more.pop(name) for name in ("cpu", "memory") if name in more} | more.pop("requests", {})
    asks = {"resources": {"requests": {resource: str(amount) for resource, amount in requests.items()}}}
    metadata: Object = {"name": name, "namespace": more.pop("namespace", "default"), "labels": labels(marks)}
    status: Object = {}
    preempted = more.pop("preempted", False)
    if more.pop("leaving", preempted):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if preempted:
        status["conditions"] = [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]
    if "owner" in more:
        kind, _, owner = more.pop("owner").partition("/")
        version = "v1" if kind == "ReplicationController" else "apps/v1"
        metadata["ownerReferences"] = [{"apiVersion": version, "kind": kind, "name": owner, "controller": True}]
    if "started" in more:
        status["startTime"] = f"2026-01-01T{more.pop('started'):02}:00:00Z"
    if "nominated" in more:
        status["nominatedNodeName"] = more.pop("nominated")
    images = more.pop("images", ["image:1"])
    spec: Object = {"containers": [{"name": f"c{place}", "image": image, **asks} for place, image in enumerate(images)]}
    spec |= _rules(more)
    if on:
        spec["nodeName"] = on
    return {"kind": "Pod", "metadata": metadata, "spec": {**spec, **more}, "status": status}


def _rules(more: Object) -> Object:
    """The parts of a spec that say where a pod wants to be; taken out of `more`."""
    found: Object = {}
    affinity: Object = {}
    for word, (kind, strength, read) in RULES.items():
        if word in more:
            affinity.setdefault(kind, {})[strength] = [read(one) for one in more.pop(word)]
    if "nodes" in more:
        affinity["nodeAffinity"] = more.pop("nodes")
    if affinity:
        found["affinity"] = affinity
    if "where" in more:
        found["nodeSelector"] = labels(more.pop("where"))
    if "spread" in more:
        found["topologySpreadConstraints"] = more.pop("spread")
    if "tolerates" in more:
        found["tolerations"] = tolerations(more.pop("tolerates"))
    return found


def on_nodes(*terms: str) -> Object:
    """Node affinity: any of these terms, each a selector over labels, has to hold."""
    return {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": expressions(one)} for one in terms]}}


def pods_on(marks: str = "", **counts: int) -> list[Object]:
    """So many equal pods on each of some nodes, `-` of a node's name written `_`."""
    return [pod(marks, on=name.replace("_", "-")) for name, count in counts.items() for _ in range(count)]


def namespace(name: str, marks: str = "") -> Object:
    """A namespace with labels."""
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels(marks)}}


def service(marks: str, name: str = "service", in_namespace: str = "default") -> Object:
    """A Service that selects pods with these labels."""
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": in_namespace},
        "spec": {"selector": labels(marks)},
    }


def budget(chosen: str | None, allowed: int = 0, in_namespace: str = "default", disrupted: str = "") -> Object:
    """A PodDisruptionBudget that allows so many disruptions more; `disrupted` are pods already counted."""
    return {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": f"budget of {chosen}", "namespace": in_namespace},
        "spec": {"selector": selector(chosen)},
        "status": {"disruptionsAllowed": allowed, "disruptedPods": dict.fromkeys(disrupted.split(), "now")},
    }


# -- asking ------------------------------------------------------------------------------------------------------------


def numbered(objects: Iterable[Object]) -> list[Object]:
    """The objects; pods without a name get one."""
    found = []
    for place, one in enumerate(objects):
        if one["kind"] == "Pod" and not one["metadata"]["name"]:
            one = {**one, "metadata": {**one["metadata"], "name": f"p{place}"}}
        found.append(one)
    return found


def cluster(objects: Iterable[Object]) -> Cache:
    """The scheduler's view of nodes, pods on nodes, pods nominated to nodes, and what plugins look up."""
    cache = Cache()
    for one in numbered(objects):
        if one["kind"] == "Node":
            cache.put_node(one)
        elif one["kind"] != "Pod":
            cache.put(LOOKED_UP[one["kind"]], one)
        elif one["spec"].get("nodeName"):
            cache.put_pod(PodInfo(one), one["spec"]["nodeName"])
        else:
            cache.nominate(PodInfo(one), one["status"]["nominatedNodeName"])
    return cache


def decide(plugins: tuple[Plugin, ...], wanted: Object, objects: Iterable[Object], chance: Any = None) -> Decision:
    """What a scheduler with these plugins alone, that looks at every node, decides about a pod."""
    wanted = {**wanted, "metadata": {**wanted["metadata"], "name": wanted["metadata"]["name"] or "wanted"}}
    # Without anybody who gives points the first feasible node would be taken, and no other looked at.
    looking = plugins if Profile(plugins).at["score"] else (*plugins, Indifferent())
    profile = Profile(looking, percentage_of_nodes_to_score=100)
    return cycle.schedule(cluster(objects), profile, PodInfo(wanted), cycle.Room(), 1, chance)[0]


def verdicts(plugins: tuple[Plugin, ...], wanted: Object, objects: Iterable[Object]) -> Any:
    """For each node FITS or (status code, reason, ...); SKIPS if no plugin has to filter."""
    decision = decide(plugins, wanted, objects)
    if {plugin.name for plugin in plugins} <= set(decision.skipped):
        return SKIPS
    return {name: one and (one.code, *one.reasons) for name, one in decision.verdicts().items()}


class Indifferent(Plugin):
    """Gives every node the same points."""

    name = "Indifferent"

    def score_node(self, pod: Object, node: Object) -> int:
        return 0


class Barred(Plugin):
    """Rejects the nodes of these names, so that others are the feasible ones."""

    name = "Barred"

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)

    def filter_node(self, pod: Object, node: Object) -> str | None:
        return "barred" if node["metadata"]["name"] in self.names else None


def scores(plugin: Plugin, wanted: Object, objects: Iterable[Object], barred: str = "") -> Any:
    """(scores as given, the same normalized) by node, of all nodes but the barred ones; SKIPS if it gives none.

    A plugin that does not normalize has given the scores that count.
    """
    decision = decide((Barred(barred.split()), plugin), wanted, objects)
    normalized = decision.scores().get(plugin.name, SKIPS)
    if normalized is SKIPS:
        return SKIPS
    return decision.raw_scores().get(plugin.name, normalized), normalized
