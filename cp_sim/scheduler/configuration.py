"""Reading a `KubeSchedulerConfiguration`: profiles, plugins enabled, disabled and reweighted.

*In Kubernetes:* pkg/scheduler/apis/config/v1, `mergePlugins` in default_plugins.go.  *Simplified:* plugin arguments
are not read, and a plugin takes part in all of its extension points or in none.
"""

from __future__ import annotations

from typing import Any

import yaml

from cp_sim.scheduler.framework import Plugin, Profile
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS, DEFAULT_WEIGHTS, default_profile

Object = dict[str, Any]

API_VERSION = "kubescheduler.config.k8s.io/v1"
POINTS = (
    "multiPoint",
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
)


class ConfigurationError(ValueError):
    """A configuration cannot be; the message names the field."""


def read_profiles(given: Any) -> list[Profile]:
    """The profiles that `given` means: None, a Profile or several, a tuple of plugins, YAML text or a dict.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if given is None:
        return [default_profile()]
    if isinstance(given, Profile):
        return [given]
    if isinstance(given, (tuple, list)):
        if given and all(isinstance(one, Profile) for one in given):
            return list(given)
        if given and all(isinstance(one, Plugin) for one in given):
            return [default_profile(tuple(given))]
        raise ConfigurationError(
            "scheduler_profiles: give a KubeSchedulerConfiguration, profiles, or a tuple of plugins"
        )
    if isinstance(given, str):
        try:
            given = yaml.safe_load(given)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"scheduler_profiles: this is not YAML: {error}") from None
    return _from_configuration(given)


def _from_configuration(given: Any) -> list[Profile]:
    if not isinstance(given, dict) or given.get("kind") != "KubeSchedulerConfiguration":
        raise ConfigurationError('kind: wants "KubeSchedulerConfiguration"')
    if given.get("apiVersion") != API_VERSION:
        raise ConfigurationError(f'apiVersion: wants "{API_VERSION}", not {given.get("apiVersion")!r}')
    share = _share(given.get("percentageOfNodesToScore"), "percentageOfNodesToScore")
    profiles: list[Profile] = []
    for place, one in enumerate(given.get("profiles") or [{}]):
        path = f"profiles[{place}]"
        name = one.get("schedulerName") or "default-scheduler"
        if name in [known.scheduler_name for known in profiles]:
            raise ConfigurationError(f"{path}.schedulerName: two profiles are called {name!r}")
        own = _share(one.get("percentageOfNodesToScore"), f"{path}.percentageOfNodesToScore")
        profiles.append(_profile(one, path, name, own or share))
    return profiles


def _share(value: Any, path: str) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise ConfigurationError(f"{path}: {value!r} is not a percentage between 0 and 100")
    return value


def _profile(one: Object, path: str, name: str, share: int) -> Profile:
    known = {plugin.name: plugin for plugin in DEFAULT_PLUGINS}
    chosen: dict[str, Plugin] = dict(known)
    weights = dict(DEFAULT_WEIGHTS)
    for point, rules in (one.get("plugins") or {}).items():
        if point not in POINTS:
            raise ConfigurationError(f"{path}.plugins.{point}: there is no such extension point")
        for place, entry in enumerate(rules.get("disabled") or ()):
            plugin = entry.get("name")
            _check(plugin, known, f"{path}.plugins.{point}.disabled[{place}].name", star=True)
            for gone in list(chosen) if plugin == "*" else [plugin]:
                chosen.pop(gone, None)
        for place, entry in enumerate(rules.get("enabled") or ()):
            plugin = entry.get("name")
            _check(plugin, known, f"{path}.plugins.{point}.enabled[{place}].name")
            chosen.setdefault(plugin, known[plugin])
            if entry.get("weight"):
                weights[plugin] = entry["weight"]
    if not any(plugin.name == "PrioritySort" for plugin in chosen.values()):
        raise ConfigurationError(f"{path}.plugins.queueSort: one plugin has to sort the queue")
    return Profile(tuple(chosen.values()), weights, name, share)


def _check(name: Any, known: dict[str, Plugin], path: str, star: bool = False) -> None:
    if name not in known and not (star and name == "*"):
        raise ConfigurationError(f"{path}: there is no plugin {name!r}; choose from {', '.join(known)}")
