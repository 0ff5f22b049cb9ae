"""The fields of a `KubeSchedulerConfiguration`, and reading a value strictly along them.

*In Kubernetes:* k8s.io/kube-scheduler/config/v1/types.go, types_pluginargs.go and the strict decoder: a field that does
not exist is refused, null is as good as nothing.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import Cause, Causes, invalid, quoted
from cp_sim.sim.clock import parse_duration

# A field's type: a word, [type of the items], {field: type}, or ANYTHING that a plugin understands.
INT, FLOAT, TEXT, FLAG, DURATION, ANYTHING = "int", "float", "text", "flag", "duration", "anything"
WANTED = {
    INT: "must be a whole number",
    FLOAT: "must be a number",
    TEXT: "must be a text",
    FLAG: "must be true or false",
    DURATION: 'must be a duration like "10s" or "5m"',
}
KINDS: dict[str, tuple[type, ...]] = {INT: (int,), FLOAT: (int, float), TEXT: (str,), FLAG: (bool,), DURATION: (str,)}
Type = Any

PLUGIN_SET = {
    "enabled": [{"name": TEXT, "weight": INT}],
    "disabled": [{"name": TEXT, "weight": INT}],
}
POINTS = (
    "preEnqueue",
    "queueSort",
    "preFilter",
    "filter",
    "postFilter",
    "preScore",
    "score",
    "reserve",
    "permit",
    "preBind",
    "bind",
    "postBind",
    "multiPoint",
)

CONFIGURATION: Type = {
    "apiVersion": TEXT,
    "kind": TEXT,
    "parallelism": INT,
    "leaderElection": {
        "leaderElect": FLAG,
        "leaseDuration": DURATION,
        "renewDeadline": DURATION,
        "retryPeriod": DURATION,
        "resourceLock": TEXT,
        "resourceName": TEXT,
        "resourceNamespace": TEXT,
    },
    "clientConnection": {
        "kubeconfig": TEXT,
        "acceptContentTypes": TEXT,
        "contentType": TEXT,
        "qps": FLOAT,
        "burst": INT,
    },
    "enableProfiling": FLAG,
    "enableContentionProfiling": FLAG,
    "percentageOfNodesToScore": INT,
    "podInitialBackoffSeconds": INT,
    "podMaxBackoffSeconds": INT,
    "profiles": [
        {
            "schedulerName": TEXT,
            "percentageOfNodesToScore": INT,
            "plugins": dict.fromkeys(POINTS, PLUGIN_SET),
            "pluginConfig": [{"name": TEXT, "args": ANYTHING}],
        }
    ],
    "extenders": [ANYTHING],
    "delayCacheUntilActive": FLAG,
}

_REQUIREMENT = {"key": TEXT, "operator": TEXT, "values": [TEXT]}
_NODE_TERM = {"matchExpressions": [_REQUIREMENT], "matchFields": [_REQUIREMENT]}
_SHAPE = [{"utilization": INT, "score": INT}]
_RESOURCES = [{"name": TEXT, "weight": INT}]

# The arguments of the plugins that take any.
ARGS: dict[str, Type] = {
    "DefaultPreemption": {"minCandidateNodesPercentage": INT, "minCandidateNodesAbsolute": INT},
    "DynamicResources": {"filterTimeout": DURATION, "bindingTimeout": DURATION},
    "InterPodAffinity": {"hardPodAffinityWeight": INT, "ignorePreferredTermsOfExistingPods": FLAG},
    "NodeAffinity": {
        "addedAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_NODE_TERM]},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": INT, "preference": _NODE_TERM}],
        }
    },
    "NodeResourcesBalancedAllocation": {"resources": _RESOURCES},
    "NodeResourcesFit": {
        "ignoredResources": [TEXT],
        "ignoredResourceGroups": [TEXT],
        "scoringStrategy": {
            "type": TEXT,
            "resources": _RESOURCES,
            "requestedToCapacityRatio": {"shape": _SHAPE},
        },
    },
    "PodTopologySpread": {
        "defaultConstraints": [
            {
                "maxSkew": INT,
                "topologyKey": TEXT,
                "whenUnsatisfiable": TEXT,
                "labelSelector": ANYTHING,
                "minDomains": INT,
                "nodeAffinityPolicy": TEXT,
                "nodeTaintsPolicy": TEXT,
                "matchLabelKeys": [TEXT],
            }
        ],
        "defaultingType": TEXT,
    },
    "VolumeBinding": {"bindTimeoutSeconds": INT, "shape": _SHAPE},
}


def read(value: Any, type_: Type, at: str, causes: Causes) -> Any:
    """The value with nulls left out; what is wrong about it is added to `causes`.  Durations become milliseconds."""
    if isinstance(type_, dict):
        return _fields(value, type_, at, causes)
    if isinstance(type_, list):
        if not isinstance(value, list):
            causes.append(invalid(at, value, "must be a list"))
            return []
        return [read(one, type_[0], f"{at}[{place}]", causes) for place, one in enumerate(value)]
    if type_ == ANYTHING:
        return value
    return _plain(value, type_, at, causes)


def _fields(value: Any, fields: dict[str, Type], at: str, causes: Causes) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        causes.append(invalid(at, value, "must be a map of fields"))
        return {}
    found = {}
    for name, one in value.items():
        path = f"{at}.{name}" if at else str(name)
        if name not in fields:
            causes.append(Cause("strict decoding error", "FieldValueInvalid", f"unknown field {quoted(path)}"))
        elif one is not None:
            found[name] = read(one, fields[name], path, causes)
    return found


def _plain(value: Any, type_: str, at: str, causes: Causes) -> Any:
    if isinstance(value, KINDS[type_]) and isinstance(value, bool) == (type_ == FLAG):
        if type_ != DURATION or not isinstance(value, str):
            return value
        try:
            sign = -1 if value.startswith("-") else 1
            return sign * parse_duration("0s" if value == "0" else value.removeprefix("-"))
        except ValueError:
            pass
    causes.append(invalid(at, value, WANTED[type_]))
    return {INT: 0, FLOAT: 0.0, TEXT: "", FLAG: False, DURATION: 0}[type_]
