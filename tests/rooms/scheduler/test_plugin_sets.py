"""Plugins enabled and disabled: merged into the default sets, and expanded from multiPoint to extension points.

Cases of TestMergePlugins in pkg/scheduler/apis/config/v1/default_plugins_test.go and of
TestNewFrameworkMultiPointExpansion in pkg/scheduler/framework/runtime/framework_test.go, as rows.  Plugins are letters;
a number behind one is its weight.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.configuration.plugin_sets import (
    MULTI_POINT,
    Enabled,
    PluginSet,
    PluginSetError,
    at_points,
    enabled_names,
    merged,
    merged_set,
    read_sets,
    weights,
)
from cp_sim.scheduler.framework import Plugin


def plugin_set(enabled: str = "", disabled: str = "") -> PluginSet:
    """`"A2 B"`: A with weight 2, then B."""
    return PluginSet(tuple(Enabled(word[0], int(word[1:] or 0)) for word in enabled.split()), tuple(disabled.split()))


# what it shows: (default, own, merged)
MERGED = {
    "one more is appended": (("A B", ""), ("C", ""), ("A B C", "")),
    "one between, by disabling what follows": (("A B", ""), ("C B", "B"), ("A C B", "B")),
    "one before all": (("A B", ""), ("C A B", "*"), ("C A B", "*")),
    "the default ones in another order": (("A B", ""), ("B A", "*"), ("B A", "*")),
    "none of its own": (("A B", ""), ("", ""), ("A B", "")),
    "other weights, same places": (("A B C", ""), ("A2 C3", ""), ("A2 B C3", "")),
    "the order of those given again does not matter": (("A B C", ""), ("B2 A1", ""), ("A1 B2 C", "")),
    "twice: the last one replaces, the other is appended": (("A B C", ""), ("A B2 C B4", ""), ("A B4 C B2", "")),
    "disabled ones go": (("A B", ""), ("C D", "B"), ("A C D", "B")),
    "disabled by default": (("A", "B"), ("C", ""), ("A C", "B")),
    "only disabled": (("A", ""), ("", "A"), ("", "A")),
}


@pytest.mark.parametrize("case", MERGED)
def test_a_set_is_merged_into_the_default_one(case: str) -> None:
    default, own, wanted = MERGED[case]
    assert merged_set(plugin_set(*default), plugin_set(*own)) == plugin_set(*wanted)


class Everything(Plugin):
    """A plugin at every extension point."""

    def pre_enqueue(self, pod: Any) -> Any:
        return None

    def sort_key(self, pod: Any, time_ms: int) -> Any:
        return ()

    def pre_filter(self, state: Any, pod: Any) -> Any:
        return None

    def filter_node(self, pod: Any, node: Any) -> Any:
        return None

    def post_filter(self, state: Any, pod: Any, found: Any) -> Any:
        return None

    def pre_score(self, state: Any, pod: Any, nodes: Any) -> Any:
        return None

    def score_node(self, pod: Any, node: Any) -> int:
        return 0

    def reserve(self, state: Any, pod: Any, node: str) -> Any:
        return None

    def permit(self, state: Any, pod: Any, node: str) -> Any:
        return None

    def pre_bind(self, state: Any, pod: Any, node: str) -> Any:
        return None

    def bind(self, state: Any, pod: Any, node: str) -> Any:
        return None

    def post_bind(self, state: Any, pod: Any, node: str) -> None:
        return None


class Scoring(Plugin):
    """A plugin that scores, with PreScore."""

    def pre_score(self, state: Any, pod: Any, nodes: Any) -> Any:
        return None

    def score_node(self, pod: Any, node: Any) -> int:
        return 0


class OnlyScore(Plugin):
    """A plugin that scores without PreScore."""

    def score_node(self, pod: Any, node: Any) -> int:
        return 0


def named(kind: type[Plugin], letter: str) -> Plugin:
    """A plugin of a class under a name."""
    return type(letter, (kind,), {"name": letter})()


# T is everywhere; S and V have PreScore and Score, N has Score alone.
KNOWN = {
    "T": named(Everything, "T"),
    "S": named(Scoring, "S"),
    "V": named(OnlyScore, "V"),
    "N": named(OnlyScore, "N"),
}
ALONE = "T"
# what it shows: (sets by extension point, {extension point: names} where not T alone)
EXPANDED: dict[str, tuple[dict[str, tuple[str, str]], dict[str, str]]] = {
    "a plugin goes wherever it has a method": ({MULTI_POINT: ("T5", "")}, {}),
    "off at some points": (
        {MULTI_POINT: ("T", ""), "preScore": ("", "T"), "score": ("", "T")},
        {"pre_score": "", "score": ""},
    ),
    "several": ({MULTI_POINT: ("T S", "")}, {"pre_score": "T S", "score": "T S"}),
    "one point without multiPoint": (
        {MULTI_POINT: ("T S", ""), "preScore": ("", "*")},
        {"pre_score": "", "score": "T S"},
    ),
    "those given again come first": (
        {MULTI_POINT: ("N T S", ""), "score": ("S T", "")},
        {"pre_score": "T S", "score": "S T N"},
    ),
    "those given only at the point come last": (
        {MULTI_POINT: ("T S", ""), "score": ("N S T", "")},
        {"pre_score": "T S", "score": "S T N"},
    ),
    "with weights of their own": (
        {MULTI_POINT: ("T S", ""), "score": ("S5 N5 T3", "")},
        {"pre_score": "T S", "score": "S T N"},
    ),
}


@pytest.mark.parametrize("case", EXPANDED)
def test_multi_point_is_expanded(case: str) -> None:
    given, wanted = EXPANDED[case]
    sets = merged({}, {point: plugin_set(*one) for point, one in given.items()})
    found = {point: " ".join(one.name for one in plugins) for point, plugins in at_points(sets, KNOWN).items()}
    assert found == {**dict.fromkeys(found, ALONE), **wanted}


def test_weights_at_score_come_before_those_of_multi_point() -> None:
    sets = merged({}, {MULTI_POINT: plugin_set("T7 S"), "score": plugin_set("S5 N T0")})
    assert weights(sets) == {"S": 5, "N": 1, "T": 1}
    assert enabled_names(sets) == ["T", "S", "N"]


# what is wrong: (sets, extension point, text)
WRONG: list[tuple[dict[str, tuple[str, str]], str, str]] = [
    ({MULTI_POINT: ("T T", "")}, MULTI_POINT, 'plugin "T" already registered as "PreEnqueuePlugin"'),
    ({"filter": ("T T", "")}, "filter", 'plugin "T" already registered as "FilterPlugin"'),
    ({"score": ("X", "")}, "score", 'ScorePlugin "X" does not exist'),
    ({"permit": ("S", "")}, "permit", 'plugin "S" does not extend PermitPlugin plugin'),
]


@pytest.mark.parametrize(("given", "point", "text"), WRONG)
def test_what_cannot_run_is_refused(given: dict[str, tuple[str, str]], point: str, text: str) -> None:
    sets = merged({}, {where: plugin_set(*one) for where, one in given.items()})
    with pytest.raises(PluginSetError) as refused:
        at_points(sets, KNOWN)
    assert (refused.value.point, str(refused.value)) == (point, text)


def test_sets_as_they_are_written() -> None:
    given = {"score": {"enabled": [{"name": "A", "weight": 3}, {"name": "B"}], "disabled": [{"name": "*"}]}}
    assert read_sets(given) == {"score": plugin_set("A3 B", "*")}
