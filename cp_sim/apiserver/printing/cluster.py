"""Rows of everything that is no workload: nodes, services, storage, access, configuration.

*In Kubernetes:* `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.printing.text import NONE, access_modes, age, human_duration, label_text, selector_text
from cp_sim.objects import quantity
from cp_sim.sim.clock import parse_timestamp

Object = dict[str, Any]


def _parts(obj: Object, now_ms: int) -> tuple[str, Object, Object, str]:
    metadata = obj["metadata"]
    return (
        metadata.get("name", ""),
        obj.get("spec") or {},
        obj.get("status") or {},
        age(metadata.get("creationTimestamp"), now_ms),
    )


def namespace(obj: Object, now_ms: int) -> list[Any]:
    """Name, Status, Age."""
    name, _, status, old = _parts(obj, now_ms)
    return [name, status.get("phase", ""), old]


def node(obj: Object, now_ms: int) -> list[Any]:
    """Name, Status, Roles, Age, Version, Internal-IP, External-IP, OS-Image, Kernel-Version, Container-Runtime."""
    name, spec, status, old = _parts(obj, now_ms)
    info = status.get("nodeInfo") or {}
    ready = next((one for one in status.get("conditions") or () if one.get("type") == "Ready"), None)
    text = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    if spec.get("unschedulable"):
        text += ",SchedulingDisabled"
    addresses = {one["type"]: one["address"] for one in reversed(status.get("addresses") or [])}
    return [
        name,
        text,
        ",".join(roles(obj)) or NONE,
        old,
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP") or NONE,
        addresses.get("ExternalIP") or NONE,
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def roles(obj: Object) -> list[str]:
    """The roles that a node's labels give it, in order."""
    prefix = "node-role.kubernetes.io/"
    found = set()
    for key, value in (obj["metadata"].get("labels") or {}).items():
        if key.startswith(prefix) and len(key) > len(prefix):
            found.add(key[len(prefix) :])
        elif key == "kubernetes.io/role" and value:
            found.add(value)
    return sorted(found)


def service(obj: Object, now_ms: int) -> list[Any]:
    """Name, Type, Cluster-IP, External-IP, Port(s), Age, Selector."""
    name, spec, _, old = _parts(obj, now_ms)
    ips = spec.get("clusterIPs") or []
    return [
        name,
        spec.get("type", ""),
        (ips[0] if ips else spec.get("clusterIP")) or NONE,
        external_ip(obj),
        ",".join(port_text(port) for port in spec.get("ports") or ()) or NONE,
        old,
        label_text(spec.get("selector")),
    ]


def port_text(port: Object) -> str:
    """`80/TCP` or `80:30080/TCP`."""
    node_port = port.get("nodePort")
    between = f":{node_port}" if node_port else ""
    return f"{port.get('port')}{between}/{port.get('protocol', 'TCP')}"


def external_ip(obj: Object) -> str:
    """Where a Service can be reached from outside."""
    spec = obj.get("spec") or {}
    given = spec.get("externalIPs") or []
    type_ = spec.get("type")
    if type_ == "ExternalName":
        return spec.get("externalName") or ""
    if type_ == "LoadBalancer":
        ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        found = sorted({one.get("ip") or one.get("hostname") or "" for one in ingress} - {""})
        text = ",".join(found)
        if given:
            return ",".join(([text] if text else []) + given)
        return text or "<pending>"
    return ",".join(given) or NONE


def endpoints(obj: Object, now_ms: int) -> list[Any]:
    """Name, Endpoints, Age."""
    name, _, _, old = _parts(obj, now_ms)
    texts: list[str] = []
    count = 0
    for subset in obj.get("subsets") or ():
        ports = subset.get("ports") or []
        addresses = subset.get("addresses") or []
        if not ports:
            count += len(addresses)
            texts += [one["ip"] for one in addresses]
            continue
        for port in ports:
            count += len(addresses)
            texts += [_host_port(one["ip"], port["port"]) for one in addresses]
    shown = ",".join(texts[:3])
    if not texts:
        return [name, NONE, old]
    return [name, f"{shown} + {count - 3} more..." if count > 3 else shown, old]


def _host_port(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def endpoint_slice(obj: Object, now_ms: int) -> list[Any]:
    """Name, AddressType, Ports, Endpoints, Age."""
    name, _, _, old = _parts(obj, now_ms)
    ports = [_slice_port(port) for port in obj.get("ports") or ()]
    addresses = [address for one in obj.get("endpoints") or () for address in one.get("addresses") or ()]
    return [name, obj.get("addressType", ""), _few(ports), _few(addresses), old]


def _slice_port(port: Object) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return "all" if port.get("name") is None else str(port.get("name") or "*")


def _few(texts: list[str]) -> str:
    if not texts:
        return "<unset>"
    if len(texts) > 3:
        return ",".join(texts[:3]) + f" + {len(texts) - 3} more..."
    return ",".join(texts)


def config_map(obj: Object, now_ms: int) -> list[Any]:
    """Name, Data, Age."""
    name, _, _, old = _parts(obj, now_ms)
    return [name, len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), old]


def secret(obj: Object, now_ms: int) -> list[Any]:
    """Name, Type, Data, Age."""
    name, _, _, old = _parts(obj, now_ms)
    return [name, obj.get("type", ""), len(obj.get("data") or ()), old]


def service_account(obj: Object, now_ms: int) -> list[Any]:
    """Name, Age."""
    name, _, _, old = _parts(obj, now_ms)
    return [name, old]


def event(obj: Object, now_ms: int) -> list[Any]:
    """Last Seen, Type, Reason, Object, Subobject, Source, Message, First Seen, Count, Name."""
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp")
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp")
    first_text = age(first, now_ms) if first else _ago(obj.get("eventTime"), now_ms)
    last_text = age(last, now_ms) if last else first_text
    count = obj.get("count") or obj.get("deprecatedCount") or 0
    series = obj.get("series")
    if series:
        last_seen = _ago(series.get("lastObservedTime"), now_ms)
        count = series.get("count", 0)
        last_text = f"{last_seen} (x{count} over {first_text})"
    if not count:
        count = 1
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    host = source.get("host") or obj.get("reportingInstance") or ""
    kind = str(about.get("kind", "")).lower()
    return [
        last_text,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{about['name']}" if about.get("name") else kind,
        about.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        (obj.get("message") or obj.get("note") or "").strip(),
        first_text,
        count,
        obj["metadata"].get("name", ""),
    ]


def _ago(timestamp: str | None, now_ms: int) -> str:
    return human_duration(now_ms - parse_timestamp(timestamp)) if timestamp else "<unknown>"


def lease(obj: Object, now_ms: int) -> list[Any]:
    """Name, Holder, Age."""
    name, spec, _, old = _parts(obj, now_ms)
    return [name, spec.get("holderIdentity") or "", old]


def resource_quota(obj: Object, now_ms: int) -> list[Any]:
    """Name, Request, Limit, Age."""
    name, _, status, old = _parts(obj, now_ms)
    hard, used = status.get("hard") or {}, status.get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for resource in sorted(hard):
        text = f"{resource}: {_canonical(used.get(resource, '0'))}/{_canonical(hard[resource])}"
        (limits if resource.startswith("limits") else requests).append(text)
    return [name, ", ".join(requests), ", ".join(limits), old]


def _canonical(text: Any) -> str:
    try:
        return quantity.canonical(text)
    except quantity.QuantityError:
        return str(text)


def persistent_volume(obj: Object, now_ms: int) -> list[Any]:
    """Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age,
    VolumeMode.
    """
    name, spec, status, old = _parts(obj, now_ms)
    claim = spec.get("claimRef")
    phase = status.get("phase", "")
    if obj["metadata"].get("deletionTimestamp"):
        phase = "Terminating"
    return [
        name,
        _canonical((spec.get("capacity") or {}).get("storage", "0")),
        access_modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase,
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        storage_class_of(obj),
        spec.get("volumeAttributesClassName") or "<unset>",
        status.get("reason", ""),
        old,
        spec.get("volumeMode") or "<unset>",
    ]


def storage_class_of(obj: Object) -> str:
    """The storage class of a volume or claim, from the old annotation or its field."""
    annotations = obj["metadata"].get("annotations") or {}
    old = annotations.get("volume.beta.kubernetes.io/storage-class")
    return old if old is not None else (obj.get("spec") or {}).get("storageClassName") or ""


def persistent_volume_claim(obj: Object, now_ms: int) -> list[Any]:
    """Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, VolumeMode."""
    name, spec, status, old = _parts(obj, now_ms)
    phase = status.get("phase", "")
    if obj["metadata"].get("deletionTimestamp"):
        phase = "Terminating"
    volume = spec.get("volumeName") or ""
    modes = capacity = ""
    if volume:
        modes = access_modes(status.get("accessModes"))
        capacity = _canonical((status.get("capacity") or {}).get("storage", "0"))
    mode = spec.get("volumeMode") or "<unset>"
    attributes = spec.get("volumeAttributesClassName") or "<unset>"
    return [name, phase, volume, capacity, modes, storage_class_of(obj), attributes, old, mode]


def storage_class(obj: Object, now_ms: int) -> list[Any]:
    """Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age."""
    name, _, _, old = _parts(obj, now_ms)
    return [
        name + (" (default)" if is_default(obj, "storageclass") else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        old,
    ]


def is_default(obj: Object, what: str) -> bool:
    """Whether a class is marked as the default one."""
    annotations = obj["metadata"].get("annotations") or {}
    return any(annotations.get(f"{what}.{prefix}kubernetes.io/is-default-class") == "true" for prefix in ("", "beta."))


def priority_class(obj: Object, now_ms: int) -> list[Any]:
    """Name, Value, Global-Default, Age, PreemptionPolicy."""
    name, _, _, old = _parts(obj, now_ms)
    policy = obj.get("preemptionPolicy") or "PreemptLowerPriority"
    return [name, obj.get("value", 0), bool(obj.get("globalDefault")), old, policy]


def role_binding(obj: Object, now_ms: int) -> list[Any]:
    """Name, Role, Age, Users, Groups, ServiceAccounts."""
    name, _, _, old = _parts(obj, now_ms)
    role = obj.get("roleRef") or {}
    subjects = obj.get("subjects") or ()
    users = [one["name"] for one in subjects if one["kind"] == "User"]
    groups = [one["name"] for one in subjects if one["kind"] == "Group"]
    accounts = [f"{one.get('namespace', '')}/{one['name']}" for one in subjects if one["kind"] == "ServiceAccount"]
    return [
        name,
        f"{role.get('kind')}/{role.get('name')}",
        old,
        ", ".join(users),
        ", ".join(groups),
        ", ".join(accounts),
    ]


def ingress(obj: Object, now_ms: int) -> list[Any]:
    """Name, Class, Hosts, Address, Ports, Age."""
    name, spec, status, old = _parts(obj, now_ms)
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    found = (status.get("loadBalancer") or {}).get("ingress") or []
    addresses = sorted({one.get("ip") or one.get("hostname") or "" for one in found} - {""})
    text = ",".join(hosts[:3]) + (f" + {len(hosts) - 3} more..." if len(hosts) > 3 else "")
    return [
        name,
        spec.get("ingressClassName") or NONE,
        text or "*",
        ",".join(addresses),
        "80, 443" if spec.get("tls") else "80",
        old,
    ]


def ingress_class(obj: Object, now_ms: int) -> list[Any]:
    """Name, Controller, Parameters, Age."""
    name, spec, _, old = _parts(obj, now_ms)
    parameters = spec.get("parameters")
    text = NONE
    if parameters:
        kind = parameters.get("kind", "")
        text = f"{kind}.{parameters['apiGroup']}" if parameters.get("apiGroup") else kind
        text += f"/{parameters.get('name', '')}"
    return [name, spec.get("controller", ""), text, old]


def network_policy(obj: Object, now_ms: int) -> list[Any]:
    """Name, Pod-Selector, Age."""
    name, spec, _, old = _parts(obj, now_ms)
    return [name, selector_text(spec.get("podSelector") or {}), old]


def webhook_configuration(obj: Object, now_ms: int) -> list[Any]:
    """Name, Webhooks, Age."""
    name, _, _, old = _parts(obj, now_ms)
    return [name, len(obj.get("webhooks") or ()), old]


def runtime_class(obj: Object, now_ms: int) -> list[Any]:
    """Name, Handler, Age."""
    name, _, _, old = _parts(obj, now_ms)
    return [name, obj.get("handler", ""), old]


def pod_template(obj: Object, now_ms: int) -> list[Any]:
    """Name, Containers, Images, Pod Labels."""
    from cp_sim.apiserver.printing.text import containers

    template = obj.get("template") or {}
    names, images = containers(template)
    return [obj["metadata"]["name"], names, images, label_text((template.get("metadata") or {}).get("labels"))]


CELLS = {
    "namespaces": namespace,
    "nodes": node,
    "services": service,
    "endpoints": endpoints,
    "endpointslices.discovery.k8s.io": endpoint_slice,
    "configmaps": config_map,
    "secrets": secret,
    "serviceaccounts": service_account,
    "events": event,
    "leases.coordination.k8s.io": lease,
    "resourcequotas": resource_quota,
    "persistentvolumes": persistent_volume,
    "persistentvolumeclaims": persistent_volume_claim,
    "storageclasses.storage.k8s.io": storage_class,
    "priorityclasses.scheduling.k8s.io": priority_class,
    "rolebindings.rbac.authorization.k8s.io": role_binding,
    "clusterrolebindings.rbac.authorization.k8s.io": role_binding,
    "ingresses.networking.k8s.io": ingress,
    "ingressclasses.networking.k8s.io": ingress_class,
    "networkpolicies.networking.k8s.io": network_policy,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": webhook_configuration,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": webhook_configuration,
    "runtimeclasses.node.k8s.io": runtime_class,
    "podtemplates": pod_template,
}
