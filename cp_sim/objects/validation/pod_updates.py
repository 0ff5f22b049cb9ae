"""What of a pod may not change.

Source: `ValidatePodUpdate`, `ValidatePodStatusUpdate` and `ValidatePodEphemeralContainersUpdate` in
`pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, forbidden, invalid, required
from cp_sim.objects.validation import pods
from cp_sim.objects.validation.common import (
    INT32_MAX,
    between,
    strict_ip,
)
from cp_sim.objects.validation.internal import difference

Object = dict[str, Any]

_MAY_CHANGE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _checked(new: Object, causes: Causes) -> None:
    """A pod judged like a new one, but for what only creation forbids."""
    given, metadata = new.get("spec") or {}, new.get("metadata") or {}
    if metadata.get("annotations"):
        pods.pod_annotations(metadata["annotations"], given, "metadata.annotations", causes)
    pods.spec(given, metadata.get("name", ""), "spec", causes)
    pods.only_for_pods(given, "spec", causes)


def update(new: Object, old: Object, causes: Causes) -> None:
    """What of a pod may not change: almost everything."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    _checked(new, causes)
    if len(now.get("containers") or ()) != len(before.get("containers") or ()):
        causes.append(forbidden("spec.containers", "pod updates may not add or remove containers"))
        return
    if len(now.get("initContainers") or ()) != len(before.get("initContainers") or ()):
        causes.append(forbidden("spec.initContainers", "pod updates may not add or remove containers"))
        return
    for field in ("containers", "initContainers"):
        for index, container in enumerate(now.get(field) or ()):
            _image(container, f"spec.{field}[{index}].image", causes)
    _deadline(now, before, causes)
    _added_tolerations(now, before, causes)
    _opened_gates(now, before, causes)
    allowed = _allowed(now, before)
    if allowed != before:
        text = _MAY_CHANGE + "\n" + difference("PodSpec", before, allowed)
        causes.append(forbidden("spec", text))


def _image(container: Object, at: str, causes: Causes) -> None:
    image = container.get("image", "")
    if not image:
        causes.append(required(at))
    elif image != image.strip():
        causes.append(invalid(at, image, "must not have leading or trailing whitespace"))


def _deadline(now: Object, before: Object, causes: Causes) -> None:
    """The deadline may only come nearer."""
    seconds, earlier = now.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    at = "spec.activeDeadlineSeconds"
    if seconds is not None:
        if not 1 <= seconds <= INT32_MAX:
            causes.append(invalid(at, seconds, between(1, INT32_MAX)))
        elif earlier is not None and earlier < seconds:
            causes.append(invalid(at, seconds, "must be less than or equal to previous value"))
    elif earlier is not None:
        causes.append(invalid(at, None, "must not update from a positive integer to nil value"))


def _added_tolerations(now: Object, before: Object, causes: Causes) -> None:
    """Tolerations may be added, and the seconds of one changed; none may go."""
    given = [{**one, "tolerationSeconds": None} for one in now.get("tolerations") or ()]
    for one in before.get("tolerations") or ():
        if {**one, "tolerationSeconds": None} not in given:
            causes.append(
                forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
            )
            return


def _opened_gates(now: Object, before: Object, causes: Causes) -> None:
    """Scheduling gates may only be opened."""
    known = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    for index, gate in enumerate(now.get("schedulingGates") or ()):
        if gate.get("name") not in known:
            text = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            causes.append(forbidden(f"spec.schedulingGates[{index}].name", text))


def _allowed(now: Object, before: Object) -> Object:
    """The new spec with everything that may change set back."""
    made = dict(now)
    for field in ("containers", "initContainers"):
        if now.get(field):
            made[field] = [
                {**one, "image": was.get("image", "")} for one, was in zip(now[field], before[field], strict=True)
            ]
    for field in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _put_back(made, before, field)
    if (before.get("terminationGracePeriodSeconds") or 0) < 0 and now.get("terminationGracePeriodSeconds") == 1:
        _put_back(made, before, "terminationGracePeriodSeconds")
    if before.get("schedulingGates"):
        for field in ("nodeSelector", "affinity"):
            _put_back(made, before, field)
    return made


def _put_back(made: Object, before: Object, field: str) -> None:
    if field in before:
        made[field] = before[field]
    else:
        made.pop(field, None)


def status_update(new: Object, old: Object, causes: Causes) -> None:
    """The status of a pod: what is reported about its containers has to fit together."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    if now.get("nodeName", "") != before.get("nodeName", ""):
        causes.append(forbidden("status.nodeName", "may not be changed directly"))
    nominated = (new.get("status") or {}).get("nominatedNodeName")
    if nominated:
        for problem in names.dns_subdomain(nominated):
            causes.append(invalid("status.nominatedNodeName", nominated, problem))
    addresses = [one.get("ip", "") for one in (new.get("status") or {}).get("podIPs") or ()]
    for index, address in enumerate(addresses):
        strict_ip(address, f"status.podIPs[{index}]", causes)


def ephemeral_update(new: Object, old: Object, causes: Causes) -> None:
    """`pods/ephemeralcontainers`: containers may be added, never changed or taken away."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    pods.spec(now, (new.get("metadata") or {}).get("name", ""), "spec", causes)
    known = {one.get("name"): one for one in now.get("ephemeralContainers") or ()}
    for was in before.get("ephemeralContainers") or ():
        name = was.get("name", "")
        if name not in known:
            text = f'existing ephemeral containers "{name}" may not be removed\n'
            causes.append(forbidden("spec.ephemeralContainers", text))
        elif known[name] != was:
            shown = difference("EphemeralContainer", was, known[name])
            text = f'existing ephemeral containers "{name}" may not be changed\n{shown}'
            causes.append(forbidden("spec.ephemeralContainers", text))
