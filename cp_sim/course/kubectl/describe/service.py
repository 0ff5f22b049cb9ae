"""`kubectl describe` of Services, Endpoints and EndpointSlices.

Source: kubernetes/kubectl pkg/describe/describe.go (`describeService`, `describeEndpointSliceV1`).
"""

from __future__ import annotations

from cp_sim.course.kubectl.describe import lines
from cp_sim.course.kubectl.describe.lines import Object, Page
from cp_sim.objects import meta

Events = list[Object] | None


def service(page: Page, obj: Object, slices: list[Object], events: Events, now_ms: int) -> None:
    """Write a Service and where it leads."""
    spec = obj["spec"]
    page.line(0, "Name", meta.name(obj))
    page.line(0, "Namespace", meta.namespace(obj))
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))
    page.line(0, "Selector", lines.label_map(spec.get("selector")))
    page.line(0, "Type", spec.get("type", ""))
    if spec.get("ipFamilyPolicy"):
        page.line(0, "IP Family Policy", spec["ipFamilyPolicy"])
    page.line(0, "IP Families", ",".join(spec.get("ipFamilies") or ()) or "<none>")
    page.line(0, "IP", spec.get("clusterIP", ""))
    page.line(0, "IPs", ",".join(spec.get("clusterIPs") or ()) or "<none>")
    if spec.get("externalIPs"):
        page.line(0, "External IPs", ",".join(spec["externalIPs"]))
    if spec.get("loadBalancerIP"):
        page.line(0, "Desired LoadBalancer IP", spec["loadBalancerIP"])
    if spec.get("externalName"):
        page.line(0, "External Name", spec["externalName"])
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    if ingress:
        page.line(0, "LoadBalancer Ingress", ", ".join(_ingress(entry) for entry in ingress))
    for port in spec.get("ports") or ():
        _port(page, port, slices)
    page.line(0, "Session Affinity", spec.get("sessionAffinity", ""))
    if spec.get("externalTrafficPolicy"):
        page.line(0, "External Traffic Policy", spec["externalTrafficPolicy"])
    if spec.get("healthCheckNodePort"):
        page.line(0, "HealthCheck NodePort", spec["healthCheckNodePort"])
    if spec.get("internalTrafficPolicy"):
        page.line(0, "Internal Traffic Policy", spec["internalTrafficPolicy"])
    if spec.get("loadBalancerSourceRanges"):
        page.line(0, "LoadBalancer Source Ranges", ",".join(spec["loadBalancerSourceRanges"]))
    lines.events(page, events, now_ms)


def _ingress(entry: Object) -> str:
    shown = str(entry.get("ip") or entry.get("hostname") or "")
    return f"{shown} ({entry['ipMode']})" if entry.get("ipMode") else shown


def _port(page: Page, port: Object, slices: list[Object]) -> None:
    name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
    page.write(0, f"Port:\t{name}\t{port['port']}/{protocol}\n")
    page.write(0, f"TargetPort:\t{port.get('targetPort', port['port'])}/{protocol}\n")
    if port.get("nodePort"):
        page.write(0, f"NodePort:\t{name}\t{port['nodePort']}/{protocol}\n")
    page.line(0, "Endpoints", addresses(slices, port.get("name") or ""))


def addresses(slices: list[Object], port_name: str) -> str:
    """The first three ready addresses behind a port: `10.244.1.39:8080,10.244.3.32:8080 + 2 more...`."""
    if not slices:
        return "<none>"
    shown = []
    for slice_ in slices:
        ports = slice_.get("ports")
        if not ports:
            # A slice without ports: the addresses alone.
            ports = []
        for port in ports:
            if (port.get("name") or "") != port_name:
                continue
            for endpoint in slice_.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is not False:
                    shown += [f"{address}:{port.get('port')}" for address in endpoint.get("addresses") or ()]
    more = f" + {len(shown) - 3} more..." if len(shown) > 3 else ""
    return ",".join(shown[:3]) + more


def endpoint_slice(page: Page, obj: Object, events: Events, now_ms: int) -> None:
    """Write an EndpointSlice."""
    page.line(0, "Name", meta.name(obj))
    page.line(0, "Namespace", meta.namespace(obj))
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))
    page.line(0, "AddressType", obj.get("addressType", ""))
    if not obj.get("ports"):
        page.write(0, "Ports: <unset>\n")
    else:
        page.write(0, "Ports:\n")
        page.write(1, "Name\tPort\tProtocol\n")
        page.write(1, "----\t----\t--------\n")
        for port in obj["ports"]:
            page.write(
                1, f"{port.get('name') or '<unset>'}\t{port.get('port', '<unset>')}\t{port.get('protocol', 'TCP')}\n"
            )
    if not obj.get("endpoints"):
        page.write(0, "Endpoints: <none>\n")
    else:
        page.write(0, "Endpoints:\n")
        for endpoint in obj["endpoints"]:
            _endpoint(page, endpoint)
    lines.events(page, events, now_ms)


def _endpoint(page: Page, endpoint: Object) -> None:
    page.write(1, f"- Addresses:\t{','.join(endpoint.get('addresses') or ()) or '<none>'}\n")
    page.write(2, "Conditions:\n")
    ready = (endpoint.get("conditions") or {}).get("ready")
    page.line(3, "Ready", "<unset>" if ready is None else "true" if ready else "false")
    page.line(2, "Hostname", endpoint.get("hostname") or "<unset>")
    reference = endpoint.get("targetRef")
    if reference:
        page.line(2, "TargetRef", f"{reference.get('kind')}/{reference.get('name')}")
    page.line(2, "NodeName", endpoint.get("nodeName") or "<unset>")
    page.line(2, "Zone", endpoint.get("zone") or "<unset>")


def endpoints(page: Page, obj: Object, events: Events, now_ms: int) -> None:
    """Write an Endpoints object."""
    page.line(0, "Name", meta.name(obj))
    page.line(0, "Namespace", meta.namespace(obj))
    lines.labels(page, "Labels", meta.labels(obj))
    lines.notes(page, "Annotations", meta.annotations(obj))
    page.write(0, "Subsets:\n")
    for subset in obj.get("subsets") or ():
        for word, key in (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")):
            page.line(1, word, ",".join(entry["ip"] for entry in subset.get(key) or ()) or "<none>")
        if subset.get("ports"):
            page.write(1, "Ports:\n")
            page.write(2, "Name\tPort\tProtocol\n")
            page.write(2, "----\t----\t--------\n")
            for port in subset["ports"]:
                page.write(2, f"{port.get('name') or '<unset>'}\t{port['port']}\t{port.get('protocol', 'TCP')}\n")
        page.write(0, "\n")
    lines.events(page, events, now_ms)
