"""Defaults of all other kinds.

*In Kubernetes:* `defaults.go` of `pkg/apis/{core,rbac,storage,scheduling,admissionregistration,flowcontrol}/v1`, of the
apiextensions-apiserver, of kube-aggregator, and conversions of `pkg/apis/core/v1/conversion.go`.
"""

from __future__ import annotations

import base64
from typing import Any

from cp_sim.objects.defaults import pods

Object = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"


def namespace(obj: Object) -> Object:
    """A Namespace carries its name as a label."""
    metadata = obj.get("metadata") or {}
    labels = metadata.get("labels") or {}
    made = dict(obj)
    if metadata.get("name") and labels.get("kubernetes.io/metadata.name") != metadata["name"]:
        made["metadata"] = {**metadata, "labels": {**labels, "kubernetes.io/metadata.name": metadata["name"]}}
    if not (obj.get("status") or {}).get("phase"):
        made["status"] = {**(obj.get("status") or {}), "phase": "Active"}
    return made


def node(obj: Object) -> Object:
    """A Node allocates what it has, and keeps its pod network in both fields."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    made = dict(obj)
    if status.get("capacity"):
        capacity = pods.resource_list(status["capacity"])
        allocatable = pods.resource_list(status.get("allocatable") or capacity)
        made["status"] = {**status, "capacity": capacity, "allocatable": allocatable}
    if "configSource" in spec:
        spec = made["spec"] = {key: value for key, value in spec.items() if key != "configSource"}
    network, networks = spec.get("podCIDR"), spec.get("podCIDRs")
    if network and (not networks or networks[0] != network):
        made["spec"] = {**spec, "podCIDRs": [network]}
    elif networks and not network:
        made["spec"] = {**spec, "podCIDR": networks[0]}
    return made


def secret(obj: Object) -> Object:
    """A Secret: its type, and the plain `stringData` moved into `data`."""
    made = {**obj, "type": obj.get("type") or "Opaque"}
    plain = made.pop("stringData", None)
    if plain:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        made["data"] = {**(obj.get("data") or {}), **encoded}
    return made


def persistent_volume(obj: Object) -> Object:
    """A PersistentVolume with its defaults."""
    spec = dict(obj.get("spec") or {})
    spec["persistentVolumeReclaimPolicy"] = spec.get("persistentVolumeReclaimPolicy") or "Retain"
    if spec.get("volumeMode") is None:
        spec["volumeMode"] = "Filesystem"
    if spec.get("capacity"):
        spec["capacity"] = pods.resource_list(spec["capacity"])
    for field in ("hostPath", "iscsi", "rbd", "azureDisk", "scaleIO"):
        if spec.get(field) is not None:
            spec[field] = pods.source(spec[field], field)
    made = {**obj, "spec": spec}
    if not (obj.get("status") or {}).get("phase"):
        made["status"] = {**(obj.get("status") or {}), "phase": "Pending"}
    return made


def persistent_volume_claim(obj: Object) -> Object:
    """A PersistentVolumeClaim with its defaults."""
    made = {**obj, "spec": claim_sources(pods.claim_spec(obj.get("spec") or {}))}
    status = obj.get("status") or {}
    filled = dict(status) if status.get("phase") else {**status, "phase": "Pending"}
    for field in ("capacity", "allocatedResources"):
        if filled.get(field):
            filled[field] = pods.resource_list(filled[field])
    made["status"] = filled
    return made


def claim_sources(spec: Object) -> Object:
    """`dataSource` and `dataSourceRef` mirror each other; a data source of an unknown kind is dropped.

    *In Kubernetes:* `NormalizeDataSources` and `EnforceDataSourceBackwardsCompatibility` of the package
    `pkg/api/persistentvolumeclaim`.
    """
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is None:
        what = (source.get("apiGroup") or "", source.get("kind"))
        if what not in (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")):
            return {key: value for key, value in spec.items() if key != "dataSource"}
        return {**spec, "dataSourceRef": {"apiGroup": source.get("apiGroup"), **source}}
    if reference is not None and source is None and not reference.get("namespace"):
        return {**spec, "dataSource": {"apiGroup": None, **reference}}
    return spec


def lease(obj: Object) -> Object:
    """A Lease without the fields of coordinated leader election, which is off by default."""
    spec = obj.get("spec") or {}
    if "strategy" not in spec and "preferredHolder" not in spec:
        return obj
    return {**obj, "spec": {key: spec[key] for key in spec if key not in ("strategy", "preferredHolder")}}


def limit_range(obj: Object) -> Object:
    """Container limits fill each other in: default from max, default request from default and min."""
    limits = (obj.get("spec") or {}).get("limits")
    if not limits:
        return obj
    made = []
    for given in limits:
        item = {key: pods.resource_list(value) if isinstance(value, dict) else value for key, value in given.items()}
        if item.get("type") == "Container":
            default = {**(item.get("max") or {}), **(item.get("default") or {})}
            request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
            item.update({key: value for key, value in (("default", default), ("defaultRequest", request)) if value})
        made.append(item)
    return {**obj, "spec": {**obj["spec"], "limits": made}}


def resource_quota(obj: Object) -> Object:
    """A ResourceQuota with rounded amounts."""
    made = dict(obj)
    for part in ("spec", "status"):
        inner = obj.get(part) or {}
        changed = {key: pods.resource_list(inner[key]) for key in ("hard", "used") if inner.get(key)}
        if changed:
            made[part] = {**inner, **changed}
    return made


def storage_class(obj: Object) -> Object:
    """A StorageClass with its defaults."""
    reclaim = obj.get("reclaimPolicy")
    binding = obj.get("volumeBindingMode")
    return {
        **obj,
        "reclaimPolicy": "Delete" if reclaim is None else reclaim,
        "volumeBindingMode": "Immediate" if binding is None else binding,
    }


def csi_driver(obj: Object) -> Object:
    """A CSIDriver with its defaults."""
    spec: Object = {
        "attachRequired": True,
        "podInfoOnMount": False,
        "storageCapacity": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "volumeLifecycleModes": ["Persistent"],
        "requiresRepublish": False,
        "seLinuxMount": False,
    }
    given = {key: value for key, value in (obj.get("spec") or {}).items() if value not in (None, [])}
    return {**obj, "spec": {**spec, **given}}


def priority_class(obj: Object) -> Object:
    """A PriorityClass preempts unless it says otherwise."""
    return obj if obj.get("preemptionPolicy") is not None else {**obj, "preemptionPolicy": "PreemptLowerPriority"}


def role_binding(obj: Object) -> Object:
    """A binding names the API groups of role and subjects."""
    made = dict(obj)
    reference = obj.get("roleRef") or {}
    if not reference.get("apiGroup"):
        made["roleRef"] = {**reference, "apiGroup": RBAC}
    if obj.get("subjects"):
        made["subjects"] = [
            {**one, "apiGroup": RBAC} if one.get("kind") in ("User", "Group") and not one.get("apiGroup") else one
            for one in obj["subjects"]
        ]
    return made


def _webhook(given: Object, mutating: bool) -> Object:
    made: Object = {
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
        "timeoutSeconds": 10,
        **({"reinvocationPolicy": "Never"} if mutating else {}),
        **{key: value for key, value in given.items() if value is not None},
    }
    if made.get("rules"):
        made["rules"] = [rule if rule.get("scope") is not None else {**rule, "scope": "*"} for rule in made["rules"]]
    made["clientConfig"] = _client_config(made.get("clientConfig") or {})
    return made


def _client_config(given: Object) -> Object:
    service = given.get("service")
    if service is None or service.get("port") is not None:
        return given
    return {**given, "service": {**service, "port": 443}}


def validating_webhooks(obj: Object) -> Object:
    """A ValidatingWebhookConfiguration with its defaults."""
    return {**obj, "webhooks": [_webhook(one, False) for one in obj["webhooks"]]} if obj.get("webhooks") else obj


def mutating_webhooks(obj: Object) -> Object:
    """A MutatingWebhookConfiguration with its defaults."""
    return {**obj, "webhooks": [_webhook(one, True) for one in obj["webhooks"]]} if obj.get("webhooks") else obj


def _match_resources(given: Object) -> Object:
    made: Object = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}
    made.update({key: value for key, value in given.items() if value is not None})
    for field in ("resourceRules", "excludeResourceRules"):
        if made.get(field):
            made[field] = [one if one.get("scope") is not None else {**one, "scope": "*"} for one in made[field]]
    return made


def admission_policy(obj: Object) -> Object:
    """A ValidatingAdmissionPolicy or MutatingAdmissionPolicy with its defaults."""
    spec = dict(obj.get("spec") or {})
    if spec.get("failurePolicy") is None:
        spec["failurePolicy"] = "Fail"
    if spec.get("matchConstraints") is not None:
        spec["matchConstraints"] = _match_resources(spec["matchConstraints"])
    return {**obj, "spec": spec}


def admission_policy_binding(obj: Object) -> Object:
    """The binding of an admission policy."""
    spec = dict(obj.get("spec") or {})
    if spec.get("matchResources") is not None:
        spec["matchResources"] = _match_resources(spec["matchResources"])
    return {**obj, "spec": spec}


def custom_resource_definition(obj: Object) -> Object:
    """A CustomResourceDefinition: names that follow from its kind, and no conversion."""
    spec = dict(obj.get("spec") or {})
    names = dict(spec.get("names") or {})
    if names.get("kind"):
        names["singular"] = names.get("singular") or names["kind"].lower()
        names["listKind"] = names.get("listKind") or names["kind"] + "List"
    spec["names"] = names
    conversion = spec.get("conversion") or {"strategy": "None"}
    webhook = conversion.get("webhook")
    if webhook and webhook.get("clientConfig"):
        conversion = {**conversion, "webhook": {**webhook, "clientConfig": _client_config(webhook["clientConfig"])}}
    spec["conversion"] = conversion
    return {**obj, "spec": spec}


def api_service(obj: Object) -> Object:
    """An APIService with the port of its service."""
    return {**obj, "spec": _client_config(obj.get("spec") or {})}


def flow_schema(obj: Object) -> Object:
    """A FlowSchema has a precedence."""
    spec = obj.get("spec") or {}
    return obj if spec.get("matchingPrecedence") else {**obj, "spec": {**spec, "matchingPrecedence": 1000}}


def priority_level(obj: Object) -> Object:
    """A PriorityLevelConfiguration with its shares and queues."""
    spec = dict(obj.get("spec") or {})
    limited = spec.get("limited")
    if limited is not None:
        limited = {"nominalConcurrencyShares": 30, "lendablePercent": 0} | {
            key: value for key, value in limited.items() if value is not None
        }
        response = limited.get("limitResponse") or {}
        if response.get("queuing") is not None:
            filled = {"handSize": 8, "queues": 64, "queueLengthLimit": 50} | {
                key: value for key, value in response["queuing"].items() if value
            }
            limited["limitResponse"] = {**response, "queuing": filled}
        spec["limited"] = limited
    if spec.get("exempt") is not None:
        spec["exempt"] = {"nominalConcurrencyShares": 0, "lendablePercent": 0} | spec["exempt"]
    return {**obj, "spec": spec}


def resource_claim_device(obj: Object) -> Object:
    """Requests of a ResourceClaim count exactly one device unless they say otherwise."""
    devices = (obj.get("spec") or {}).get("devices") or {}
    requests = devices.get("requests")
    if not requests:
        return obj
    made = []
    for request in requests:
        exact = request.get("exactly")
        if exact is not None:
            mode = exact.get("allocationMode") or "ExactCount"
            exact = {**exact, "allocationMode": mode}
            if mode == "ExactCount" and not exact.get("count"):
                exact["count"] = 1
            request = {**request, "exactly": exact}
        made.append(request)
    return {**obj, "spec": {**obj["spec"], "devices": {**devices, "requests": made}}}
