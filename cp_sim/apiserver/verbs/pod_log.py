"""get of `pods/log`, and the connections that need a kubelet: exec, attach, portforward, proxy.

*In Kubernetes:* `pkg/registry/core/pod/rest`.  *Simplified:* containers are hollow, so that there is never
anything to read.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors, selection
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import Get, StoreAnswer
from cp_sim.objects.kinds import KINDS


def start(server: Any, work: Work) -> Any:
    """Check the options, then read the pod."""
    call = work.call
    if call.subresource == "log":
        _check_options(work)
    return Get(KINDS["pods"].store_key(call.namespace, call.name))


def _check_options(work: Work) -> None:
    options = work.call.options
    causes = []
    for field in ("sinceSeconds", "tailLines", "limitBytes"):
        text = options.get(field)
        if not text:
            continue
        try:
            number = selection.go_int(str(text))
        except ValueError as error:
            raise errors.bad_request(str(error)) from None
        least = 0 if field == "tailLines" else 1
        if number < least:
            text = "must be greater than or equal to 0" if field == "tailLines" else "must be greater than 0"
            causes.append(
                {"reason": "FieldValueInvalid", "message": f"Invalid value: {number}: {text}", "field": field}
            )
    if causes:
        raise errors.invalid("PodLogOptions", "", work.call.name, causes)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """What can be said without a kubelet."""
    call = work.call
    if answer.kv is None:
        raise errors.not_found("pods", "", call.name)
    spec = answer.kv.value.get("spec") or {}
    wanted = call.options.get("container")
    names = [
        one["name"]
        for field in ("containers", "initContainers", "ephemeralContainers")
        for one in spec.get(field) or ()
    ]
    if call.subresource == "proxy":
        raise errors.bad_request("address not allowed")
    if wanted and call.subresource != "portforward" and wanted not in names:
        raise errors.bad_request(f"container {wanted} is not valid for pod {call.name}")
    if call.subresource == "log":
        plain = [one["name"] for one in spec.get("containers") or ()]
        if not wanted and len(plain) > 1:
            raise errors.bad_request(
                f"a container name must be specified for pod {call.name}, choose one of: [{' '.join(plain)}]"
            )
        return Done("", 200 if spec.get("nodeName") else 204)
    if not spec.get("nodeName"):
        raise errors.bad_request(f"pod {call.name} does not have a host assigned")
    raise errors.internal(f"error dialing backend: no kubelet of {spec['nodeName']} takes connections")
