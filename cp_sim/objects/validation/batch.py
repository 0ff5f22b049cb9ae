"""Jobs and CronJobs.

Source: `pkg/apis/batch/validation/validation.go`; schedules as `github.com/robfig/cron` parses them.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import OMITTED, Causes, duplicate, invalid, not_supported, required, too_many
from cp_sim.objects.selectors import matches
from cp_sim.objects.validation import meta, pods
from cp_sim.objects.validation.common import nonnegative, selector, selector_value, sorted_map
from cp_sim.objects.validation.internal import pod_template_value
from cp_sim.objects.validation.schedules import schedule_problem, time_zone_problem
from cp_sim.objects.validation.workloads import MISMATCH, selector_problems

Object = dict[str, Any]

_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip
_GENERATED = ("batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name")


def job(obj: Object, causes: Causes) -> None:
    """A Job, after its metadata."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    _generated_selector(spec, metadata, causes)
    _whole_spec(spec, causes)
    _indexed_name(spec, metadata.get("name", ""), causes)


def _whole_spec(spec: Object, causes: Causes) -> None:
    """A Job's spec, with its selector."""
    job_spec(spec, "spec", causes)
    given = spec.get("selector")
    if given is None:
        causes.append(required("spec.selector"))
    else:
        selector(given, "spec.selector", causes)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if given is None or (not selector_problems(given) and not matches(given, labels)):
        causes.append(invalid("spec.template.metadata.labels", sorted_map(labels), MISMATCH))


def _indexed_name(spec: Object, name: str, causes: Causes) -> None:
    completions = spec.get("completions") or 0
    if spec.get("completionMode") == "Indexed" and completions > 0:
        last = f"{name}-{completions - 1}"
        if names.dns_label(last):
            text = f"will not able to create pod with invalid DNS label: {last}"
            causes.append(invalid("metadata.name", name, text))


def _generated_selector(spec: Object, metadata: Object, causes: Causes) -> None:
    """A selector that the server makes has to be the one that it made."""
    if spec.get("manualSelector"):
        return
    given = spec.get("selector")
    if given is None:
        return
    uid, name = metadata.get("uid", ""), metadata.get("name", "")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    for key, wanted in (("controller-uid", uid), ("job-name", name), (_GENERATED[0], uid), (_GENERATED[1], name)):
        path = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            causes.append(required(path, f"must be '{wanted}'"))
        elif labels[key] != wanted:
            causes.append(invalid(path, sorted_map(labels), f"must be '{wanted}'"))
    match = given.get("matchLabels") or {}
    if match.get(_GENERATED[0]) != uid and match.get("controller-uid") != uid:
        causes.append(invalid("spec.selector", selector_value(given), "`selector` not auto-generated"))


def job_spec(spec: Object, at: str, causes: Causes) -> None:
    """The spec of a Job or of a CronJob's template."""
    for field in _COUNTS:
        nonnegative(spec, field, at, causes)
    if spec.get("managedBy") is not None:
        for problem in names.fully_qualified_domain(spec["managedBy"]):
            causes.append(invalid(f"{at}.managedBy", spec["managedBy"], problem))
    mode = spec.get("completionMode")
    if mode is not None and mode not in ("NonIndexed", "Indexed"):
        causes.append(not_supported(f"{at}.completionMode", mode, ("NonIndexed", "Indexed")))
    if mode == "Indexed":
        _indexed(spec, at, causes)
    else:
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(field) is not None:
                causes.append(invalid(f"{at}.{field}", spec[field], "requires indexed completion mode"))
    if spec.get("podFailurePolicy") is not None:
        _failure_policy(spec, f"{at}.podFailurePolicy", causes)
    if spec.get("successPolicy") is not None:
        _success_policy(spec, f"{at}.successPolicy", causes)
    _replacement_policy(spec, at, causes)
    template = spec.get("template") or {}
    pods.template(template, f"{at}.template", causes)
    restart = (template.get("spec") or {}).get("restartPolicy", "")
    if restart not in ("OnFailure", "Never"):
        causes.append(required(f"{at}.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"'))
    elif spec.get("podFailurePolicy") is not None and restart != "Never":
        text = 'only "Never" is supported when podFailurePolicy is specified'
        causes.append(invalid(f"{at}.template.spec.restartPolicy", restart, text))


def _indexed(spec: Object, at: str, causes: Causes) -> None:
    if spec.get("completions") is None:
        causes.append(required(f"{at}.completions", "when completion mode is Indexed"))
    parallelism = spec.get("parallelism")
    if parallelism is not None and parallelism > 100000:
        text = "must be less than or equal to 100000 when completion mode is Indexed"
        causes.append(invalid(f"{at}.parallelism", parallelism, text))
    failed, completions = spec.get("maxFailedIndexes"), spec.get("completions") or 0
    if failed is not None and failed > completions:
        causes.append(invalid(f"{at}.maxFailedIndexes", failed, "must be less than or equal to completions"))
    if completions > 100000 and spec.get("backoffLimitPerIndex") is not None and failed is None:
        text = "must be specified when completions is above 100000"
        causes.append(required(f"{at}.maxFailedIndexes", text))
    if failed is not None and spec.get("backoffLimitPerIndex") is None:
        causes.append(required(f"{at}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))


def _replacement_policy(spec: Object, at: str, causes: Causes) -> None:
    policy = spec.get("podReplacementPolicy")
    if policy is None:
        return
    supported = ("Failed",) if spec.get("podFailurePolicy") is not None else ("Failed", "TerminatingOrFailed")
    if policy not in supported:
        causes.append(not_supported(f"{at}.podReplacementPolicy", policy, supported))


def _success_policy(spec: Object, at: str, causes: Causes) -> None:
    policy = spec["successPolicy"]
    rules = policy.get("rules") or []
    if spec.get("completionMode") != "Indexed":
        shown = {
            "Rules": [
                {"SucceededIndexes": rule.get("succeededIndexes"), "SucceededCount": rule.get("succeededCount")}
                for rule in rules
            ]
        }
        causes.append(invalid(at, shown, "requires indexed completion mode"))
        return
    if not rules:
        causes.append(
            required(f"{at}.rules", "at least one rules must be specified when the successPolicy is specified")
        )
    for index, rule in enumerate(rules):
        path = f"{at}.rules[{index}]"
        if rule.get("succeededCount") is None and rule.get("succeededIndexes") is None:
            text = "at least one of succeededCount or succeededIndexes must be specified"
            causes.append(required(path, text))
        nonnegative(rule, "succeededCount", path, causes)


def _failure_policy(spec: Object, at: str, causes: Causes) -> None:
    rules = spec["podFailurePolicy"].get("rules") or []
    if len(rules) > 20:
        causes.append(too_many(f"{at}.rules", len(rules), 20))
    template = (spec.get("template") or {}).get("spec") or {}
    known = {one.get("name") for field in ("containers", "initContainers") for one in template.get(field) or ()}
    for index, rule in enumerate(rules):
        _failure_rule(spec, rule, known, f"{at}.rules[{index}]", causes)


def _failure_rule(spec: Object, rule: Object, known: set[Any], at: str, causes: Causes) -> None:
    actions = ("Count", "FailIndex", "FailJob", "Ignore")
    action = rule.get("action", "")
    if not action:
        causes.append(required(f"{at}.action", 'valid values: "Count", "FailIndex", "FailJob", "Ignore"'))
    elif action not in actions:
        causes.append(not_supported(f"{at}.action", action, actions))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        text = "requires the backoffLimitPerIndex to be set"
        causes.append(invalid(f"{at}.action", action, text))
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    if codes is not None:
        _exit_codes(codes, known, f"{at}.onExitCodes", causes)
    for index, pattern in enumerate(conditions or ()):
        path = f"{at}.onPodConditions[{index}]"
        for problem in names.qualified_name(pattern.get("type", "")):
            causes.append(invalid(f"{path}.type", pattern.get("type", ""), problem))
        if pattern.get("status") not in ("False", "True", "Unknown"):
            causes.append(not_supported(f"{path}.status", pattern.get("status", ""), ("False", "True", "Unknown")))
    if codes is not None and conditions:
        causes.append(invalid(at, OMITTED, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not conditions:
        causes.append(invalid(at, OMITTED, "specifying one of OnExitCodes and OnPodConditions is required"))


def _exit_codes(given: Object, known: set[Any], at: str, causes: Causes) -> None:
    operator, values = given.get("operator", ""), given.get("values") or []
    if not operator:
        causes.append(required(f"{at}.operator", 'valid values: "In", "NotIn"'))
    elif operator not in ("In", "NotIn"):
        causes.append(not_supported(f"{at}.operator", operator, ("In", "NotIn")))
    name = given.get("containerName")
    if name is not None and name not in known:
        text = "must be one of the container or initContainer names in the pod template"
        causes.append(invalid(f"{at}.containerName", name, text))
    if not values:
        causes.append(invalid(f"{at}.values", [], "at least one value is required"))
    seen: set[int] = set()
    ordered = True
    for index, value in enumerate(values):
        path = f"{at}.values[{index}]"
        if operator == "In" and value == 0:
            causes.append(invalid(path, value, "must not be 0 for the In operator"))
        if value in seen:
            causes.append(duplicate(path, value))
        seen.add(value)
        ordered = ordered and (index == 0 or values[index - 1] <= value)
    if not ordered:
        causes.append(invalid(f"{at}.values", values, "must be ordered"))


def cron_job(obj: Object, causes: Causes) -> None:
    """A CronJob, after its metadata."""
    spec = obj.get("spec") or {}
    schedule = spec.get("schedule", "")
    if not schedule:
        causes.append(required("spec.schedule"))
    else:
        problem = schedule_problem(schedule)
        if problem:
            causes.append(invalid("spec.schedule", schedule, problem))
        if "TZ" in schedule:
            text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            if spec.get("timeZone") is not None:
                text = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
            causes.append(invalid("spec.schedule", schedule, text))
    nonnegative(spec, "startingDeadlineSeconds", "spec", causes)
    zone = spec.get("timeZone")
    if zone is not None:
        problem = time_zone_problem(zone)
        if problem:
            causes.append(invalid("spec.timeZone", zone, problem))
    policy = spec.get("concurrencyPolicy", "")
    if not policy:
        causes.append(required("spec.concurrencyPolicy"))
    elif policy not in ("Allow", "Forbid", "Replace"):
        causes.append(not_supported("spec.concurrencyPolicy", policy, ("Allow", "Forbid", "Replace")))
    job_spec((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec", causes)
    for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        nonnegative(spec, field, "spec", causes)
    name = (obj.get("metadata") or {}).get("name", "")
    if len(name) > 52:
        causes.append(invalid("metadata.name", name, "must be no more than 52 characters"))


# --- updates ------------------------------------------------------------------------------------------------------


def job_update(new: Object, old: Object, causes: Causes) -> None:
    """A Job is judged like a new one, twice, and then for what may not change."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    job(new, causes)
    _whole_spec(now, causes)
    _completions(now, before, causes)
    if now.get("selector") != before.get("selector"):
        given = now.get("selector")
        causes.append(invalid("spec.selector", selector_value(given) if given else None, meta.IMMUTABLE))
    if _fixed_template(now, before) != _fixed_template(before, before):
        causes.append(invalid("spec.template", pod_template_value(now.get("template") or {}), meta.IMMUTABLE))
    for field in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        if now.get(field) != before.get(field):
            causes.append(invalid(f"spec.{field}", now.get(field), meta.IMMUTABLE))


def _fixed_template(spec: Object, before: Object) -> Object:
    """The template without what a suspended Job that never started may still change."""
    template = dict(spec.get("template") or {})
    if before.get("suspend"):
        inner = dict(template.get("spec") or {})
        for field in ("nodeSelector", "tolerations", "schedulingGates", "affinity"):
            inner.pop(field, None)
        template["spec"] = inner
        template.pop("metadata", None)
    return template


def _completions(now: Object, before: Object, causes: Causes) -> None:
    if now.get("completions") == before.get("completions"):
        return
    if now.get("completionMode") != "Indexed":
        causes.append(invalid("spec.completions", now.get("completions"), meta.IMMUTABLE))
    elif now.get("completions") != now.get("parallelism"):
        text = "can only be modified in tandem with spec.parallelism"
        causes.append(invalid("spec.completions", now.get("completions"), text))
