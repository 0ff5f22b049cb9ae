"""Which plugins a profile runs at which extension point: the default set, a profile's own, and the two merged.

*In Kubernetes:* `mergePlugins` in pkg/scheduler/apis/config/v1/default_plugins.go, `expandMultiPointPlugins`,
`updatePluginList` and `getScoreWeights` in pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_sim.objects.causes import quoted
from cp_sim.scheduler.framework import Plugin, takes_part
from cp_sim.sim import immutable

# Extension point in a configuration -> (in `Profile.at`, what the real scheduler calls it in messages).
POINTS = {
    "preEnqueue": ("pre_enqueue", "PreEnqueuePlugin"),
    "queueSort": ("queue_sort", "QueueSortPlugin"),
    "preFilter": ("pre_filter", "PreFilterPlugin"),
    "filter": ("filter", "FilterPlugin"),
    "postFilter": ("post_filter", "PostFilterPlugin"),
    "preScore": ("pre_score", "PreScorePlugin"),
    "score": ("score", "ScorePlugin"),
    "reserve": ("reserve", "ReservePlugin"),
    "permit": ("permit", "PermitPlugin"),
    "preBind": ("pre_bind", "PreBindPlugin"),
    "bind": ("bind", "BindPlugin"),
    "postBind": ("post_bind", "PostBindPlugin"),
}
# Where real plugins take part and those of this package have nothing to do: they may be enabled there.
IDLE = {
    "NodeResourcesFit": ("preFilter", "preScore"),
    "TaintToleration": ("preScore",),
    "VolumeBinding": ("preScore", "score"),
    "DynamicResources": ("preEnqueue", "filter", "reserve", "preBind"),
    "DefaultPreemption": ("preEnqueue",),
}
MULTI_POINT = "multiPoint"
ALL = "*"


@immutable
class Enabled:
    """A plugin that is switched on; weight 0 means that none is given."""

    name: str
    weight: int = 0


@immutable
class PluginSet:
    """What is switched on and off at one extension point, or (multiPoint) at all that a plugin knows."""

    enabled: tuple[Enabled, ...] = ()
    disabled: tuple[str, ...] = ()


NOTHING = PluginSet()
Sets = Mapping[str, PluginSet]


class PluginSetError(ValueError):
    """A plugin cannot run where it is switched on; `point` is the extension point, empty for the whole profile."""

    def __init__(self, text: str, point: str = "") -> None:
        super().__init__(text)
        self.point = point


def read_sets(plugins: dict[str, Any]) -> dict[str, PluginSet]:
    """The sets that a profile's `plugins` mean."""
    return {
        point: PluginSet(
            tuple(Enabled(one.get("name", ""), one.get("weight", 0)) for one in rules.get("enabled") or ()),
            tuple(one.get("name", "") for one in rules.get("disabled") or ()),
        )
        for point, rules in plugins.items()
    }


def merged(default: Sets, own: Sets) -> dict[str, PluginSet]:
    """The sets of all extension points, a profile's own merged into the default ones (`mergePlugins`)."""
    return {point: merged_set(default.get(point, NOTHING), own.get(point, NOTHING)) for point in (MULTI_POINT, *POINTS)}


def merged_set(default: PluginSet, own: PluginSet) -> PluginSet:
    """One set merged into the default one (`mergePluginSet`).

    A default plugin that is enabled again takes the new weight and keeps its place; the last of several such entries
    does so, the others are appended, and refused later.
    """
    disabled = own.disabled + default.disabled
    again = {one.name: (place, one) for place, one in enumerate(own.enabled)}
    replaced: set[int] = set()
    enabled: list[Enabled] = []
    if ALL not in disabled:
        for one in default.enabled:
            if one.name in disabled:
                continue
            if one.name in again:
                place, one = again[one.name]
                replaced.add(place)
            enabled.append(one)
    enabled += [one for place, one in enumerate(own.enabled) if place not in replaced]
    return PluginSet(tuple(enabled), disabled)


def at_points(sets: Sets, plugins: Mapping[str, Plugin]) -> dict[str, tuple[Plugin, ...]]:
    """For each extension point (as in `Profile.at`) the plugins that run there, in order.

    Raises:
        PluginSetError: one of them is unknown, named twice, or has nothing to do there.
    """
    found = {}
    for point, (attribute, kind) in POINTS.items():
        names = at_point(point, kind, sets, plugins)
        found[attribute] = tuple(plugins[name] for name in names if takes_part(plugins[name], attribute))
    return found


def at_point(point: str, kind: str, sets: Sets, plugins: Mapping[str, Plugin]) -> list[str]:
    """The names at one extension point: those of multiPoint that are enabled here again, in the order given here, then
    the others of multiPoint, then those that are enabled here only.
    """
    here = sets[point]
    explicit: list[str] = []
    for one in here.enabled:
        plugin = plugins.get(one.name)
        if plugin is None:
            raise PluginSetError(f"{kind} {quoted(one.name)} does not exist", point)
        if not takes_part(plugin, POINTS[point][0]) and point not in IDLE.get(one.name, ()):
            raise PluginSetError(f"plugin {quoted(one.name)} does not extend {kind} plugin", point)
        if one.name in explicit:
            raise PluginSetError(f"plugin {quoted(one.name)} already registered as {quoted(kind)}", point)
        explicit.append(one.name)
    if ALL in here.disabled:
        return explicit
    everywhere: list[str] = []
    overridden: list[str] = []
    for one in sets[MULTI_POINT].enabled:
        plugin = plugins.get(one.name)
        if plugin is None:
            raise PluginSetError(f"{kind} {quoted(one.name)} does not exist", MULTI_POINT)
        if not takes_part(plugin, POINTS[point][0]) or one.name in here.disabled:
            continue
        if one.name in explicit:
            overridden.append(one.name)
        elif one.name in everywhere:
            raise PluginSetError(f"plugin {quoted(one.name)} already registered as {quoted(kind)}", MULTI_POINT)
        else:
            everywhere.append(one.name)
    first = [name for name in explicit if name in overridden]
    return first + everywhere + [name for name in explicit if name not in overridden]


def weights(sets: Sets) -> dict[str, int]:
    """The weights: that at `score` comes before that at multiPoint, 0 means 1 (`getScoreWeights`)."""
    found: dict[str, int] = {}
    for one in sets["score"].enabled + sets[MULTI_POINT].enabled:
        found.setdefault(one.name, one.weight or 1)
    return found


def enabled_names(sets: Sets) -> list[str]:
    """The names of all plugins that are switched on anywhere, those of multiPoint first."""
    return list(dict.fromkeys(one.name for point in (MULTI_POINT, *POINTS) for one in sets[point].enabled))
