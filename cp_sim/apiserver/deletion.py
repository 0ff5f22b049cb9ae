"""The options of a deletion, and what is wrong with them.

*In Kubernetes:* `DeleteOptions` and `ValidateDeleteOptions` in `k8s.io/apimachinery`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.work import Work
from cp_sim.sim import immutable


@immutable
class DeleteOptions:
    """`grace_s` in seconds, None where not given; `policy` is Orphan, Background, Foreground or empty."""

    grace_s: int | None = None
    policy: str = ""
    orphan: bool | None = None
    uid: str | None = None
    resource_version: str | None = None


def parse(work: Work) -> DeleteOptions:
    """The options of a delete request, from its body or its query.

    Raises:
        ApiError: 400 or 422 with the real texts.
    """
    options = work.call.options
    preconditions = options.get("preconditions") or {}
    made = DeleteOptions(
        options.get("gracePeriodSeconds"),
        options.get("propagationPolicy") or "",
        options.get("orphanDependents"),
        preconditions.get("uid"),
        preconditions.get("resourceVersion"),
    )
    causes = list(_faults(made))
    if causes:
        raise errors.invalid("DeleteOptions", "meta.k8s.io", "", causes)
    if work.kind is not None and work.kind.storage == "jobs.batch" and made.orphan is None and not made.policy:
        work.warnings.append(JOB_WARNING)
    return made


JOB_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them "
    "or set propagationPolicy=Orphan to suppress this warning"
)


_POLICIES = ("Foreground", "Background", "Orphan")


def _faults(options: DeleteOptions) -> Any:
    policy = options.policy
    if options.orphan is not None and policy:
        yield {
            "reason": "FieldValueInvalid",
            "message": f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set',
            "field": "propagationPolicy",
        }
    if policy and policy not in _POLICIES:
        listed = ", ".join(f'"{one}"' for one in (*_POLICIES, "nil"))
        yield {
            "reason": "FieldValueNotSupported",
            "message": f'Unsupported value: "{policy}": supported values: {listed}',
            "field": "propagationPolicy",
        }
