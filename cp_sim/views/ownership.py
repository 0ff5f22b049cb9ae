"""Who owns whom: a Deployment, its ReplicaSets, their Pods; a Service, its EndpointSlices, the Pods behind them.

*In Kubernetes:* `metadata.ownerReferences` (what garbage collection follows), and for Services their selector.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import kinds, meta
from cp_sim.objects.kinds import UnknownKind, kind_of
from cp_sim.objects.selectors import parse_labels
from cp_sim.views import facts
from cp_sim.views.facts import Object, many
from cp_sim.views.flow import Flow
from cp_sim.views.lettering import fit_middle, styled
from cp_sim.views.view import View

# Kinds that own or are owned in what lessons build, from the top down.
FAMILY = (
    "deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch", "jobs.batch", "replicasets.apps",
    "replicationcontrollers", "services", "endpointslices.discovery.k8s.io", "endpoints", "pods",
)  # fmt: skip
CHILD_LIMIT = 8
DEPTH_LIMIT = 4
BOX_WIDTH = 178.0
COLOURS = {
    "Deployment": "amber",
    "StatefulSet": "amber",
    "DaemonSet": "amber",
    "Job": "amber",
    "CronJob": "amber",
    "ReplicaSet": "amber",
    "ReplicationController": "amber",
    "Service": "sky",
    "EndpointSlice": "sky",
    "Endpoints": "sky",
    "Pod": "green",
}


def ownership(cluster: Any, what: str, namespace: str = "default") -> View:
    """What `"deployment/web"` owns, directly and further down, who owns it, and which Services point at its Pods."""
    kind, name = kinds.find(what.partition("/")[0]), what.partition("/")[2]
    family = [obj for resource in FAMILY for obj in facts.listed(cluster, resource) if meta.namespace(obj) == namespace]
    by_uid = {meta.uid(obj): obj for obj in family}
    root = next((obj for obj in family if obj.get("kind") == kind.kind and meta.name(obj) == name), None)
    title = f"Who owns whom around {kind.singular}/{name}"
    flow = Flow(title, "LR", rank_gap=48, node_gap=9)
    if root is None:
        flow.box("nothing", [f'{kind.plural} "{name}" not found in namespace {namespace}'], dashed=True)
        return flow.view(f'{kind.plural} "{name}" not found')
    top = _top_of(root, by_uid)
    lines: list[str] = []
    painter = _Painter(flow, family, lines)
    painter.tree(top, root, 0)
    painter.services(namespace)
    return flow.view("\n".join(lines))


def _top_of(obj: Object, by_uid: dict[str, Object]) -> Object:
    for _ in range(DEPTH_LIMIT):
        owner = meta.controller_of(obj)
        above = by_uid.get(str(owner.get("uid"))) if owner else None
        if above is None:
            break
        obj = above
    return obj


class _Painter:
    """Draws the tree and tells it."""

    def __init__(self, flow: Flow, family: list[Object], lines: list[str]) -> None:
        self.flow = flow
        self.lines = lines
        self.family = family
        self.drawn: dict[str, Object] = {}
        self.folds: dict[str, str] = {}  # pod -> the box that stands for it
        self.children: dict[str, list[Object]] = {}
        for obj in family:
            for owner in meta.owners(obj):
                self.children.setdefault(str(owner.get("uid")), []).append(obj)

    def tree(self, obj: Object, asked: Object, depth: int) -> None:
        identity = identity_of(obj)
        if identity in self.drawn:
            return
        self.drawn[identity] = obj
        lines, detail = box_lines(obj)
        colour = COLOURS.get(str(obj.get("kind")), "grey")
        trouble = obj.get("kind") == "Pod" and facts.sign_of(facts.pod_status(obj))[1] == "red"
        self.flow.box(
            identity, lines, width=BOX_WIDTH, edge="red" if trouble else colour, fill=f"{colour}-tint", detail=detail,
            pen=2.4 if obj is asked else 1.2, kind=str(obj.get("kind", "")).lower(), dashed=meta.is_deleting(obj),
        )  # fmt: skip
        self.lines.append("  " * depth + detail)
        kids = self.children.get(meta.uid(obj), [])
        shown = kids if len(kids) <= CHILD_LIMIT else kids[: CHILD_LIMIT - 1]
        for kid in shown:
            self.tree(kid, asked, depth + 1)
            owner = next(owner for owner in meta.owners(kid) if owner.get("uid") == meta.uid(obj))
            tail, head = identity, identity_of(kid)
            towards = {}
            if obj.get("kind") == "Service":  # Pods stand in the middle: owners on their left, Services on their right
                tail, head, towards = head, tail, {"dir": "back"}
            self.flow.arrow(
                f"owns/{identity}/{identity_of(kid)}", tail, head, colour=colour, pen=1.4,
                style="solid" if owner.get("controller") else "dashed", **towards,
                detail=f"{detail_name(obj)} {'controls' if owner.get('controller') else 'owns'} {detail_name(kid)}",
            )  # fmt: skip
        if len(shown) < len(kids):
            self._more(identity, kids[len(shown) :], colour, depth)

    def _more(self, identity: str, kids: list[Object], colour: str, depth: int) -> None:
        more = f"{identity}#more"
        states: dict[str, int] = {}
        for kid in kids:
            state = facts.pod_status(kid) if kid.get("kind") == "Pod" else str(kid.get("kind"))
            states[state] = states.get(state, 0) + 1
            self.folds[identity_of(kid)] = more
        words = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        self.flow.box(
            more,
            [f"+{len(kids)}", styled("small", words)],
            width=BOX_WIDTH,
            dashed=True,
            fill="well",
            align="n",
            detail=words,
        )
        self.flow.arrow(f"owns/{more}", identity, more, colour=colour)
        self.lines.append("  " * (depth + 1) + f"and {len(kids)} more: {words}")

    def services(self, namespace: str) -> None:
        """Services whose selector matches a drawn Pod, with their EndpointSlices."""
        pods = [obj for obj in self.drawn.values() if obj.get("kind") == "Pod"]
        for service in [obj for obj in self.family if obj.get("kind") == "Service"]:
            selector = (service.get("spec") or {}).get("selector") or {}
            if not selector:
                continue
            wanted = parse_labels(",".join(f"{key}={value}" for key, value in selector.items()))
            chosen = [pod for pod in pods if wanted.matches(meta.labels(pod))]
            if not chosen and identity_of(service) not in self.drawn:
                continue
            self._service(service, chosen)

    def _service(self, service: Object, chosen: list[Object]) -> None:
        self.tree(service, service, 0)
        identity = identity_of(service)
        for piece in self.children.get(meta.uid(service), []):
            self._endpoints(identity_of(piece), piece)
        if not any(piece.get("kind") == "EndpointSlice" for piece in self.children.get(meta.uid(service), [])):
            for pod in chosen:
                self.flow.arrow(
                    f"selects/{identity}/{identity_of(pod)}", identity, identity_of(pod), colour="sky", style="dashed",
                    detail=f"{detail_name(service)} selects {detail_name(pod)}", constraint="false",
                )  # fmt: skip

    def _endpoints(self, identity: str, piece: Object) -> None:
        seen: set[str] = set()
        for endpoint in piece.get("endpoints") or ():
            target = endpoint.get("targetRef") or {}
            pod = f"pods/{target.get('namespace', meta.namespace(piece))}/{target.get('name', '')}"
            box = pod if pod in self.drawn else self.folds.get(pod, "")
            if not box or box in seen:
                continue
            seen.add(box)
            ready = (endpoint.get("conditions") or {}).get("ready", True)
            self.flow.arrow(
                f"points/{identity}/{box}",
                box,
                identity,
                colour="sky",
                style="solid" if ready else "dashed",
                dir="back",
                text="" if ready else "not ready",
                detail=f"{detail_name(piece)} points at {pod}" + ("" if ready else " (not ready)"),
            )


def identity_of(obj: Object) -> str:
    """The id of an object's box: the subject of its records."""
    try:
        return f"{kind_of(obj).plural}/{meta.key(obj)}"
    except UnknownKind:
        return f"{str(obj.get('kind', 'object')).lower()}s/{meta.key(obj)}"


def detail_name(obj: Object) -> str:
    """`Deployment web`."""
    return f"{obj.get('kind')} {meta.name(obj)}"


def box_lines(obj: Object) -> tuple[list[str], str]:
    """(lines of the box, one sentence) about one object."""
    kind, status = str(obj.get("kind")), obj.get("status") or {}
    spec = obj.get("spec") or {}
    if kind == "Pod":
        state = facts.pod_status(obj)
        sign, colour = facts.sign_of(state)
        where = meta.node_name(obj) or "no node"
        small = styled(f"small-{colour}", f"{sign} {state}") + styled("small", f" · {where}")
        detail = f"Pod {meta.name(obj)}: {state}, {where}"
    elif kind == "Service":
        words = f"{spec.get('type', 'ClusterIP')} {spec.get('clusterIP', '')}".strip()
        small, detail = styled("small", words), f"Service {meta.name(obj)}: {words}"
    elif kind in ("EndpointSlice", "Endpoints"):
        count = len(obj.get("endpoints") or obj.get("subsets") or ())
        small, detail = styled("small", many(count, "endpoint")), f"{kind} {meta.name(obj)}: {many(count, 'endpoint')}"
    else:
        has, ready = status.get("replicas", 0), status.get("readyReplicas", 0)
        words = f"wants {spec.get('replicas', 1)} · has {has} · ready {ready}"
        revision = meta.annotations(obj).get("deployment.kubernetes.io/revision")
        if revision and kind == "ReplicaSet":
            words += f" · rev {revision}"
        small, detail = styled("small", words), f"{kind} {meta.name(obj)}: {words.replace(' ·', ',')}"
    head = styled("small", kind) + " " + styled("bold", fit_middle(meta.name(obj), BOX_WIDTH - 22 - len(kind) * 5))
    return [head, small], detail
