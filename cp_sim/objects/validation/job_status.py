"""The status of a Job, which has to tell one consistent story.

Source: `ValidateJobUpdateStatus` and `validateJobStatus` in `pkg/apis/batch/validation/validation.go`,
`getStatusValidationOptions` in `pkg/registry/batch/job/strategy.go`.
"""

from __future__ import annotations

import re
from typing import Any

from cp_sim.objects.causes import OMITTED, Causes, duplicate, invalid, required
from cp_sim.objects.validation.common import nonnegative

Object = dict[str, Any]


def _is(status: Object, type_: str) -> bool:
    return any(one.get("type") == type_ and one.get("status") == "True" for one in status.get("conditions") or ())


def job_status(new: Object, old: Object, causes: Causes) -> None:
    """A Job's status."""
    status, before = new.get("status") or {}, old.get("status") or {}
    for field in ("active", "succeeded", "failed", "ready", "terminating"):
        nonnegative(status, field, "status", causes)
    _uncounted(status.get("uncountedTerminatedPods"), causes)
    complete, failed = _is(status, "Complete"), _is(status, "Failed")
    if complete and failed:
        causes.append(invalid("status.conditions", OMITTED, "cannot set Complete=True and Failed=true conditions"))
    _completion(status, complete, causes)
    if failed and not _is(status, "FailureTarget"):
        text = "cannot set Failed=True condition without the FailureTarget=true condition"
        causes.append(invalid("status.conditions", OMITTED, text))
    if complete and not _is(status, "SuccessCriteriaMet"):
        text = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        causes.append(invalid("status.conditions", OMITTED, text))
    if complete or failed:
        _finished(status, causes)
    _counts(new, status, causes)
    _changes(new, status, before, causes)


def _completion(status: Object, complete: bool, causes: Causes) -> None:
    at, done = "status.completionTime", status.get("completionTime")
    if complete and done is None:
        causes.append(required(at, "completionTime is required for Complete jobs"))
    elif done is not None and not complete:
        causes.append(invalid(at, done, "cannot set completionTime when there is no Complete=True condition"))
    started = status.get("startTime")
    if done is not None and started is not None and done < started:
        causes.append(invalid(at, done, "must be equal to or after `startTime`"))


def _finished(status: Object, causes: Causes) -> None:
    if status.get("startTime") is None:
        causes.append(required("status.startTime", "startTime is required for finished job"))
    if status.get("active", 0) > 0:
        causes.append(invalid("status.active", status["active"], "active>0 is invalid for finished job"))
    if (status.get("terminating") or 0) > 0:
        causes.append(invalid("status.terminating", status["terminating"], "terminating>0 is invalid for finished job"))
    uncounted = status.get("uncountedTerminatedPods") or {}
    if uncounted.get("succeeded") or uncounted.get("failed"):
        text = "uncountedTerminatedPods needs to be empty for finished job"
        causes.append(invalid("status.uncountedTerminatedPods", uncounted, text))


def _counts(job: Object, status: Object, causes: Causes) -> None:
    spec = job.get("spec") or {}
    ready, active = status.get("ready"), status.get("active", 0)
    if ready is not None and ready > active:
        causes.append(invalid("status.ready", ready, "cannot set more ready pods than active"))
    indexes, completions = status.get("completedIndexes", ""), spec.get("completions") or 0
    if indexes:
        problem = indexes_problem(indexes, completions)
        if problem:
            causes.append(invalid("status.completedIndexes", indexes, f"error parsing completedIndexes: {problem}"))
        if spec.get("completionMode") != "Indexed":
            text = "cannot set non-empty completedIndexes when non-indexed completion mode"
            causes.append(invalid("status.completedIndexes", indexes, text))


def _changes(job: Object, status: Object, before: Object, causes: Causes) -> None:
    suspended = bool((job.get("spec") or {}).get("suspend"))
    if before.get("startTime") is not None and status.get("startTime") != before["startTime"] and not suspended:
        if status.get("startTime") is None:
            causes.append(required("status.startTime", "startTime cannot be removed for unsuspended job"))
        else:
            text = "field is immutable for unsuspended job once set"
            causes.append(invalid("status.startTime", status["startTime"], text))
    if before.get("completionTime") is not None and _is(before, "Complete") and _is(status, "Complete"):
        if status.get("completionTime") != before["completionTime"]:
            causes.append(
                invalid("status.completionTime", status.get("completionTime"), "completionTime cannot be mutated")
            )
    for type_, text in (
        ("Failed", "cannot disable the terminal Failed=True condition"),
        ("Complete", "cannot disable the terminal Complete=True condition"),
        ("FailureTarget", "cannot disable the FailureTarget=True condition"),
        ("SuccessCriteriaMet", "cannot disable the SuccessCriteriaMet=True condition"),
    ):
        if _is(before, type_) and not _is(status, type_):
            causes.append(invalid("status.conditions", OMITTED, text))


def _uncounted(given: Object | None, causes: Causes) -> None:
    seen: set[str] = set()
    for field in ("succeeded", "failed"):
        for index, uid in enumerate((given or {}).get(field) or ()):
            at = f"status.uncountedTerminatedPods.{field}[{index}]"
            if not uid:
                causes.append(invalid(at, uid, "must not be empty"))
            elif uid in seen:
                causes.append(duplicate(at, uid))
            seen.add(uid)


def indexes_problem(text: str, limit: int) -> str:
    """What is wrong with a list of indexes such as `0,2-4`; empty if nothing."""
    last = -1
    for part in text.split(","):
        bounds = part.split("-")
        if len(bounds) > 2:
            rule = "an index interval can have at most two parts separated by '-'"
            return f'the fragment "{part}" violates the requirement that {rule}'
        for bound in bounds:
            if not re.fullmatch("-?[0-9]+", bound):
                return f'cannot convert string to integer for index: "{bound}"'
            number = int(bound)
            if number >= limit:
                return f'too large index: "{bound}"'
            if number <= last and bound is bounds[0]:
                return f"non-increasing order, previous: {last}, current: {number}"
            last = number
    return ""
