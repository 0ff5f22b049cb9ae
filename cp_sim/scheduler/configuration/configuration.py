"""Reading a `KubeSchedulerConfiguration`: profiles, plugins enabled, disabled and reweighted, their arguments.

It comes as YAML or JSON text, as a dict, or as a `pathlib.Path` to read; a tuple of plugins or profiles does as well.
What is wrong is told with the field's path in the real scheduler's words.

*In Kubernetes:* pkg/scheduler/apis/config/v1, pkg/scheduler/apis/config/validation/validation.go.  *Simplified:*
`parallelism`, `clientConnection`, `enableProfiling`, `enableContentionProfiling` and `delayCacheUntilActive` are
checked and change nothing; of `leaderElection` only the times count: whether there is an election follows from the
cluster, and its lock has its usual name.  Extenders are refused.  Arguments for a plugin that nobody knows are refused,
too, where the real scheduler leaves them aside.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from cp_sim.objects import manifests
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, quoted
from cp_sim.scheduler.configuration import config_checks as checks
from cp_sim.scheduler.configuration import plugin_sets
from cp_sim.scheduler.configuration.config_fields import ARGS, CONFIGURATION, read
from cp_sim.scheduler.configuration.plugin_args import MAKERS
from cp_sim.scheduler.configuration.plugin_sets import Enabled, PluginSet, PluginSetError
from cp_sim.scheduler.framework import Plugin, Profile
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS, DEFAULT_WEIGHTS, default_profile
from cp_sim.sim import immutable

Object = dict[str, Any]

API_VERSION = checks.API_VERSION
GROUP = API_VERSION.partition("/")[0]
KIND = "KubeSchedulerConfiguration"
WHAT = "scheduler_profiles: give a KubeSchedulerConfiguration, profiles, or a tuple of plugins"


class ConfigurationError(ValueError):
    """A configuration cannot be; the message names the field."""


@immutable
class Configuration:
    """What a scheduler is told: its profiles, how long failed pods wait at first and at most, and the times of leader
    election (lease, renewal, retry) where any are given.
    """

    profiles: tuple[Profile, ...]
    initial_backoff_ms: int = 1_000
    max_backoff_ms: int = 10_000
    election_ms: tuple[int, int, int] | None = None


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
        checks.check_profile(profile, "scheduler_profiles", causes)
        _refuse(causes, " (begin with DEFAULT_PLUGINS, and leave out what yours replaces)")
        return [profile]
    raise ConfigurationError(WHAT)


def _is_plugin_class(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, Plugin)


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
        checks.check_process(value, self.causes)
        profiles = value.get("profiles") or [{}]
        if len(profiles) == 1:
            profiles = [{"schedulerName": "default-scheduler", **profiles[0]}]
        share = self._percentage(value, "percentageOfNodesToScore", 0)
        made = [self._profile(one, f"profiles[{place}]", share) for place, one in enumerate(profiles)]
        checks.check_profiles(profiles, self.causes)
        initial_s, max_s = checks.backoff(value, self.causes)
        _refuse(self.causes)
        election_ms = checks.election_times(value) if "leaderElection" in value else None
        profiles_made = tuple(one for one in made if one is not None)
        return Configuration(profiles_made, initial_s * 1000, max_s * 1000, election_ms)

    def _percentage(self, holder: Object, path: str, otherwise: int) -> int:
        share = holder.get("percentageOfNodesToScore")
        if share is None:
            return otherwise
        if not 0 <= share <= 100:
            self.causes.append(invalid(path, share, "not in valid range [0-100]"))
        return int(share)

    def _profile(self, one: Object, path: str, share: int) -> Profile | None:
        share = self._percentage(one, f"{path}.percentageOfNodesToScore", share)
        own = plugin_sets.read_sets(one.get("plugins") or {})
        sets = plugin_sets.merged(DEFAULT_SETS, own)
        configured = self._configured(one.get("pluginConfig") or [], path)
        names = [name for name in plugin_sets.enabled_names(sets) if name in self.known]
        plugins = {name: configured.get(name) or self._made(name, path) for name in names}
        no_more = checks.plugins_gone(own, f"{path}.plugins")
        self.causes += no_more
        if no_more or not all(plugin.name for plugin in plugins.values()):
            return None
        try:
            at = plugin_sets.at_points(sets, plugins)
        except PluginSetError as error:
            known = f"; there are {', '.join(self.known)}" if "does not exist" in str(error) else ""
            at_entry, name = self._place(own, error.point, path, str(error))
            self.causes.append(invalid(at_entry, name, f"{error}{known}"))
            return None
        profile = Profile(tuple(plugins.values()), plugin_sets.weights(sets), one.get("schedulerName", ""), share, at)
        checks.check_profile(profile, f"{path}.plugins", self.causes)
        return profile

    def _place(self, own: dict[str, PluginSet], point: str, path: str, text: str) -> tuple[str, str]:
        """(path, name) of the last entry that a message about an extension point speaks of."""
        enabled = own[point].enabled if point in own else ()
        for place, entry in reversed(list(enumerate(enabled))):
            if quoted(entry.name) in text:
                return f"{path}.plugins.{point}.enabled[{place}].name", entry.name
        return f"{path}.plugins.{point}", ""

    def _configured(self, entries: list[Object], path: str) -> dict[str, Plugin]:
        """The plugins that have arguments of their own."""
        found: dict[str, Plugin] = {}
        seen: list[str] = []
        for place, entry in enumerate(entries):
            where, name, args = f"{path}.pluginConfig[{place}]", entry.get("name", ""), entry.get("args") or {}
            known = self.known.get(name)
            if name in seen:
                self.causes.append(duplicate(where, name))
            elif name in checks.GONE:
                self.causes.append(checks.gone(where, name))
            elif name in ARGS:
                at = f"{where}.args"
                found[name] = MAKERS[name](self._args_of(name, args, at), at, self.causes)
            elif known is None:
                text = f"there is no such plugin; there are {', '.join(self.known)}"
                self.causes.append(invalid(f"{where}.name", name, text))
            elif isinstance(known, type):
                found[name] = self._own(known, args, f"{where}.args")
            elif args:
                text = "the plugin takes no arguments; one of your own takes them where scheduler_plugins has its class"
                self.causes.append(forbidden(f"{where}.args", text))
            seen.append(name)
        return found

    def _args_of(self, name: str, args: Any, at: str) -> Object:
        """The arguments of a default plugin, which may name their own kind."""
        kind = {"apiVersion": API_VERSION, "kind": f"{name}Args"}
        if isinstance(args, dict):
            for field, wanted in kind.items():
                if args.get(field, wanted) != wanted:
                    text = f"has to be {quoted(wanted)}"
                    if field == "kind":
                        text = f"args for plugin {name} were not of type {wanted}.{GROUP}, got {args[field]}.{GROUP}"
                    self.causes.append(invalid(f"{at}.{field}", args[field], text))
            args = {field: value for field, value in args.items() if field not in kind}
        before = len(self.causes)
        value = read(args, ARGS[name], at, self.causes)
        return value if len(self.causes) == before else {}

    def _own(self, known: Any, args: Any, at: str) -> Plugin:
        """A plugin of a class that somebody has registered."""
        try:
            return known(**args)  # type: ignore[no-any-return]
        except TypeError as error:
            self.causes.append(invalid(at, args, f"{known.name} does not take them: {error}"))
            return Plugin()

    def _made(self, name: str, path: str) -> Plugin:
        """A plugin without arguments; each profile has its own."""
        known = self.known[name]
        return self._own(known, {}, path) if isinstance(known, type) else copy.deepcopy(known)


DEFAULT_SETS = {
    plugin_sets.MULTI_POINT: PluginSet(
        tuple(Enabled(plugin.name, DEFAULT_WEIGHTS.get(plugin.name, 0)) for plugin in DEFAULT_PLUGINS)
    )
}
