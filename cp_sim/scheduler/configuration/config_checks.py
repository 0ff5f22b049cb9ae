"""What a `KubeSchedulerConfiguration` may not say, its plugins' arguments aside.

*In Kubernetes:* pkg/scheduler/apis/config/validation/validation.go, k8s.io/component-base/config/validation, and the
checks of `NewFramework` in pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import Cause, Causes, duplicate, forbidden, invalid, quoted, required
from cp_sim.scheduler.configuration.plugin_args import duration
from cp_sim.scheduler.configuration.plugin_sets import NOTHING, Sets, read_sets
from cp_sim.scheduler.framework import Profile

Object = dict[str, Any]

API_VERSION = "kubescheduler.config.k8s.io/v1"
# Plugins that there were once.
GONE = ("AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits")


def check_process(value: Object, causes: Causes) -> None:
    """What concerns the process as a whole."""
    election, burst = value.get("leaderElection") or {}, value.get("clientConnection", {}).get("burst", 0)
    if burst < 0:
        causes.append(invalid("clientConnection.burst", burst, "must be non-negative"))
    if election.get("leaderElect", True):
        check_election(election, causes)
    if value.get("parallelism", 16) <= 0:
        causes.append(invalid("parallelism", value["parallelism"], "should be an integer value greater than zero"))
    if value.get("extenders"):
        text = "extenders are webhooks outside of this process; write a plugin in Python instead"
        causes.append(forbidden("extenders", text))


def election_times(value: Object) -> tuple[int, int, int]:
    """(how long the lease lasts, how long its holder tries to renew it, how often it is looked at) in milliseconds."""
    election = value.get("leaderElection") or {}
    fields = (("leaseDuration", 15_000), ("renewDeadline", 10_000), ("retryPeriod", 2_000))
    lease_ms, renew_ms, retry_ms = (election.get(field) or default_ms for field, default_ms in fields)
    return lease_ms, renew_ms, retry_ms


def check_election(election: Object, causes: Causes) -> None:
    """The times of leader election, and its lock."""
    lease_ms, renew_ms, retry_ms = election_times({"leaderElection": election})
    for field, value_ms in (("leaseDuration", lease_ms), ("renewDeadline", renew_ms), ("retryPeriod", retry_ms)):
        if value_ms <= 0:
            causes.append(invalid(f"leaderElection.{field}", duration(value_ms), "must be greater than zero"))
    if lease_ms <= renew_ms:
        text = "must be greater than `RenewDeadline`"
        causes.append(invalid("leaderElection.leaseDuration", duration(renew_ms), text))
    lock = election.get("resourceLock") or "leases"
    if lock != "leases":
        causes.append(invalid("leaderElection.resourceLock", lock, 'resourceLock value must be "leases"'))


def backoff(value: Object, causes: Causes) -> tuple[int, int]:
    """(the initial back-off, the longest) in seconds."""
    initial_s, max_s = value.get("podInitialBackoffSeconds", 1), value.get("podMaxBackoffSeconds", 10)
    if initial_s <= 0:
        causes.append(invalid("podInitialBackoffSeconds", initial_s, "must be greater than 0"))
    if max_s < initial_s:
        text = "must be greater than or equal to PodInitialBackoffSeconds"
        causes.append(invalid("podMaxBackoffSeconds", max_s, text))
    return initial_s, max_s


def check_profiles(profiles: list[Object], causes: Causes) -> None:
    """Names differ, and all profiles sort their one queue in the same way (`validateCommonQueueSort`)."""
    first: dict[str, int] = {}
    for place, one in enumerate(profiles):
        path, name = f"profiles[{place}].schedulerName", one.get("schedulerName", "")
        if not name:
            causes.append(required(path))
        if name in first:
            causes.append(duplicate(path, f"profiles[{first[name]}].schedulerName"))
        first[name] = place
    sets = [read_sets(one.get("plugins") or {}).get("queueSort", NOTHING) for one in profiles]
    for place, here in enumerate(sets):
        if here != sets[0]:
            shown = {"Enabled": [entry.name for entry in here.enabled], "Disabled": list(here.disabled)}
            text = "must be the same for all profiles"
            causes.append(invalid(f"profiles[{place}].plugins.queueSort", shown, text))


def check_profile(profile: Profile, at: str, causes: Causes) -> None:
    """A profile sorts the queue by one plugin and binds by at least one."""
    name, sorting = quoted(profile.scheduler_name), len(profile.at["queue_sort"])
    if sorting != 1:
        text = f"only one queue sort plugin required for profile with scheduler name {name}, but got {sorting}"
        causes.append(required(f"{at}.queueSort", text) if not sorting else forbidden(f"{at}.queueSort", text))
    if not profile.at["bind"]:
        text = f"at least one bind plugin is needed for profile with scheduler name {name}"
        causes.append(required(f"{at}.bind", text))


def plugins_gone(sets: Sets, at: str) -> Causes:
    """The plugins that are enabled although there are none of these names any more."""
    return [
        gone(f"{at}.{point}.enabled[{place}]", entry.name)
        for point, here in sets.items()
        for place, entry in enumerate(here.enabled)
        if entry.name in GONE
    ]


def gone(path: str, name: str) -> Cause:
    """A plugin that there is no more."""
    text = f'was invalid in version "v1" (KubeSchedulerConfiguration is version {quoted(API_VERSION)})'
    return invalid(path, name, text)
