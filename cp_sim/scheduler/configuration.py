"""Reading a `KubeSchedulerConfiguration`: profiles, plugins enabled, disabled and reweighted, their arguments.

It comes as YAML or JSON text, as a dict, or as a `pathlib.Path` to read; a tuple of plugins or profiles does as well.
What is wrong is told with the field's path in the real scheduler's words.

*In Kubernetes:* pkg/scheduler/apis/config/v1, pkg/scheduler/apis/config/validation/validation.go.  *Simplified:*
`parallelism`, `clientConnection`, `enableProfiling`, `enableContentionProfiling` and `delayCacheUntilActive` are
checked and change nothing, so are the names of `leaderElection`'s lock; extenders are refused.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from cp_sim.objects import manifests
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, quoted, required
from cp_sim.scheduler import plugin_sets
from cp_sim.scheduler.config_fields import ARGS, CONFIGURATION, read
from cp_sim.scheduler.framework import Plugin, Profile
from cp_sim.scheduler.plugin_args import MAKERS, duration
from cp_sim.scheduler.plugin_sets import Enabled, PluginSet, PluginSetError
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS, DEFAULT_WEIGHTS, default_profile
from cp_sim.sim import immutable

Object = dict[str, Any]

API_VERSION = "kubescheduler.config.k8s.io/v1"
KIND = "KubeSchedulerConfiguration"
WHAT = "scheduler_profiles: give a KubeSchedulerConfiguration, profiles, or a tuple of plugins"
GONE = ("AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits")


class ConfigurationError(ValueError):
    """A configuration cannot be; the message names the field."""


@immutable
class Configuration:
    """What a scheduler is told: its profiles, and how long failed pods wait at first and at most."""

    profiles: tuple[Profile, ...]
    initial_backoff_ms: int = 1_000
    max_backoff_ms: int = 10_000


def read_profiles(given: Any, own: Any = ()) -> list[Profile]:
    """The profiles that `given` means; see `read_configuration`."""
    return list(read_configuration(given, own).profiles)


def read_configuration(given: Any, own: Any = ()) -> Configuration:
    """What `given` means: None, a Profile or several, a tuple of plugins, a configuration as text, dict or path.

    `own` are plugins, or classes of plugins, that the configuration may name beside the default ones (*in Kubernetes:*
    `app.WithPlugin`); a class is called with the arguments that `pluginConfig` holds for it.

    Raises:
        ConfigurationError: it cannot be; the message names the field.
    """
    if isinstance(given, Profile) or given is None or isinstance(given, (tuple, list)):
        if own:
            raise ConfigurationError(
                "scheduler_plugins are for a KubeSchedulerConfiguration that names them; without one give "
                "scheduler_profiles=DEFAULT_PLUGINS + (MyPlugin(),)"
            )
        return Configuration(tuple(_from_python(given)))
    if isinstance(given, os.PathLike):
        try:
            given = Path(given).read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"{error.filename}: cannot be read: {error.strerror}") from None
    if isinstance(given, str):
        try:
            given = manifests.parse_value(given)
        except manifests.ManifestError as error:
            raise ConfigurationError(f"scheduler_profiles: this is not YAML: {error}") from None
    if not isinstance(given, dict) or given.get("kind") != KIND:
        raise ConfigurationError(f'kind: wants "{KIND}"')
    if given.get("apiVersion") != API_VERSION:
        raise ConfigurationError(f'apiVersion: wants "{API_VERSION}", not {given.get("apiVersion")!r}')
    return _Reader(own).read(given)


def _from_python(given: Any) -> list[Profile]:
    """Profiles as they are, or one made of plugins, each of which is copied: a scheduler shares no plugin's memory with
    another, or with the one that ran before it under its name.
    """
    if given is None:
        return [default_profile()]
    if isinstance(given, Profile):
        return [copy.deepcopy(given)]
    if given and all(isinstance(one, Profile) for one in given):
        return [copy.deepcopy(one) for one in given]
    if given and all(isinstance(one, Plugin) or _is_plugin_class(one) for one in given):
        try:
            profile = default_profile(tuple(one() if isinstance(one, type) else copy.deepcopy(one) for one in given))
        except ValueError as error:
            raise ConfigurationError(f"scheduler_profiles: {error}") from None
        causes: Causes = []
        check_profile(profile, "scheduler_profiles", causes)
        _refuse(causes, " (begin with DEFAULT_PLUGINS, and leave out what yours replaces)")
        return [profile]
    raise ConfigurationError(WHAT)


def _is_plugin_class(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, Plugin)


def check_profile(profile: Profile, at: str, causes: Causes) -> None:
    """A profile sorts the queue by one plugin and binds by at least one (`NewFramework`)."""
    name, sorting = quoted(profile.scheduler_name), len(profile.at["queue_sort"])
    if sorting != 1:
        text = f"only one queue sort plugin required for profile with scheduler name {name}, but got {sorting}"
        causes.append(required(f"{at}.queueSort", text) if not sorting else forbidden(f"{at}.queueSort", text))
    if not profile.at["bind"]:
        text = f"at least one bind plugin is needed for profile with scheduler name {name}"
        causes.append(required(f"{at}.bind", text))


def _refuse(causes: Causes, advice: str = "") -> None:
    """*Raises* `ConfigurationError` with all that is wrong in one sentence."""
    sentences = list(dict.fromkeys(str(cause) for cause in causes))
    if sentences:
        text = sentences[0] if len(sentences) == 1 else f"[{', '.join(sentences)}]"
        raise ConfigurationError(text + advice)


class _Reader:
    """One configuration on its way to profiles."""

    def __init__(self, own: Any) -> None:
        self.known: dict[str, Any] = {plugin.name: plugin for plugin in DEFAULT_PLUGINS}
        for one in own if isinstance(own, (tuple, list)) else (own,):
            if not (isinstance(one, Plugin) or _is_plugin_class(one)) or not one.name:
                raise ConfigurationError(f"scheduler_plugins: {one!r} is no plugin with a name")
            if one.name in self.known:
                raise ConfigurationError(f"scheduler_plugins: there is a plugin {quoted(one.name)} already")
            self.known[one.name] = one
        self.causes: Causes = []

    def read(self, given: Object) -> Configuration:
        """The configuration; *raises* `ConfigurationError` with everything that is wrong."""
        value = read(given, CONFIGURATION, "", self.causes)
        _refuse(self.causes)  # values of wrong types are not looked at any further
        self._check_process(value)
        profiles = value.get("profiles") or [{}]
        if len(profiles) == 1:
            profiles = [{"schedulerName": "default-scheduler", **profiles[0]}]
        share = self._percentage(value, "percentageOfNodesToScore", 0)
        made = [self._profile(one, f"profiles[{place}]", share) for place, one in enumerate(profiles)]
        self._check_names(profiles)
        self._check_queue_sort(profiles)
        initial_s, max_s = value.get("podInitialBackoffSeconds", 1), value.get("podMaxBackoffSeconds", 10)
        if initial_s <= 0:
            self.causes.append(invalid("podInitialBackoffSeconds", initial_s, "must be greater than 0"))
        if max_s < initial_s:
            text = "must be greater than or equal to PodInitialBackoffSeconds"
            self.causes.append(invalid("podMaxBackoffSeconds", max_s, text))
        _refuse(self.causes)
        return Configuration(tuple(one for one in made if one is not None), initial_s * 1000, max_s * 1000)

    def _check_process(self, value: Object) -> None:
        """What concerns the process as a whole."""
        causes, election = self.causes, value.get("leaderElection") or {}
        if value.get("clientConnection", {}).get("burst", 0) < 0:
            causes.append(invalid("clientConnection.burst", value["clientConnection"]["burst"], "must be non-negative"))
        if election.get("leaderElect", True):
            _check_election(election, causes)
        if value.get("parallelism", 16) <= 0:
            text = "should be an integer value greater than zero"
            causes.append(invalid("parallelism", value["parallelism"], text))
        if value.get("extenders"):
            text = "extenders are webhooks outside of this process; write a plugin in Python instead"
            causes.append(forbidden("extenders", text))

    def _percentage(self, holder: Object, path: str, otherwise: int) -> int:
        share = holder.get("percentageOfNodesToScore", otherwise)
        if not 0 <= share <= 100:
            self.causes.append(invalid(path, share, "not in valid range [0-100]"))
        return int(share)

    def _check_names(self, profiles: list[Object]) -> None:
        first: dict[str, int] = {}
        for place, one in enumerate(profiles):
            path, name = f"profiles[{place}].schedulerName", one.get("schedulerName", "")
            if not name:
                self.causes.append(required(path))
            if name in first:
                self.causes.append(duplicate(path, f"profiles[{first[name]}].schedulerName"))
            first[name] = place

    def _check_queue_sort(self, profiles: list[Object]) -> None:
        """All profiles share one queue, so they must sort it in the same way (`validateCommonQueueSort`)."""
        sets = [_own_sets(one.get("plugins") or {}).get("queueSort", plugin_sets.NOTHING) for one in profiles]
        for place, one in enumerate(sets):
            if one != sets[0]:
                shown = {"Enabled": [entry.name for entry in one.enabled], "Disabled": list(one.disabled)}
                text = "must be the same for all profiles"
                self.causes.append(invalid(f"profiles[{place}].plugins.queueSort", shown, text))

    def _profile(self, one: Object, path: str, share: int) -> Profile | None:
        share = self._percentage(one, f"{path}.percentageOfNodesToScore", share)
        for point, rules in (one.get("plugins") or {}).items():
            for place, entry in enumerate(rules.get("enabled") or ()):
                if entry.get("name") in GONE:
                    where = f"{path}.plugins.{point}.enabled[{place}]"
                    self.causes.append(_gone(where, entry["name"]))
        own = _own_sets(one.get("plugins") or {})
        sets = plugin_sets.merged(DEFAULT_SETS, own)
        arguments = self._arguments(one.get("pluginConfig") or [], path)
        plugins = {}
        for name in plugin_sets.enabled_names(sets):
            if name in self.known:
                plugins[name] = self._made(name, arguments.get(name), path)
        try:
            at = plugin_sets.at_points(sets, plugins)
        except PluginSetError as error:
            known = f"; there are {', '.join(self.known)}" if "does not exist" in str(error) else ""
            where = self._place(own, error.point, path, str(error))
            self.causes.append(invalid(where[0], where[1], f"{error}{known}"))
            return None
        profile = Profile(tuple(plugins.values()), plugin_sets.weights(sets), one.get("schedulerName", ""), share, at)
        check_profile(profile, f"{path}.plugins", self.causes)
        return profile

    def _place(self, own: dict[str, PluginSet], point: str, path: str, text: str) -> tuple[str, str]:
        """(path, name) of the last entry that a message about an extension point speaks of."""
        enabled = own[point].enabled if point in own else ()
        for place, entry in reversed(list(enumerate(enabled))):
            if quoted(entry.name) in text:
                return f"{path}.plugins.{point}.enabled[{place}].name", entry.name
        return f"{path}.plugins.{point}", ""

    def _arguments(self, entries: list[Object], path: str) -> dict[str, tuple[Object, str]]:
        """{plugin: (its arguments, where they stand)}."""
        found: dict[str, tuple[Object, str]] = {}
        for place, entry in enumerate(entries):
            where, name = f"{path}.pluginConfig[{place}]", entry.get("name", "")
            if name in found:
                self.causes.append(duplicate(where, name))
            elif name in GONE:
                self.causes.append(_gone(where, name))
            elif name not in self.known:
                text = f"there is no such plugin; there are {', '.join(self.known)}"
                self.causes.append(invalid(f"{where}.name", name, text))
            elif name in ARGS:
                found[name] = (self._args_of(name, entry.get("args") or {}, f"{where}.args"), f"{where}.args")
            elif isinstance(self.known[name], type):
                found[name] = (entry.get("args") or {}, f"{where}.args")
            elif entry.get("args"):
                text = "the plugin takes no arguments; one of your own takes them where scheduler_plugins has its class"
                self.causes.append(forbidden(f"{where}.args", text))
        return found

    def _args_of(self, name: str, args: Any, at: str) -> Object:
        """The arguments of a default plugin, which may name their own kind."""
        kind = {"apiVersion": API_VERSION, "kind": f"{name}Args"}
        if isinstance(args, dict):
            for field, wanted in kind.items():
                if args.get(field, wanted) != wanted:
                    self.causes.append(invalid(f"{at}.{field}", args[field], f"has to be {quoted(wanted)}"))
            args = {field: value for field, value in args.items() if field not in kind}
        before = len(self.causes)
        value = read(args, ARGS[name], at, self.causes)
        return value if len(self.causes) == before else {}

    def _made(self, name: str, arguments: tuple[Object, str] | None, path: str) -> Plugin:
        known = self.known[name]
        if name in MAKERS and arguments is not None:
            return MAKERS[name](arguments[0], arguments[1], self.causes)
        if isinstance(known, type):
            args, where = arguments or ({}, path)
            try:
                return known(**args)  # type: ignore[no-any-return]
            except TypeError as error:
                self.causes.append(invalid(where, args, f"{name} does not take them: {error}"))
                return Plugin()
        return copy.deepcopy(known)  # type: ignore[no-any-return]


DEFAULT_SETS = {
    plugin_sets.MULTI_POINT: PluginSet(
        tuple(Enabled(plugin.name, DEFAULT_WEIGHTS.get(plugin.name, 0)) for plugin in DEFAULT_PLUGINS)
    )
}


def _own_sets(plugins: Object) -> dict[str, PluginSet]:
    return {
        point: PluginSet(
            tuple(Enabled(one.get("name", ""), one.get("weight", 0)) for one in rules.get("enabled") or ()),
            tuple(one.get("name", "") for one in rules.get("disabled") or ()),
        )
        for point, rules in plugins.items()
    }


def _gone(path: str, name: str) -> Any:
    text = f'was invalid in version "v1" (KubeSchedulerConfiguration is version {quoted(API_VERSION)})'
    return invalid(path, name, text)


def _check_election(election: Object, causes: Causes) -> None:
    """*In Kubernetes:* `ValidateLeaderElectionConfiguration` in k8s.io/component-base/config/validation."""
    lease_ms = election.get("leaseDuration") or 15_000
    renew_ms = election.get("renewDeadline") or 10_000
    for field, value_ms in (
        ("leaseDuration", lease_ms),
        ("renewDeadline", renew_ms),
        ("retryPeriod", election.get("retryPeriod") or 2_000),
    ):
        if value_ms <= 0:
            causes.append(invalid(f"leaderElection.{field}", duration(value_ms), "must be greater than zero"))
    if lease_ms <= renew_ms:
        text = "must be greater than `RenewDeadline`"
        causes.append(invalid("leaderElection.leaseDuration", duration(renew_ms), text))
    lock = election.get("resourceLock") or "leases"
    if lock != "leases":
        causes.append(invalid("leaderElection.resourceLock", lock, 'resourceLock value must be "leases"'))
