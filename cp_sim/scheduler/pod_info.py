"""A pod as the scheduler reads it: its requests, rules and ports, worked out once.

*In Kubernetes:* `PodInfo` in pkg/scheduler/framework/types.go.
"""

from __future__ import annotations

from functools import lru_cache
from operator import is_
from typing import Any

from cp_sim.objects import meta
from cp_sim.scheduler import requests
from cp_sim.sim import immutable

Object = dict[str, Any]


@immutable
class AffinityTerm:
    """A pod (anti-)affinity term: pods of these namespaces that the selector matches, in a domain of `topology_key`.

    `namespace_selector` is None where the term has none; `selector` None matches nothing.  Equal terms of different
    pods compare equal.
    """

    topology_key: str
    namespaces: tuple[str, ...]
    selector: Any
    namespace_selector: Any
    weight: int
    text: str  # tells terms apart
    counted: Any = None  # tells apart which pods are meant, whatever the topology key and weight

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AffinityTerm) and self.text == other.text


@immutable
class SpreadConstraint:
    """A topology spread constraint with its defaults filled in."""

    max_skew: int
    topology_key: str
    selector: Any
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False


@immutable
class SpecFacts:
    """What follows from a pod's spec and namespace alone; equal pods share one, which is what they are compared by."""

    requests: dict[str, int]  # cpu in thousandths, the rest in units; as asked for
    scored: tuple[int, int]  # cpu, memory that it counts for in scores while it is being placed
    non_zero: tuple[int, int]  # the same once it stands on a node
    tolerations: tuple[Object, ...]
    host_ports: tuple[tuple[str, str, int], ...]  # (ip, protocol, port)
    node_selector: dict[str, str] | None
    required_nodes: tuple[Object, ...] | None  # nodeSelectorTerms
    preferred_nodes: tuple[Object, ...]
    affinity: tuple[AffinityTerm, ...]
    anti_affinity: tuple[AffinityTerm, ...]
    preferred_affinity: tuple[AffinityTerm, ...]
    preferred_anti_affinity: tuple[AffinityTerm, ...]
    spread_required: tuple[SpreadConstraint, ...]
    spread_preferred: tuple[SpreadConstraint, ...]
    images: tuple[str, ...]
    container_count: int
    features: tuple[str, ...] = ()  # what it needs of a kubelet
    volumes: tuple[Object, ...] = ()  # those that matter where the pod goes: claims and disks

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def has_terms(self) -> bool:
        """Whether other pods' presence matters to it, or its presence to them."""
        return bool(self.affinity or self.anti_affinity or self.preferred_affinity or self.preferred_anti_affinity)


# Volume sources that are the same on every node, and the name that every volume has.
NEUTRAL = {"name", "configMap", "secret", "emptyDir", "downwardAPI", "projected", "hostPath"}

# The fields of a spec that facts are made of.
DECIDING = (
    "containers",
    "initContainers",
    "volumes",
    "nodeSelector",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "resources",
    "overhead",
    "hostNetwork",
)


class PodInfo:
    """A pod object together with what the scheduler knows of it.  Never changes; an update makes a new one."""

    __slots__ = ("facts", "key", "labels", "name", "namespace", "object", "priority", "terminating", "uid")

    def __init__(self, pod: Object, facts: SpecFacts | None = None) -> None:
        metadata = pod["metadata"]
        self.object = pod
        self.name: str = metadata["name"]
        self.namespace: str = metadata.get("namespace") or "default"
        self.key = f"{self.namespace}/{self.name}"
        self.uid: str = metadata.get("uid") or self.key
        self.labels: dict[str, str] = metadata.get("labels") or {}
        self.terminating = bool(metadata.get("deletionTimestamp"))
        spec = pod["spec"]
        self.priority: int = spec.get("priority") or 0
        self.facts = facts or facts_of(spec, self.namespace)

    def __deepcopy__(self, _memo: Any) -> PodInfo:
        return self

    def __repr__(self) -> str:
        return f"PodInfo({self.key})"

    def updated(self, pod: Object) -> PodInfo:
        """The same pod in a newer state; what did not change is not worked out again."""
        before, after = self.object["spec"], pod["spec"]
        same = before is after or all(before.get(field) is after.get(field) for field in DECIDING)
        return PodInfo(pod, self.facts if same else None)

    @property
    def spec(self) -> Object:
        """The pod's spec."""
        return self.object["spec"]  # type: ignore[no-any-return]

    @property
    def nominated_node(self) -> str:
        """`status.nominatedNodeName`, empty if there is none."""
        return (self.object.get("status") or {}).get("nominatedNodeName") or ""

    @property
    def started(self) -> bool:
        """Whether its kubelet has begun with it."""
        return bool((self.object.get("status") or {}).get("startTime"))

    @property
    def start_time(self) -> str:
        """`status.startTime`; a pod that has not started counts as starting now, which sorts last."""
        return (self.object.get("status") or {}).get("startTime") or "~"

    @property
    def gates(self) -> list[str]:
        """The names of its scheduling gates."""
        return [gate["name"] for gate in self.spec.get("schedulingGates") or ()]

    @property
    def owner(self) -> Object | None:
        """The reference to its controller."""
        return meta.controller_of(self.object)


class _Key:
    """A spec to look up, equal to another when all that counts here is."""

    __slots__ = ("namespace", "spec", "text")

    def __init__(self, spec: Object, namespace: str) -> None:
        self.spec = spec
        self.namespace = namespace
        mounted = [volume for volume in spec.get("volumes") or () if not NEUTRAL.issuperset(volume)]
        affinity = spec.get("affinity")
        self.text = repr(
            (
                [_deciding(one) for one in spec.get("containers") or ()],
                [_deciding(one) for one in spec.get("initContainers") or ()],
                mounted,
                spec.get("nodeSelector"),
                affinity,
                spec.get("tolerations"),
                spec.get("topologySpreadConstraints"),
                spec.get("resources"),
                spec.get("overhead"),
                spec.get("hostNetwork"),
                # Terms of pod affinity mean the pod's own namespace where they name none.
                namespace if affinity else "",
            )
        )

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.text == other.text


def _deciding(container: Object) -> tuple[Any, ...]:
    """What of a container facts are made of."""
    get = container.get
    return (get("resources"), get("ports"), get("image"), get("restartPolicy"), get("restartPolicyRules"))


class _SameParts:
    """A spec to look up by its very parts: specs that share them are equal, whatever they say."""

    __slots__ = ("namespace", "parts", "spec")

    def __init__(self, spec: Object, namespace: str) -> None:
        self.spec = spec
        self.namespace = namespace
        self.parts = [spec.get(field) for field in DECIDING]

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.parts)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _SameParts) or self.namespace != other.namespace:
            return False
        return all(map(is_, self.parts, other.parts))


def facts_of(spec: Object, namespace: str) -> SpecFacts:
    """The facts of a spec; worked out once for equal ones, and looked up fast where specs share their parts."""
    return _facts_of_parts(_SameParts(spec, namespace))


@lru_cache(maxsize=1024)
def _facts_of_parts(key: _SameParts) -> SpecFacts:
    return _facts(_Key(key.spec, key.namespace))


@lru_cache(maxsize=4096)
def _facts(key: _Key) -> SpecFacts:
    spec, namespace = key.spec, key.namespace
    total = requests.of_spec(spec)
    counted = requests.non_zero(spec, total)
    scored = requests.in_units(requests.of_spec(spec, requests.DEFAULTS, whole_pod=False))
    affinity = spec.get("affinity") or {}
    nodes = affinity.get("nodeAffinity") or {}
    required = nodes.get("requiredDuringSchedulingIgnoredDuringExecution")
    towards, away = affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}
    constraints = spec.get("topologySpreadConstraints") or ()
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return SpecFacts(
        requests=requests.in_units(total),
        scored=(scored.get("cpu", 0), scored.get("memory", 0)),
        non_zero=(counted.get("cpu", 0), counted.get("memory", 0)),
        tolerations=tuple(spec.get("tolerations") or ()),
        host_ports=tuple(_host_ports(spec)),
        node_selector=spec.get("nodeSelector") or None,
        required_nodes=None if required is None else tuple(required.get("nodeSelectorTerms") or ()),
        preferred_nodes=tuple(nodes.get("preferredDuringSchedulingIgnoredDuringExecution") or ()),
        affinity=_terms(towards.get("requiredDuringSchedulingIgnoredDuringExecution"), namespace),
        anti_affinity=_terms(away.get("requiredDuringSchedulingIgnoredDuringExecution"), namespace),
        preferred_affinity=_weighted(towards.get("preferredDuringSchedulingIgnoredDuringExecution"), namespace),
        preferred_anti_affinity=_weighted(away.get("preferredDuringSchedulingIgnoredDuringExecution"), namespace),
        spread_required=_spread(constraints, "DoNotSchedule"),
        spread_preferred=_spread(constraints, "ScheduleAnyway"),
        images=tuple(_images(spec, containers)),
        container_count=len(containers),
        features=("RestartAllContainersOnContainerExits",) if _restarts_all(containers) else (),
        volumes=tuple(volume for volume in spec.get("volumes") or () if not NEUTRAL.issuperset(volume)),
    )


def _restarts_all(containers: list[Object]) -> bool:
    """Whether the end of one container can restart all."""
    rules = [rule for one in containers for rule in one.get("restartPolicyRules") or ()]
    return any(rule.get("action") == "RestartAllContainers" for rule in rules)


def _host_ports(spec: Object) -> list[tuple[str, str, int]]:
    """The host ports of app containers and sidecars, as (ip, protocol, port)."""
    sidecars = [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
    found = []
    for container in [*(spec.get("containers") or ()), *sidecars]:
        for port in container.get("ports") or ():
            number = port.get("hostPort") or (port["containerPort"] if spec.get("hostNetwork") else 0)
            if number > 0:
                found.append((port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", number))
    return found


def _images(spec: Object, containers: list[Object]) -> list[str]:
    """The images of all containers and image volumes, each with its tag."""
    names = [one.get("image") or "" for one in containers]
    volumes = [volume["image"] for volume in spec.get("volumes") or () if volume.get("image")]
    return [with_tag(name) for name in [*names, *(one.get("reference") or "" for one in volumes)]]


def with_tag(image: str) -> str:
    """The image name with `:latest` where it has no tag (pkg/scheduler/framework/plugins/imagelocality)."""
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


def affinity_term(term: Object, namespace: str, weight: int = 0) -> AffinityTerm:
    """A term of pod affinity as it is meant by a pod of `namespace`."""
    namespaces = tuple(sorted(term.get("namespaces") or ()))
    namespace_selector = term.get("namespaceSelector")
    if not namespaces and namespace_selector is None:
        namespaces = (namespace,)
    key, selector = term["topologyKey"], term.get("labelSelector")
    text = repr((key, namespaces, selector, namespace_selector, weight))
    counted = (namespaces, repr(selector), repr(namespace_selector))
    return AffinityTerm(key, namespaces, selector, namespace_selector, weight, text, counted)


def _terms(terms: Any, namespace: str) -> tuple[AffinityTerm, ...]:
    return tuple(affinity_term(term, namespace) for term in terms or ())


def _weighted(terms: Any, namespace: str) -> tuple[AffinityTerm, ...]:
    return tuple(affinity_term(one["podAffinityTerm"], namespace, one["weight"]) for one in terms or ())


def _spread(constraints: Any, when: str) -> tuple[SpreadConstraint, ...]:
    return tuple(
        SpreadConstraint(
            max_skew=one["maxSkew"],
            topology_key=one["topologyKey"],
            selector=one.get("labelSelector"),
            min_domains=one.get("minDomains") or 1,
            honor_affinity=one.get("nodeAffinityPolicy", "Honor") != "Ignore",
            honor_taints=one.get("nodeTaintsPolicy", "Ignore") == "Honor",
        )
        for one in constraints
        if one.get("whenUnsatisfiable") == when
    )
