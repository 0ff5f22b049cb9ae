"""KubeSchedulerConfiguration: what is read from it, and what is said about a wrong one.

The wrong ones follow pkg/scheduler/apis/config/validation/validation_test.go and validation_pluginargs_test.go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cp_sim.scheduler.configuration.configuration import ConfigurationError, read_configuration, read_profiles
from cp_sim.scheduler.framework import Plugin, Profile
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS, default_profile
from tests.rooms.scheduler.cluster_parts import Object, decide, node, pod

HEAD = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def configured(**fields: Any) -> Object:
    """A configuration with these fields."""
    return {**HEAD, **fields}


def with_args(plugin: str, **args: Any) -> Object:
    """A configuration that gives arguments to one plugin."""
    return configured(profiles=[{"pluginConfig": [{"name": plugin, "args": args}]}])


def with_plugins(**plugins: Any) -> Object:
    """A configuration of one profile with these sets of plugins."""
    return configured(profiles=[{"plugins": plugins}])


def plugin_of(given: Object, name: str) -> Any:
    """A plugin of the only profile of a configuration."""
    (profile,) = read_profiles(given)
    return profile.plugin(name)


def names(profile: Profile, point: str) -> list[str]:
    """The plugins at one extension point."""
    return [plugin.name for plugin in profile.at[point]]


# -- what is read ------------------------------------------------------------------------------------------------------


def test_without_one_there_is_the_default_profile() -> None:
    (profile,) = read_profiles(None)
    assert profile.scheduler_name == "default-scheduler"
    assert profile.weights["TaintToleration"] == 3
    assert profile.filter_names[:3] == ("NodeUnschedulable", "NodeName", "TaintToleration")


def test_an_empty_configuration_is_the_default_profile() -> None:
    (profile,), default = read_profiles(HEAD), default_profile()
    for point in default.at:
        assert names(profile, point) == names(default, point), point
    assert profile.weights == default.weights


def test_profiles_with_other_plugins_and_weights() -> None:
    text = yaml.safe_dump(
        configured(
            percentageOfNodesToScore=30,
            podInitialBackoffSeconds=3,
            podMaxBackoffSeconds=60,
            profiles=[
                {
                    "schedulerName": "packer",
                    "plugins": {
                        "score": {
                            "disabled": [{"name": "ImageLocality"}],
                            "enabled": [{"name": "NodeAffinity", "weight": 9}],
                        }
                    },
                },
                {"schedulerName": "other", "percentageOfNodesToScore": 70},
            ],
        )
    )
    told = read_configuration(text)
    packer, other = told.profiles
    assert (told.initial_backoff_ms, told.max_backoff_ms) == (3_000, 60_000)
    assert packer.weights["NodeAffinity"] == 9
    assert (packer.percentage_of_nodes_to_score, other.percentage_of_nodes_to_score) == (30, 70)
    assert names(packer, "score") == [
        "NodeAffinity",
        "TaintToleration",
        "NodeResourcesFit",
        "PodTopologySpread",
        "InterPodAffinity",
        "DynamicResources",
        "NodeResourcesBalancedAllocation",
    ]
    assert "ImageLocality" in names(other, "score")


def test_a_plugin_that_is_off_at_score_still_filters() -> None:
    (profile,) = read_profiles(with_plugins(score={"disabled": [{"name": "NodeAffinity"}]}))
    assert "NodeAffinity" in names(profile, "filter")
    assert "NodeAffinity" not in names(profile, "score")
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "preference": {}}]}}
    decision = decide(pod(nodeSelector={"disk": "ssd"}, affinity=affinity), node("n1"), node("n2"), profile=profile)
    assert decision.verdict("n1").plugin == "NodeAffinity"  # type: ignore[union-attr]


def test_a_plugin_off_everywhere_is_gone() -> None:
    (profile,) = read_profiles(with_plugins(multiPoint={"disabled": [{"name": "NodeResourcesFit"}]}))
    assert "NodeResourcesFit" not in profile.by_name
    assert decide(pod(cpu="64"), node("n1", cpu="1"), profile=profile).node == "n1"


def test_without_score_plugins_the_first_node_that_fits_is_taken() -> None:
    (profile,) = read_profiles(with_plugins(score={"disabled": [{"name": "*"}]}))
    decision = decide(pod(cpu="2"), node("n1", cpu="1"), node("n2"), node("n3"), profile=profile)
    assert decision.node == "n2"
    assert decision.scores() == {}
    assert decision.considered == ("n1", "n2")


def test_plugins_may_be_enabled_where_the_real_ones_take_part() -> None:
    given = with_plugins(
        preFilter={"enabled": [{"name": "NodeResourcesFit"}]}, preScore={"enabled": [{"name": "TaintToleration"}]}
    )
    (profile,) = read_profiles(given)
    assert names(profile, "pre_filter") == names(default_profile(), "pre_filter")


def test_it_comes_as_text_dict_or_path(tmp_path: Path) -> None:
    given = with_args("InterPodAffinity", hardPodAffinityWeight=7)
    path = tmp_path / "scheduler.yaml"
    path.write_text(yaml.safe_dump(given))
    for form in (given, yaml.safe_dump(given), json.dumps(given), path):
        assert plugin_of(form, "InterPodAffinity").hard_pod_affinity_weight == 7
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml: cannot be read: No such file"):
        read_profiles(tmp_path / "nowhere.yaml")


def test_arguments_make_plugins() -> None:
    fit = plugin_of(
        with_args(
            "NodeResourcesFit",
            apiVersion=HEAD["apiVersion"],
            kind="NodeResourcesFitArgs",
            ignoredResources=["example.com/foo"],
            scoringStrategy={
                "type": "RequestedToCapacityRatio",
                "resources": [{"name": "cpu", "weight": 3}, {"name": "memory"}],
                "requestedToCapacityRatio": {
                    "shape": [{"utilization": 0, "score": 0}, {"utilization": 90, "score": 10}]
                },
            },
        ),
        "NodeResourcesFit",
    )
    assert (fit.strategy, fit.resources) == ("RequestedToCapacityRatio", (("cpu", 3), ("memory", 1)))
    assert (fit.shape, fit.ignored_resources) == (((0, 0), (90, 10)), ("example.com/foo",))
    preemption = plugin_of(with_args("DefaultPreemption", minCandidateNodesAbsolute=5), "DefaultPreemption")
    assert (preemption.percentage, preemption.absolute) == (10, 5)
    assert plugin_of(with_args("VolumeBinding", bindTimeoutSeconds=20), "VolumeBinding").bind_timeout_ms == 20_000
    balance = plugin_of(
        with_args("NodeResourcesBalancedAllocation", resources=[{"name": "nvidia.com/gpu"}]),
        "NodeResourcesBalancedAllocation",
    )
    assert balance.resources == ("nvidia.com/gpu",)
    read_profiles(with_args("DynamicResources", filterTimeout="10s"))


def test_each_profile_has_plugins_of_its_own() -> None:
    one, other = read_profiles(configured(profiles=[{"schedulerName": "a"}, {"schedulerName": "b"}]))
    assert not set(map(id, one.plugins)) & set(map(id, other.plugins))


# -- what follows from arguments ---------------------------------------------------------------------------------------


def test_the_fullest_node_is_chosen_with_most_allocated() -> None:
    (packer,) = read_profiles(with_args("NodeResourcesFit", scoringStrategy={"type": "MostAllocated"}))
    nodes = [node("empty"), node("half"), pod("old", cpu="2", memory="4Gi", on="half")]
    wanted = pod(cpu="1", memory="2Gi")
    assert decide(wanted, *nodes).node == "empty"
    decision = decide(wanted, *nodes, profile=packer)
    assert decision.node == "half"
    assert decision.scores()["NodeResourcesFit"] == {"empty": 25, "half": 75}


def test_added_affinity_is_asked_for_on_behalf_of_every_pod() -> None:
    added = {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "team", "operator": "In", "values": ["a"]}]}]
        },
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 3, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}}
        ],
    }
    (profile,) = read_profiles(with_args("NodeAffinity", addedAffinity=added))
    nodes = [
        node("a1", labels={"team": "a"}),
        node("a2", labels={"team": "a", "disk": "ssd"}),
        node("b1", labels={"team": "b"}),
    ]
    decision = decide(pod(), *nodes, profile=profile)
    assert decision.verdict("b1").reasons == ("node(s) didn't match scheduler-enforced node affinity",)  # type: ignore[union-attr]
    assert decision.scores()["NodeAffinity"] == {"a1": 0, "a2": 100}
    # What the scheduler enforces is told before what the pod asks for.
    picky = decide(pod(nodeSelector={"disk": "ssd"}), *nodes, profile=profile)
    assert picky.verdict("a1").reasons == ("node(s) didn't match Pod's node affinity/selector",)  # type: ignore[union-attr]
    assert picky.verdict("b1").reasons == ("node(s) didn't match scheduler-enforced node affinity",)  # type: ignore[union-attr]


SERVICE = {
    "resource": "services",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"selector": {"app": "web"}},
}


def test_default_constraints_of_ones_own() -> None:
    hard = {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
    soft = {"maxSkew": 1, "topologyKey": "room", "whenUnsatisfiable": "ScheduleAnyway"}
    (profile,) = read_profiles(with_args("PodTopologySpread", defaultingType="List", defaultConstraints=[hard, soft]))
    nodes = [
        node("r1", labels={"rack": "1", "room": "x"}),
        node("r2", labels={"rack": "2", "room": "x"}),
        node("r3", labels={"rack": "3", "room": "y"}),
        node("nowhere"),
        pod("old", labels={"app": "web"}, on="r1"),
    ]
    wanted = pod(labels={"app": "web"})
    assert decide(wanted, *nodes, profile=profile).node is not None, "no Service selects it"
    decision = decide(wanted, *nodes, dict(SERVICE), profile=profile)
    spread = "node(s) didn't match pod topology spread constraints"
    assert decision.verdict("r1").reasons == (spread,)  # type: ignore[union-attr]
    assert decision.verdict("nowhere").reasons == (f"{spread} (missing required label)",)  # type: ignore[union-attr]
    assert decision.node == "r3"
    # A pod with constraints of its own has no default ones.
    own = pod(
        labels={"app": "web"},
        topologySpreadConstraints=[{"maxSkew": 5, "topologyKey": "room", "whenUnsatisfiable": "DoNotSchedule"}],
    )
    assert "r1" in decide(own, *nodes, dict(SERVICE), profile=profile).feasible
    (none,) = read_profiles(with_args("PodTopologySpread", defaultingType="List"))
    assert "PodTopologySpread" not in decide(wanted, *nodes, dict(SERVICE), profile=none).scores()


def towards(kind: str, weight: int = 0) -> Object:
    """Affinity towards pods with `app: web` in the same zone, required or preferred."""
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "zone"}
    if kind == "required":
        return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return {
        "podAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": weight, "podAffinityTerm": term}]
        }
    }


def test_the_weight_of_required_affinity_of_pods_that_are_there() -> None:
    nodes = [
        node("n1", labels={"zone": "a"}),
        node("n2", labels={"zone": "b"}),
        pod("hard", labels={"app": "web"}, affinity=towards("required"), on="n1"),
        pod("soft", labels={"app": "web"}, affinity=towards("preferred", 20), on="n2"),
    ]
    wanted = pod(labels={"app": "web"})
    assert decide(wanted, *nodes).raw_scores()["InterPodAffinity"] == {"n1": 1, "n2": 20}
    (profile,) = read_profiles(with_args("InterPodAffinity", hardPodAffinityWeight=50))
    assert decide(wanted, *nodes, profile=profile).raw_scores()["InterPodAffinity"] == {"n1": 50, "n2": 20}
    (ignoring,) = read_profiles(with_args("InterPodAffinity", ignorePreferredTermsOfExistingPods=True))
    assert "InterPodAffinity" in decide(wanted, *nodes, profile=ignoring).skipped
    own = pod(labels={"app": "web"}, affinity=towards("preferred", 5))
    assert decide(own, *nodes, profile=ignoring).raw_scores()["InterPodAffinity"] == {"n1": 6, "n2": 25}


# -- plugins of one's own ----------------------------------------------------------------------------------------------


class NoFridays(Plugin):
    name = "NoFridays"

    def __init__(self, ending: str = "5") -> None:
        self.ending = ending

    def filter_node(self, pod: Object, node: Object) -> str | None:
        return "node(s) rest on Fridays" if node["metadata"]["name"].endswith(self.ending) else None


def test_a_plugin_is_named_by_the_configuration() -> None:
    given = with_plugins(multiPoint={"enabled": [{"name": "NoFridays"}]})
    for own in (NoFridays(), NoFridays, (NoFridays,)):
        (profile,) = read_profiles(given, own)
        assert decide(pod(), node("n5"), node("n6"), profile=profile).node == "n6"
    given["profiles"][0]["pluginConfig"] = [{"name": "NoFridays", "args": {"ending": "6"}}]
    (profile,) = read_profiles(given, (NoFridays,))
    assert decide(pod(), node("n5"), node("n6"), profile=profile).node == "n5"
    with pytest.raises(ConfigurationError, match=r"pluginConfig\[0\].args: Forbidden: .* has its class"):
        read_profiles(given, (NoFridays(),))
    given["profiles"][0]["pluginConfig"][0]["args"] = {"begin": "6"}
    with pytest.raises(ConfigurationError, match=r"pluginConfig\[0\].args: .* unexpected keyword argument 'begin'"):
        read_profiles(given, NoFridays)


def test_a_plugin_is_added_to_the_tuple_as_class_or_instance() -> None:
    for own in (NoFridays, NoFridays()):
        (profile,) = read_profiles((*DEFAULT_PLUGINS, own))
        assert decide(pod(), node("n5"), node("n6"), profile=profile).node == "n6"


WRONG_TUPLES: list[tuple[Any, Any, str]] = [
    ((NoFridays(),), (), r"only one queue sort plugin required .* but got 0.*begin with DEFAULT_PLUGINS"),
    ((*DEFAULT_PLUGINS, NoFridays(), NoFridays()), (), "two plugins are called NoFridays; names must differ"),
    (DEFAULT_PLUGINS[:-1], (), "at least one bind plugin is needed"),
    ((), (), "give a KubeSchedulerConfiguration, profiles, or a tuple of plugins"),
    (7, (), 'kind: wants "KubeSchedulerConfiguration"'),
    (HEAD, ("NoFridays",), "scheduler_plugins: 'NoFridays' is no plugin with a name"),
    (HEAD, (DEFAULT_PLUGINS[0],), 'there is a plugin "SchedulingGates" already'),
    (None, (NoFridays(),), r"without one give scheduler_profiles=DEFAULT_PLUGINS \+ \(MyPlugin\(\),\)"),
]


@pytest.mark.parametrize(("given", "own", "text"), WRONG_TUPLES)
def test_what_is_no_configuration_is_refused(given: Any, own: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        read_profiles(given, own)


# -- wrong ones --------------------------------------------------------------------------------------------------------

FIT, ARGS = "NodeResourcesFit", "profiles[0].pluginConfig[0].args"


def constraint(**fields: Any) -> Object:
    """Arguments with one default constraint."""
    good = {"maxSkew": 1, "topologyKey": "node", "whenUnsatisfiable": "DoNotSchedule"}
    one = {field: value for field, value in {**good, **fields}.items() if value is not None}
    return with_args("PodTopologySpread", defaultingType="List", defaultConstraints=[one])


def shape(*points: tuple[int, int]) -> Object:
    """Arguments with a function of utilization."""
    given = [{"utilization": utilization, "score": score} for utilization, score in points]
    strategy = {"type": "RequestedToCapacityRatio", "requestedToCapacityRatio": {"shape": given}}
    return with_args(FIT, scoringStrategy=strategy)


SHAPE = f"{ARGS}.scoringStrategy.requestedToCapacityRatio"
ADDED = f"{ARGS}.addedAffinity"


def added(required: Object | None = None, preferred: Object | None = None) -> Object:
    """Arguments with an added affinity of one term."""
    affinity: Object = {}
    if required is not None:
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": [required]}
    if preferred is not None:
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = [{"weight": 1, "preference": preferred}]
    return with_args("NodeAffinity", addedAffinity=affinity)


TERM = f"{ADDED}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]"

# (configuration, all of what is said)
WRONG: list[tuple[Object, str]] = [
    (configured(parallelism=0), "parallelism: Invalid value: 0: should be an integer value greater than zero"),
    (
        configured(percentageOfNodesToScore=101),
        "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]",
    ),
    (
        configured(profiles=[{"percentageOfNodesToScore": -1}]),
        "profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]",
    ),
    (configured(podInitialBackoffSeconds=0), "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0"),
    (
        configured(podInitialBackoffSeconds=5, podMaxBackoffSeconds=4),
        "podMaxBackoffSeconds: Invalid value: 4: must be greater than or equal to PodInitialBackoffSeconds",
    ),
    (
        configured(leaderElection={"leaderElect": True, "leaseDuration": "5s"}),
        'leaderElection.leaseDuration: Invalid value: "10s": must be greater than `RenewDeadline`',
    ),
    (
        configured(leaderElection={"retryPeriod": "-1s"}),
        'leaderElection.retryPeriod: Invalid value: "-1s": must be greater than zero',
    ),
    (
        configured(leaderElection={"resourceLock": "configmaps"}),
        'leaderElection.resourceLock: Invalid value: "configmaps": resourceLock value must be "leases"',
    ),
    (configured(clientConnection={"burst": -1}), "clientConnection.burst: Invalid value: -1: must be non-negative"),
    (
        configured(extenders=[{"urlPrefix": "http://127.0.0.1:8888/"}]),
        "extenders: Forbidden: extenders are webhooks outside of this process; write a plugin in Python instead",
    ),
    (configured(profiles=[{"schedulerName": "a"}, {}]), "profiles[1].schedulerName: Required value"),
    (configured(profiles=[{"schedulerName": ""}]), "profiles[0].schedulerName: Required value"),
    (
        configured(profiles=[{"schedulerName": "a"}, {"schedulerName": "a"}]),
        'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"',
    ),
    (
        configured(
            profiles=[
                {"schedulerName": "a"},
                {"schedulerName": "b", "plugins": {"queueSort": {"enabled": [{"name": "PrioritySort"}]}}},
            ]
        ),
        'profiles[1].plugins.queueSort: Invalid value: {"Enabled":["PrioritySort"],"Disabled":[]}: '
        "must be the same for all profiles",
    ),
    (
        with_plugins(queueSort={"disabled": [{"name": "*"}]}),
        "profiles[0].plugins.queueSort: Required value: only one queue sort plugin required for profile with "
        'scheduler name "default-scheduler", but got 0',
    ),
    (
        with_plugins(bind={"disabled": [{"name": "DefaultBinder"}]}),
        "profiles[0].plugins.bind: Required value: at least one bind plugin is needed for profile with scheduler "
        'name "default-scheduler"',
    ),
    (
        with_plugins(score={"enabled": [{"name": "NodeName"}]}),
        'profiles[0].plugins.score.enabled[0].name: Invalid value: "NodeName": '
        'plugin "NodeName" does not extend ScorePlugin plugin',
    ),
    (
        with_plugins(score={"enabled": [{"name": "ImageLocality"}, {"name": "ImageLocality", "weight": 2}]}),
        'profiles[0].plugins.score.enabled[1].name: Invalid value: "ImageLocality": '
        'plugin "ImageLocality" already registered as "ScorePlugin"',
    ),
    (
        with_plugins(filter={"enabled": [{"name": "EBSLimits"}]}),
        'profiles[0].plugins.filter.enabled[0]: Invalid value: "EBSLimits": was invalid in version "v1" '
        '(KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")',
    ),
    (
        configured(profiles=[{"pluginConfig": [{"name": FIT}, {"name": FIT}]}]),
        f'profiles[0].pluginConfig[1]: Duplicate value: "{FIT}"',
    ),
    (
        with_args("DefaultPreemption", kind="InterPodAffinityArgs"),
        f'{ARGS}.kind: Invalid value: "InterPodAffinityArgs": args for plugin DefaultPreemption were not of type '
        "DefaultPreemptionArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io",
    ),
    (
        with_args("DefaultPreemption", minCandidateNodesPercentage=-1, minCandidateNodesAbsolute=-1),
        f"[{ARGS}.minCandidateNodesPercentage: Invalid value: -1: not in valid range [0, 100], "
        f"{ARGS}.minCandidateNodesAbsolute: Invalid value: -1: not in valid range [0, inf)]",
    ),
    (
        with_args("DefaultPreemption", minCandidateNodesPercentage=900),
        f"{ARGS}.minCandidateNodesPercentage: Invalid value: 900: not in valid range [0, 100]",
    ),
    (
        with_args("DefaultPreemption", minCandidateNodesPercentage=0, minCandidateNodesAbsolute=0),
        f"[{ARGS}.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as "
        f"minCandidateNodesAbsolute, {ARGS}.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same "
        "time as minCandidateNodesPercentage]",
    ),
    (
        with_args("InterPodAffinity", hardPodAffinityWeight=101),
        f"{ARGS}.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]",
    ),
    (constraint(maxSkew=-1), f"{ARGS}.defaultConstraints[0].maxSkew: Invalid value: -1: not in valid range (0, inf)"),
    (constraint(topologyKey=None), f"{ARGS}.defaultConstraints[0].topologyKey: Required value: can not be empty"),
    (
        constraint(whenUnsatisfiable=None),
        f"{ARGS}.defaultConstraints[0].whenUnsatisfiable: Required value: can not be empty",
    ),
    (
        constraint(whenUnsatisfiable="Never"),
        f'{ARGS}.defaultConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: '
        '"DoNotSchedule", "ScheduleAnyway"',
    ),
    (
        constraint(labelSelector={"matchLabels": {"a": "b"}}),
        f"{ARGS}.defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they "
        "deduced for each pod",
    ),
    (
        with_args(
            "PodTopologySpread",
            defaultingType="List",
            defaultConstraints=[
                {"maxSkew": skew, "topologyKey": "node", "whenUnsatisfiable": "DoNotSchedule"} for skew in (1, 2)
            ],
        ),
        f'{ARGS}.defaultConstraints[1]: Duplicate value: "{{node, DoNotSchedule}}"',
    ),
    (
        with_args("PodTopologySpread", defaultingType="unknown"),
        f'{ARGS}.defaultingType: Unsupported value: "unknown": supported values: "System", "List"',
    ),
    (
        with_args(
            "PodTopologySpread",
            defaultConstraints=[{"maxSkew": 1, "topologyKey": "key", "whenUnsatisfiable": "DoNotSchedule"}],
        ),
        f'{ARGS}.defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
    ),
    (
        with_args("NodeResourcesBalancedAllocation", resources=[{"name": "cpu", "weight": 2}]),
        f"{ARGS}.resources[0].weight: Invalid value: 2: must be 1",
    ),
    (
        with_args("NodeResourcesBalancedAllocation", resources=[{"name": "cpu"}, {"name": "cpu"}]),
        f'{ARGS}.resources[1].name: Duplicate value: "cpu"',
    ),
    (
        added({"matchExpressions": [{"key": "invalid/label/key", "operator": "In", "values": ["a"]}]}),
        f'{TERM}.key: Invalid value: "invalid/label/key": a valid label key must consist of alphanumeric characters, '
        "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
        "'123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS "
        "subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ),
    (
        added({"matchExpressions": [{"key": "a", "operator": "Near", "values": []}]}),
        f'{TERM}.operator: Unsupported value: "Near": supported values: "In", "NotIn", "Exists", "DoesNotExist", '
        '"Gt", "Lt"',
    ),
    (
        added({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["many"]}]}),
        f"{TERM}.values[0]: Invalid value: \"many\": for 'Gt', 'Lt' operators, the value must be an integer",
    ),
    (
        added(preferred={"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1", "node-2"]}]}),
        f"{ADDED}.preferredDuringSchedulingIgnoredDuringExecution[0].matchFields[0].values: "
        'Invalid value: ["node-1","node-2"]: must have one element',
    ),
    (
        with_args("VolumeBinding", bindTimeoutSeconds=-10),
        f"{ARGS}.bindTimeoutSeconds: Invalid value: -10: invalid BindTimeoutSeconds, should not be a negative value",
    ),
    (
        with_args("VolumeBinding", shape=[{"utilization": 1, "score": 1}]),
        f'{ARGS}.shape: Invalid value: [{{"utilization":1,"score":1}}]: unexpected field `shape`, remove it or turn '
        "on the feature gate StorageCapacityScoring",
    ),
    (
        with_args("DynamicResources", filterTimeout="-1s"),
        f'{ARGS}.filterTimeout: Invalid value: "-1s": must be zero or positive',
    ),
    (
        with_args(FIT, ignoredResourceGroups=["example.com/foo"]),
        f"{ARGS}.ignoredResourceGroups[0]: Invalid value: \"example.com/foo\": resource group name can't contain '/'",
    ),
    (
        with_args(FIT, scoringStrategy={"type": "Emptiest"}),
        f'{ARGS}.scoringStrategy.type: Unsupported value: "Emptiest": supported values: "LeastAllocated", '
        '"MostAllocated", "RequestedToCapacityRatio"',
    ),
    *[
        (
            with_args(FIT, scoringStrategy={"type": kind, "resources": [{"name": "memory", "weight": weight}]}),
            f"{ARGS}.scoringStrategy.resources[0].weight: Invalid value: {weight}: resource weight of memory not in "
            "valid range (0, 100]",
        )
        for kind in ("LeastAllocated", "MostAllocated")
        for weight in (-1, 101)
    ],
    (
        with_args(FIT, scoringStrategy={"type": "RequestedToCapacityRatio"}),
        f"{SHAPE}: Required value: must be specified when type is RequestedToCapacityRatio",
    ),
    (
        with_args(FIT, scoringStrategy={"type": "LeastAllocated", "requestedToCapacityRatio": {"shape": []}}),
        f"{SHAPE}: Forbidden: must be nil when type is not RequestedToCapacityRatio",
    ),
    (shape(), f"{SHAPE}.shape: Required value: at least one point must be specified"),
    (
        shape((3, 3), (1, 1)),
        f"{SHAPE}.shape[1].utilization: Invalid value: 1: values must be sorted in increasing order",
    ),
    (
        shape((-1, 3), (3, 4), (101, 11)),
        f"[{SHAPE}.shape[0].utilization: Invalid value: -1: not in valid range [0, 100], "
        f"{SHAPE}.shape[2].utilization: Invalid value: 101: not in valid range [0, 100], "
        f"{SHAPE}.shape[2].score: Invalid value: 11: not in valid range [0, 10]]",
    ),
    # the strict decoder
    (configured(profile=[]), 'strict decoding error: unknown field "profile"'),
    (with_plugins(sort={}), 'strict decoding error: unknown field "profiles[0].plugins.sort"'),
    (
        with_args(FIT, scoringStrategy={"type": "LeastAllocated", "resource": []}),
        f'strict decoding error: unknown field "{ARGS}.scoringStrategy.resource"',
    ),
    (configured(parallelism="many"), 'parallelism: Invalid value: "many": must be a whole number'),
    (configured(profiles={"a": 1}), 'profiles: Invalid value: {"a":1}: must be a list'),
    (
        configured(leaderElection={"leaseDuration": "soon"}),
        'leaderElection.leaseDuration: Invalid value: "soon": must be a duration like "10s" or "5m"',
    ),
    (
        with_args("InterPodAffinity", hardPodAffinityWeight=True),
        f"{ARGS}.hardPodAffinityWeight: Invalid value: true: must be a whole number",
    ),
    ({**HEAD, "kind": "Pod"}, 'kind: wants "KubeSchedulerConfiguration"'),
    (
        {**HEAD, "apiVersion": "kubescheduler.config.k8s.io/v1beta3"},
        "apiVersion: wants \"kubescheduler.config.k8s.io/v1\", not 'kubescheduler.config.k8s.io/v1beta3'",
    ),
]


@pytest.mark.parametrize(("given", "text"), WRONG, ids=[text[:60] for _, text in WRONG])
def test_a_wrong_one_is_refused_with_its_field(given: Object, text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_profiles(given)
    assert str(refused.value) == text


def test_an_unknown_plugin_is_refused_with_the_ones_that_there_are() -> None:
    for given, field in (
        (with_plugins(filter={"enabled": [{"name": "Nope"}]}), "profiles[0].plugins.filter.enabled[0].name"),
        (with_plugins(multiPoint={"enabled": [{"name": "Nope"}]}), "profiles[0].plugins.multiPoint.enabled[0].name"),
        (with_args("Nope"), "profiles[0].pluginConfig[0].name"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            read_profiles(given)
        assert str(refused.value).startswith(f'{field}: Invalid value: "Nope": ')
        assert "there are SchedulingGates, PrioritySort, " in str(refused.value)


def test_text_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="scheduler_profiles: this is not YAML: "):
        read_profiles("a: [")
    twice = yaml.safe_dump(HEAD) + "parallelism: 1\nparallelism: 2\n"
    with pytest.raises(ConfigurationError, match="parallelism"):
        read_profiles(twice)
