"""KubeSchedulerConfiguration: what is read from it, and what is said about a wrong one."""

from __future__ import annotations

import pytest

from cp_sim.scheduler.configuration import ConfigurationError, read_profiles

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"


def test_without_one_there_is_the_default_profile() -> None:
    (profile,) = read_profiles(None)
    assert profile.scheduler_name == "default-scheduler"
    assert profile.weights["TaintToleration"] == 3
    assert profile.filter_names[:3] == ("NodeUnschedulable", "NodeName", "TaintToleration")


def test_profiles_with_other_plugins_and_weights() -> None:
    text = HEAD + (
        "percentageOfNodesToScore: 30\n"
        "profiles:\n"
        "- schedulerName: packer\n"
        "  plugins:\n"
        "    score:\n"
        "      disabled: [{name: ImageLocality}]\n"
        "      enabled: [{name: NodeAffinity, weight: 9}]\n"
        "- {}\n"
    )
    packer, other = read_profiles(text)
    assert packer.weights["NodeAffinity"] == 9
    assert "ImageLocality" not in packer.weights
    assert packer.percentage_of_nodes_to_score == 30
    assert other.scheduler_name == "default-scheduler"


WRONG = {
    "kind: Pod": "kind: wants",
    HEAD + "percentageOfNodesToScore: 101": "percentageOfNodesToScore: 101 is not a percentage",
    HEAD + "profiles: [{schedulerName: a}, {schedulerName: a}]": r"profiles\[1\].schedulerName: two profiles",
    HEAD
    + "profiles: [{plugins: {filter: {enabled: [{name: Nope}]}}}]": r"plugins.filter.enabled\[0\].name: there is no",
    HEAD + "profiles: [{plugins: {sort: {}}}]": r"plugins.sort: there is no such extension point",
    HEAD + "profiles: [{plugins: {queueSort: {disabled: [{name: '*'}]}}}]": "queueSort: one plugin has to sort",
    "a: [": "this is not YAML",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_one_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(ConfigurationError, match=WRONG[text]):
        read_profiles(text)
