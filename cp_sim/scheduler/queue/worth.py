"""Whether something that happened is worth another attempt of a pod that waits.

*In Kubernetes:* `isPodWorthRequeuing` in pkg/scheduler/backend/queue/scheduling_queue.go,
`PodSchedulingPropertiesChange` in pkg/scheduler/framework/events.go.
"""

from __future__ import annotations

from cp_sim.objects import meta
from cp_sim.scheduler.asking import ask
from cp_sim.scheduler.decision import Rejection
from cp_sim.scheduler.framework import Plugin
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queued_pod import QueuedPod
from cp_sim.scheduler.queue.queueing import FORCED, Change, hears

# What a change means for a waiting pod, the more the later.
SKIP = 0  # nothing
AFTER_BACKOFF = 1  # try it again, once its back-off is over
IMMEDIATELY = 2  # what a plugin was waiting for has come: no back-off


def worth(one: QueuedPod, change: Change) -> int:
    """What a change means for a waiting pod: the plugins that rejected it are asked (QueueingHint)."""
    if change.kind == FORCED or not one.rejectors:
        return AFTER_BACKOFF
    found = SKIP
    for name in one.rejectors:
        plugin = one.profile.by_name.get(name)
        if plugin is not None and not (hears(plugin.moved_by, change.kind) and _may_help(plugin, one.pod, change)):
            continue
        if name in one.pending_by:
            return IMMEDIATELY
        found = AFTER_BACKOFF
        if not one.pending_by:
            break
    return found


def _may_help(plugin: Plugin, pod: PodInfo, change: Change) -> bool:
    """The plugin's hint; one that fails cannot keep a pod waiting."""
    try:
        return plugin.hint(pod, change)
    except Exception:
        return True


def listens(one: QueuedPod, name: str, kind: str) -> bool:
    """Whether a plugin of the pod's profile hears changes of that kind."""
    plugin = one.profile.by_name.get(name)
    return plugin is None or hears(plugin.moved_by, kind)


def gate_of(one: QueuedPod) -> Rejection | None:
    """PreEnqueue: the plugin that holds the pod back, if one does; who did last time is asked first."""
    last = one.gate.plugin if one.gate is not None else ""
    for plugin in sorted(one.profile.at["pre_enqueue"], key=lambda plugin: plugin.name != last):
        status = ask(plugin, "pre_enqueue", one.pod)
        if not status.ok:
            return Rejection(plugin.name, status.code, ", ".join(status.reasons))
    return None


def own_changes(old: PodInfo, new: PodInfo) -> list[str]:
    """What changed about a pod, in the words of `queueing.py`; anything else is a plain update.

    *Simplified:* a change of the status alone is none; the real one counts it as an update, so that a plugin that hears
    of everything sees the pods again that it has just rejected.
    """
    found = []
    if old.labels != new.labels:
        found.append("pods/update-label")
    if old.facts is not new.facts and any(
        new.facts.requests.get(name, 0) < amount for name, amount in old.facts.requests.items()
    ):
        found.append("pods/update-scale-down")
    if old.gates and not new.gates:
        found.append("pods/update-gates")
    if len(old.facts.tolerations) != len(new.facts.tolerations):
        found.append("pods/update-tolerations")
    if found or (old.spec == new.spec and meta.annotations(old.object) == meta.annotations(new.object)):
        return found
    return ["pods/update"]
