"""`kubectl describe`: gathers what belongs to an object and writes its page.

Source: kubernetes/kubectl pkg/cmd/describe/describe.go, pkg/describe/describe.go.
"""

from __future__ import annotations

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.builder import Wanted
from cp_sim.course.kubectl.client import Client, Object, StatusError
from cp_sim.course.kubectl.describe import node, pod, service, small, workload
from cp_sim.course.kubectl.describe.lines import Page
from cp_sim.course.kubectl.errors import KubectlError, failure, several
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.objects import meta


@command("describe", "selector:l= all-namespaces:A filename:f=* recursive:R show-events chunk-size=# kustomize:k=")
def describe(invocation: Invocation) -> None:
    """Write everything there is to know about objects."""
    if not invocation.arguments and not invocation.flags["filename"]:
        raise failure(
            'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of '
            "supported resources.\n"
        )
    wanted = builder.parse(invocation, invocation.arguments) if invocation.arguments else []
    found = builder.infos(invocation, need_name="")
    infos, ended = found.infos, ""
    if not infos and len(found.errors) == 1 and len(wanted) == 1 and wanted[0].name:
        infos = _beginning_with(invocation, wanted[0])
        if not infos:
            raise found.errors[0]
        found.errors, ended = [], "\n"
    with_events = (
        invocation.flags["show-events"] if invocation.flags.given("show-events") else len(infos) == 1 and not ended
    )
    for i, info in enumerate(infos):
        text = page_of(invocation, info, bool(with_events))
        invocation.out(("" if i == 0 or ended else "\n\n") + text + ended, end="")
    if found.errors:
        raise several(found.errors)
    if not infos:
        everywhere = invocation.flags["all-namespaces"] or not any(entry.type.namespaced for entry in wanted)
        invocation.err("No resources found" + ("" if everywhere else f" in {invocation.namespace} namespace."))


def _beginning_with(invocation: Invocation, wanted: Wanted) -> list[Info]:
    try:
        objects = invocation.client.list(wanted.type, wanted.namespace)
    except KubectlError:
        return []
    return [builder.info_of(wanted.type, obj) for obj in objects if meta.name(obj).startswith(wanted.name)]


def page_of(invocation: Invocation, info: Info, with_events: bool) -> str:
    """The page about one object."""
    client, obj, now = invocation.client, info.object, invocation.now_ms
    obj = {"apiVersion": info.type.api_version, "kind": info.type.kind, **obj}
    page, events = Page(), _events(client, info) if with_events else None
    kind = info.type.full_name
    if kind == "pods":
        pod.describe(page, obj, events, now)
    elif kind == "nodes":
        _node(client, page, obj, events, now)
    elif kind == "deployments.apps":
        workload.deployment(page, obj, _replicasets(client, obj), events, now)
    elif kind in ("replicasets.apps", "replicationcontrollers"):
        workload.replicaset(page, obj, _pods(client, obj), events, now)
    elif kind == "statefulsets.apps":
        workload.statefulset(page, obj, _pods(client, obj), events, now)
    elif kind == "daemonsets.apps":
        workload.daemonset(page, obj, _pods(client, obj), events, now)
    elif kind == "jobs.batch":
        workload.job(page, obj, events, now)
    elif kind == "services":
        slices = client.type_of("endpointslices.discovery.k8s.io")
        found = client.list(slices, info.namespace, labelSelector=f"kubernetes.io/service-name={info.name}")
        service.service(page, obj, found, events, now)
    elif kind == "endpointslices.discovery.k8s.io":
        service.endpoint_slice(page, obj, events, now)
    elif kind == "endpoints":
        service.endpoints(page, obj, events, now)
    elif kind == "namespaces":
        quotas, limits = (_all(client, name, info.name) for name in ("resourcequotas", "limitranges"))
        small.namespace(page, obj, quotas, limits)
    else:
        _small(page, kind, obj, events, now)
    return page.text()


def _small(page: Page, kind: str, obj: Object, events: list[Object] | None, now_ms: int) -> None:
    plain = {
        "secrets": small.secret,
        "resourcequotas": small.quota,
        "limitranges": small.limit_range,
        "roles.rbac.authorization.k8s.io": small.role,
        "clusterroles.rbac.authorization.k8s.io": small.role,
        "rolebindings.rbac.authorization.k8s.io": small.binding,
        "clusterrolebindings.rbac.authorization.k8s.io": small.binding,
    }
    told = {
        "configmaps": small.config_map,
        "serviceaccounts": small.service_account,
        "priorityclasses.scheduling.k8s.io": small.priority_class,
        "poddisruptionbudgets.policy": small.budget,
    }
    if kind in plain:
        plain[kind](page, obj)
    else:
        told.get(kind, small.anything)(page, obj, events, now_ms)


def _events(client: Client, info: Info) -> list[Object]:
    type_ = client.type_of("events")
    selector = f"involvedObject.name={info.name},involvedObject.kind={info.type.kind}"
    selector += f",involvedObject.uid={meta.uid(info.object)}"
    if info.type.full_name == "nodes":
        # Events about nodes name the node where others name the uid.
        selector = f"involvedObject.name={info.name},involvedObject.kind=Node"
    try:
        return client.list(type_, info.namespace, fieldSelector=selector)
    except StatusError:
        return []


def _all(client: Client, name: str, namespace: str) -> list[Object]:
    try:
        return client.list(client.type_of(name), namespace)
    except KubectlError:
        return []


def _node(client: Client, page: Page, obj: Object, events: list[Object] | None, now_ms: int) -> None:
    try:
        lease = client.get(client.type_of("leases.coordination.k8s.io"), "kube-node-lease", meta.name(obj))
    except KubectlError:
        lease = {}
    selector = f"spec.nodeName={meta.name(obj)},status.phase!=Succeeded,status.phase!=Failed"
    pods = client.list(client.type_of("pods"), fieldSelector=selector)
    node.describe(page, obj, lease or None, pods, events, now_ms)


def _replicasets(client: Client, obj: Object) -> list[Object]:
    found = _all(client, "replicasets.apps", meta.namespace(obj))
    owned = [entry for entry in found if (meta.controller_of(entry) or {}).get("uid") == meta.uid(obj)]
    return sorted(owned, key=lambda entry: str(entry["metadata"].get("creationTimestamp")))


def _pods(client: Client, obj: Object) -> list[Object]:
    found = _all(client, "pods", meta.namespace(obj))
    if obj["kind"] == "ReplicationController":
        wanted = obj["spec"].get("selector") or {}
        return [pod_ for pod_ in found if all(meta.labels(pod_).get(key) == value for key, value in wanted.items())]
    return [pod_ for pod_ in found if (meta.controller_of(pod_) or {}).get("uid") == meta.uid(obj)]
