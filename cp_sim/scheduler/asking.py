"""Asking plugins that may fail: what they say as a `Status`, and which of them an error comes from.

A plugin of somebody else's may raise anything, or answer what no extension point knows.  That is an error of this
pod's attempt, told with the plugin's name in the real scheduler's words; neither the pod nor the scheduler is lost.

*In Kubernetes:* the `Run...Plugins` methods in pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

import traceback
from typing import Any

from cp_sim.apiserver.request import Call
from cp_sim.objects.causes import quoted
from cp_sim.scheduler.framework import ERROR, OK, UNSCHEDULABLE, Plugin, PluginError, Prepare, Status, Unanswerable

# method -> how the real scheduler words an error there
WORDS = {
    "pre_enqueue": "running PreEnqueue plugin {}: {}",
    "sort_key": "running QueueSort plugin {}: {}",
    "pre_filter": "running PreFilter plugin {}: {}",
    "filter": "running {} filter plugin: {}",
    "post_filter": "running PostFilter plugin {}: {}",
    "pre_score": "running PreScore plugin {}: {}",
    "score": "running Score plugins: plugin {} failed with: {}",
    "normalize_score": "running Normalize on Score plugins: plugin {} failed with: {}",
    "reserve": "running Reserve plugin {}: {}",
    "unreserve": "running Unreserve plugin {}: {}",
    "permit": "running Permit plugin {}: {}",
    "pre_bind_pre_flight": "running PreBindPreFlight {}: {}",
    "pre_bind": "running PreBind plugin {}: {}",
    "bind": "running Bind plugin {}: {}",
    "post_bind": "running PostBind plugin {}: {}",
}
# What else a method may answer.
PASSED_ON: dict[str, Any] = {"pre_bind": Prepare, "bind": Call}
# Functions of `cycle.py` and `filtering.py` that ask a `plugin` and go on with its answer.
ASKS = {
    "run_pre_filter": "pre_filter",
    "judge": "filter",
    "run_post_filter": "post_filter",
    "score": "score",
}
SAME_POINT = {
    "filter_node": "filter",
    "outcome": "filter",
    "facts": "filter",
    "score_node": "score",
    "prepared": "pre_bind",
}


def ask(plugin: Plugin, method: str, *given: Any) -> Any:
    """The `Status` (or request, or `Prepare`) that a method of the plugin answers; the code is Error if it fails."""
    try:
        answer = getattr(plugin, method)(*given)
    except Exception as error:
        return Status(ERROR, (worded(plugin, method, described(error)),))
    if type(answer) is Status and answer.code != ERROR:
        return answer
    return status_of(plugin, method, answer)


def status_of(plugin: Plugin, method: str, answer: Any) -> Any:
    """What an answer means: None is Success, a text a reason to refuse the pod."""
    if answer is None:
        return OK
    if isinstance(answer, str):
        return Status(UNSCHEDULABLE, (answer,))
    if isinstance(answer, Status):
        if answer.code == ERROR:
            return Status(ERROR, (worded(plugin, method, ", ".join(answer.reasons)),))
        return answer
    if isinstance(answer, PASSED_ON.get(method, ())):
        return answer
    return Status(ERROR, (worded(plugin, method, f"it answers {answer!r}: give None, a reason or a Status"),))


def worded(plugin: Plugin, method: str, problem: str) -> str:
    """The sentence of an error in a plugin."""
    return WORDS[SAME_POINT.get(method, method)].format(quoted(plugin.name), problem)


def described(error: BaseException) -> str:
    """An exception as a few words: what it is, and where it was raised."""
    if isinstance(error, Unanswerable):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} (line {last.lineno}, in {last.name})"


def blamed(error: BaseException) -> str:
    """The sentence for an exception that a plugin raised in the scheduling cycle, or that its answer led to.

    Empty where no plugin is to blame.
    Preemption asks filters from within a PostFilter plugin: the innermost plugin is to blame.
    """
    if isinstance(error, PluginError) and not isinstance(error, Unanswerable):
        return str(error)
    found = ""
    trace = error.__traceback__
    while trace is not None:
        local, method = trace.tb_frame.f_locals, trace.tb_frame.f_code.co_name
        asked = ASKS.get(method)
        if isinstance(local.get("self"), Plugin) and (method in WORDS or method in SAME_POINT):
            found = worded(local["self"], method, described(error))
        elif asked is not None and isinstance(local.get("plugin"), Plugin):
            found = worded(local["plugin"], asked, described(error))
        trace = trace.tb_next
    return found
