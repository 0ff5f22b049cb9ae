"""Pod templates, containers and volumes in a description.

Source: kubernetes/kubectl pkg/describe/describe.go (`DescribePodTemplate`, `describeContainers`, `describeVolumes`).
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.describe import lines
from cp_sim.course.kubectl.describe.lines import Object, Page, or_none
from cp_sim.course.kubectl.durations import long_date
from cp_sim.objects import edit, meta


def pod_template(template: Object | None, *, raw: bool = False) -> str:
    """The description of a template by itself; `raw` leaves its tabs as they are."""
    page = Page()
    describe_template(page, template)
    return page.raw() if raw else page.text()


def describe_template(page: Page, template: Object | None) -> None:
    """Write what pods will look like."""
    page.write(0, "Pod Template:\n")
    if template is None:
        page.write(1, "<unset>")
        return
    spec = template.get("spec") or {}
    lines.labels(page, "  Labels", meta.labels(template))
    if meta.annotations(template):
        lines.notes(page, "  Annotations", meta.annotations(template))
    if spec.get("serviceAccountName"):
        page.line(1, "Service Account", spec["serviceAccountName"])
    if spec.get("initContainers"):
        containers(page, "Init Containers", spec["initContainers"], [], {}, "  ")
    containers(page, "Containers", spec.get("containers") or [], [], {}, "  ")
    volumes(page, spec.get("volumes") or [], "  ")
    spread(page, spec.get("topologySpreadConstraints") or [], "  ")
    if spec.get("priorityClassName"):
        page.write(0, f"  Priority Class Name:\t{spec['priorityClassName']}\n")
    lines.labels(page, "  Node-Selectors", spec.get("nodeSelector"))
    lines.tolerations(page, "  Tolerations", spec.get("tolerations"))


def spread(page: Page, constraints: list[Object], space: str) -> None:
    """Write topology spread constraints, if there are any."""
    if not constraints:
        return
    page.write(0, f"{space}Topology Spread Constraints:\t")
    for i, rule in enumerate(sorted(constraints, key=lambda rule: str(rule.get("topologyKey")))):
        text = f"{rule['topologyKey']}:{rule['whenUnsatisfiable']} when max skew {rule['maxSkew']} is exceeded"
        if rule.get("labelSelector"):
            text += f" for selector {lines.selector(rule['labelSelector'])}"
        page.write(0, ("\t" if i else "") + text + "\n")


def containers(
    page: Page, title: str, found: list[Object], statuses: list[Object], pod: Object, space: str = ""
) -> None:
    """Write containers with what is known of their state."""
    page.write(0, f"{space}{title}:{'' if found else ' <none>'}\n")
    by_name = {status["name"]: status for status in statuses}
    for container in found:
        status = by_name.get(container["name"])
        _basics(page, container, status, space)
        _command(page, container)
        if status is not None:
            _state(page, "State", status.get("state") or {})
            if (status.get("lastState") or {}).get("terminated"):
                _state(page, "Last State", status["lastState"])
            page.line(2, "Ready", lines.truth(status.get("ready")))
            page.line(2, "Restart Count", status.get("restartCount", 0))
        resources(page, container.get("resources") or {})
        for key, word in (("livenessProbe", "Liveness"), ("readinessProbe", "Readiness"), ("startupProbe", "Startup")):
            if container.get(key):
                page.line(2, word, _probe(container[key]))
        _environment(page, container, pod)
        _mounts(page, container)


def _basics(page: Page, container: Object, status: Object | None, space: str) -> None:
    page.write(1, f"{' ' if space else ''}{container['name']}:\n")
    if status is not None:
        page.line(2, "Container ID", status.get("containerID", ""))
    page.line(2, "Image", container.get("image", ""))
    if status is not None:
        page.line(2, "Image ID", status.get("imageID", ""))
    for word, field in (("Port", "containerPort"), ("Host Port", "hostPort")):
        shown = ", ".join(_port(port, field) for port in container.get("ports") or ())
        page.line(2, word + ("s" if "," in shown else ""), or_none(shown))


def _port(port: Object, field: str) -> str:
    name = f" ({port['name']})" if port.get("name") else ""
    return f"{port.get(field, 0)}/{port.get('protocol', 'TCP')}{name}"


def _command(page: Page, container: Object) -> None:
    for word, field in (("Command", "command"), ("Args", "args")):
        if container.get(field):
            page.write(2, f"{word}:\n")
            for part in container[field]:
                for line in part.split("\n"):
                    page.write(3, f"{line}\n")


def _state(page: Page, word: str, state: Object) -> None:
    if "running" in state:
        page.line(2, word, "Running")
        page.line(3, "Started", long_date(state["running"].get("startedAt")))
    elif "terminated" in state:
        ended = state["terminated"]
        page.line(2, word, "Terminated")
        for title, key in (("Reason", "reason"), ("Message", "message")):
            if ended.get(key):
                page.line(3, title, ended[key])
        page.line(3, "Exit Code", ended.get("exitCode", 0))
        if ended.get("signal"):
            page.line(3, "Signal", ended["signal"])
        page.line(3, "Started", long_date(ended.get("startedAt")))
        page.line(3, "Finished", long_date(ended.get("finishedAt")))
    else:
        page.line(2, word, "Waiting")
        if (state.get("waiting") or {}).get("reason"):
            page.line(3, "Reason", state["waiting"]["reason"])


def resources(page: Page, found: Object, level: int = 2) -> None:
    """Write limits and requests."""
    for word, field in (("Limits", "limits"), ("Requests", "requests")):
        if found.get(field):
            page.write(level, f"{word}:\n")
            for name in sorted(found[field]):
                page.line(level + 1, name, found[field][name])


def _probe(probe: Object) -> str:
    numbers = (
        f"delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 1)}s "
        f"period={probe.get('periodSeconds', 10)}s successThreshold={probe.get('successThreshold', 1)} "
        f"failureThreshold={probe.get('failureThreshold', 3)}"
    )
    if "exec" in probe:
        return f"exec [{' '.join(probe['exec'].get('command') or ())}] {numbers}"
    if "httpGet" in probe:
        get = probe["httpGet"]
        host = f"{get.get('host', '')}:{get.get('port', '')}"
        url = f"{get.get('scheme', 'HTTP').lower()}://{host}{_slash(get.get('path', ''))}"
        return f"http-get {url} {numbers}"
    if "tcpSocket" in probe:
        return f"tcp-socket {probe['tcpSocket'].get('host', '')}:{probe['tcpSocket'].get('port', '')} {numbers}"
    if "grpc" in probe:
        return f"grpc <pod>:{probe['grpc'].get('port')} {probe['grpc'].get('service') or ''} {numbers}"
    return f"unknown {numbers}"


def _slash(path: str) -> str:
    return path if not path or path.startswith("/") else f"/{path}"


def _environment(page: Page, container: Object, pod: Object) -> None:
    if container.get("envFrom"):
        page.write(2, "Environment Variables from:\n")
        for entry in container["envFrom"]:
            kind, field = ("ConfigMap", "configMapRef") if "configMapRef" in entry else ("Secret", "secretRef")
            source = entry[field]
            prefix = f" with prefix '{entry['prefix']}'" if entry.get("prefix") else ""
            page.write(3, f"{source.get('name')}\t{kind}{prefix}\tOptional: {_go(source.get('optional'))}\n")
    page.write(2, "Environment:" + ("\n" if container.get("env") else "\t<none>\n"))
    for entry in container.get("env") or ():
        page.write(3, f"{entry['name']}:\t{_variable(entry, container, pod)}\n")


def _variable(entry: Object, container: Object, pod: Object) -> str:
    source = entry.get("valueFrom")
    if not source:
        return "\n\t".join(str(entry.get("value", "")).split("\n"))
    if "fieldRef" in source:
        path = source["fieldRef"]["fieldPath"]
        value = edit.get(pod, path, "") if "[" not in path else ""
        return f"{value if isinstance(value, str) else ''} ({source['fieldRef'].get('apiVersion', 'v1')}:{path})"
    if "resourceFieldRef" in source:
        wanted = source["resourceFieldRef"]["resource"]
        field, _, name = wanted.partition(".")
        value = edit.get(container, ("resources", field, name), "node allocatable" if field == "limits" else "0")
        return f"{value} ({wanted})"
    if "secretKeyRef" in source:
        reference = source["secretKeyRef"]
        said = f"<set to the key '{reference['key']}' in secret '{reference.get('name')}'>"
        return f"{said}\tOptional: {_go(reference.get('optional'))}"
    reference = source.get("configMapKeyRef") or {}
    said = f"<set to the key '{reference.get('key')}' of config map '{reference.get('name')}'>"
    return f"{said}\tOptional: {_go(reference.get('optional'))}"


def _mounts(page: Page, container: Object) -> None:
    found = sorted(container.get("volumeMounts") or (), key=lambda mount: str(mount["mountPath"]))
    page.write(2, "Mounts:" + ("\n" if found else "\t<none>\n"))
    for mount in found:
        flags = ["ro" if mount.get("readOnly") else "rw"]
        if mount.get("subPath"):
            flags.append(f'path="{mount["subPath"]}"')
        page.write(3, f"{mount['mountPath']} from {mount['name']} ({','.join(flags)})\n")


def _go(value: Any) -> str:
    return "true" if value else "false"


def volumes(page: Page, found: list[Object], space: str = "") -> None:
    """Write the volumes of a pod."""
    if not found:
        page.write(0, f"{space}Volumes:\t<none>\n")
        return
    page.write(0, f"{space}Volumes:\n")
    for volume in found:
        page.write(1, f"{' ' if space else ''}{volume['name']}:\n")
        for title, value in _volume(volume):
            page.line(2, title, value)


def _volume(volume: Object) -> list[tuple[str, Any]]:
    kind = next((key for key in volume if key != "name"), "")
    source = volume.get(kind) or {}
    if kind == "hostPath":
        return [
            ("Type", "HostPath (bare host directory volume)"),
            ("Path", source.get("path", "")),
            ("HostPathType", source.get("type", "")),
        ]
    if kind == "emptyDir":
        return [
            ("Type", "EmptyDir (a temporary directory that shares a pod's lifetime)"),
            ("Medium", source.get("medium", "")),
            ("SizeLimit", source.get("sizeLimit", "<unset>")),
        ]
    if kind == "secret":
        said = "Secret (a volume populated by a Secret)"
        return [("Type", said), ("SecretName", source.get("secretName")), ("Optional", _go(source.get("optional")))]
    if kind == "configMap":
        said = "ConfigMap (a volume populated by a ConfigMap)"
        return [("Type", said), ("Name", source.get("name")), ("Optional", _go(source.get("optional")))]
    if kind == "persistentVolumeClaim":
        said = "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)"
        return [("Type", said), ("ClaimName", source.get("claimName")), ("ReadOnly", _go(source.get("readOnly")))]
    if kind == "projected":
        said = "Projected (a volume that contains injected data from multiple sources)"
        return [("Type", said), *(pair for part in source.get("sources") or () for pair in _projection(part))]
    if kind == "downwardAPI":
        return [("Type", "DownwardAPI (a volume populated by information about the pod)"), ("Items", "")]
    return [("Type", kind[:1].upper() + kind[1:] if kind else "<unknown>")]


def _projection(part: Object) -> list[tuple[str, Any]]:
    if "serviceAccountToken" in part:
        return [("TokenExpirationSeconds", part["serviceAccountToken"].get("expirationSeconds", 3600))]
    if "configMap" in part:
        return [("ConfigMapName", part["configMap"].get("name")), ("Optional", _go(part["configMap"].get("optional")))]
    if "secret" in part:
        return [("SecretName", part["secret"].get("name")), ("Optional", _go(part["secret"].get("optional")))]
    return [("DownwardAPI", "true")] if "downwardAPI" in part else []
