"""Custom resource definitions and webhooks.

Sources: staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go,
pkg/apis/admissionregistration/v1/defaults.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.defaults.fill import Filler, absent, each, inside

Object = dict[str, Any]

_WEBHOOK = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}


def _definition(spec: Object) -> Object:
    """Singular and list kind follow from the kind; without conversion nothing is converted."""
    spec = inside(spec, "names", _names)
    return absent(spec, {"conversion": {"strategy": "None"}})


def _names(names: Object) -> Object:
    kind = names.get("kind") or ""
    return absent(names, {"singular": kind.lower(), "listKind": kind + "List"}) if kind else names


def _webhooks(further: Object) -> Filler:
    def filled(obj: Object) -> Object:
        return each(obj, "webhooks", lambda webhook: _webhook(webhook, further))

    return filled


def _webhook(webhook: Object, further: Object) -> Object:
    webhook = absent(webhook, {**_WEBHOOK, **further})
    webhook = inside(
        webhook, "clientConfig", lambda client: inside(client, "service", lambda one: absent(one, {"port": 443}))
    )
    return each(webhook, "rules", lambda rule: absent(rule, {"scope": "*"}))


DEFAULTS: dict[str, Filler] = {
    "customresourcedefinitions.apiextensions.k8s.io": lambda obj: inside(obj, "spec", _definition),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _webhooks({}),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _webhooks({"reinvocationPolicy": "Never"}),
}
