"""`kubectl events` and `kubectl logs`.

Sources: kubernetes/kubectl pkg/cmd/{events,logs}.

*Simplified:* the containers of the simulated nodes write nothing, so `logs` of a running pod prints nothing.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.client import Object, StatusError, status_of
from cp_sim.course.kubectl.durations import age
from cp_sim.course.kubectl.errors import KubectlError, failure, usage
from cp_sim.course.kubectl.output.formats import Output, as_list
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.course.kubectl.tabwriter import align
from cp_sim.objects import meta


@command(
    "events", "all-namespaces:A for= types=* watch:w no-headers output:o= template= chunk-size=# show-managed-fields"
)
def events(invocation: Invocation) -> None:
    """List events, the latest last."""
    flags, client = invocation.flags, invocation.client
    output = Output(flags["output"], flags["template"])
    selector = _about(invocation) if flags["for"] else ""
    namespace = "" if flags["all-namespaces"] else invocation.namespace
    found = client.list(client.type_of("events"), namespace, fieldSelector=selector)
    if flags["types"]:
        wanted = [type_.lower() for type_ in flags["types"]]
        found = [event for event in found if event.get("type", "").lower() in wanted]
    found.sort(key=when)
    if not found:
        invocation.err("No events found." if flags["all-namespaces"] else f"No events found in {namespace} namespace.")
        return
    if not output.is_table:
        invocation.out(output.write(as_list(found)), end="")
        return
    head = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    rows = [_row(event, invocation.now_ms) for event in found]
    if flags["all-namespaces"]:
        head.insert(0, "NAMESPACE")
        rows = [[meta.namespace(event), *row] for event, row in zip(found, rows)]
    lines = rows if flags["no-headers"] else [head, *rows]
    invocation.out(align("\n".join("\t".join(line) for line in lines) + "\n", padding=3, minimum=6), end="")


def _about(invocation: Invocation) -> str:
    text = invocation.flags["for"]
    if text.count("/") != 1:
        raise failure("--for must be in resource/name form")
    kind, _, name = text.partition("/")
    try:
        type_ = invocation.client.type_of(kind)
    except KubectlError as error:
        raise KubectlError(error.text.removeprefix("error: ")) from None
    return f"involvedObject.kind={type_.kind},involvedObject.name={name}"


def when(event: Object) -> str:
    """When an event happened last."""
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )


def interval(event: Object, now_ms: int) -> str:
    """How long ago, and how often: `3s`, `2s (x3 over 10s)`."""
    series = event.get("series") or {}
    count = series.get("count") or event.get("count") or 1
    first = event.get("firstTimestamp") or event.get("eventTime")
    if count > 1:
        return f"{age(when(event), now_ms)} (x{count} over {age(first, now_ms)})"
    return age(event.get("firstTimestamp") or event.get("eventTime") or when(event), now_ms)


def _row(event: Object, now_ms: int) -> list[str]:
    involved = event.get("involvedObject") or {}
    shown = f"{involved.get('kind')}/{involved.get('name')}"
    return [
        interval(event, now_ms),
        event.get("type", ""),
        event.get("reason", ""),
        shown,
        (event.get("message") or "").strip(),
    ]


@command(
    "logs",
    "container:c= follow:f previous:p selector:l= all-containers tail=# since=~ timestamps prefix all-pods "
    "ignore-errors max-log-requests=# limit-bytes=# since-time= pod-running-timeout=~",
)
def logs(invocation: Invocation) -> None:
    """Print what a container wrote."""
    flags, words = invocation.flags, invocation.arguments
    if not words and not flags["selector"]:
        raise usage(
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
            "POD or TYPE/NAME is a required argument for the logs command",
            "logs",
        )
    if len(words) > 2:
        raise usage(
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required "
            "argument for the logs command",
            "logs",
        )
    pods = _pods(invocation)
    if not pods:
        invocation.err(f"No resources found in {invocation.namespace} namespace.")
    for pod in pods:
        _print(invocation, pod, flags["container"] or (words[1] if len(words) == 2 else ""))


def _pods(invocation: Invocation) -> list[Object]:
    client, words = invocation.client, invocation.arguments
    pods = client.type_of("pods")
    if not words:
        return client.list(pods, invocation.namespace, labelSelector=invocation.flags["selector"])
    named = words[0] if "/" in words[0] else f"pods/{words[0]}"
    wanted = builder.parse(invocation, [named])[0]
    try:
        found = client.get(wanted.type, wanted.namespace, wanted.name)
    except StatusError as error:
        where = f' in namespace "{invocation.namespace}"' if error.reason == "NotFound" else ""
        raise failure(f"error from server ({error.reason}): {error.message}{where}") from None
    if wanted.type.plural == "pods":
        return [found]
    labels = (found["spec"].get("selector") or {}).get("matchLabels") or found["spec"].get("selector") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    chosen = client.list(pods, invocation.namespace, labelSelector=selector)
    if len(chosen) > 1:
        invocation.err(f"Found {len(chosen)} pods, using pod/{meta.name(chosen[0])}")
    return chosen[:1]


def _print(invocation: Invocation, pod: Object, container: str) -> None:
    spec = pod["spec"]
    names = [entry["name"] for entry in spec["containers"]]
    every = names + [entry["name"] for entry in spec.get("initContainers") or ()]
    if container and container not in every:
        raise failure(f"container {container} is not valid for pod {meta.name(pod)} out of: {', '.join(names)}")
    chosen = every if invocation.flags["all-containers"] else [container or names[0]]
    if not container and len(names) > 1 and not invocation.flags["all-containers"]:
        invocation.err(f'Defaulted container "{names[0]}" out of: {", ".join(names)}')
    pods: Any = invocation.client.type_of("pods")
    for name in chosen:
        path = pods.path(meta.namespace(pod), meta.name(pod), "log")
        answer = invocation.client.raw("GET", path, query={"container": name})
        if answer.status >= 400:
            raise StatusError(status_of(answer))
        invocation.out(answer.body if isinstance(answer.body, str) else "", end="")
