"""ServiceAccount: every pod runs as a service account, and carries a volume with its token.

*In Kubernetes:* `plugin/pkg/admission/serviceaccount`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission.plugin import Attributes, Plugin

MIRROR = "kubernetes.io/config.mirror"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
TOKEN_SECONDS = 3607  # an hour and a bit, which kubelets know to mean "an hour, refreshed"


class ServiceAccount(Plugin):
    """Fills in the service account, its image pull secrets, and the projected token volume."""

    name = "ServiceAccount"
    resources = ("pods",)
    reads = ("serviceaccounts",)
    mutates = ("CREATE",)
    validates = ("CREATE", "UPDATE")

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource:
            return
        pod = asked.object
        if MIRROR in ((pod.get("metadata") or {}).get("annotations") or {}):
            return
        spec = pod.get("spec") or {}
        name = spec.get("serviceAccountName") or "default"
        account = self._account(server, asked, name)
        changed = {"serviceAccountName": name, "serviceAccount": name}
        if should_mount(account, spec):
            changed |= token_volume(server, spec)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            changed["imagePullSecrets"] = account["imagePullSecrets"]
        asked.object = {**pod, "spec": {**spec, **changed}}

    def validate(self, server: Any, asked: Attributes) -> None:
        if asked.operation != "CREATE" or asked.subresource:
            return
        pod = asked.object
        if MIRROR not in ((pod.get("metadata") or {}).get("annotations") or {}):
            return
        spec = pod.get("spec") or {}
        if spec.get("serviceAccountName"):
            raise asked.forbidden("a mirror pod may not reference service accounts")
        for volume in spec.get("volumes") or ():
            if volume.get("secret") is not None:
                raise asked.forbidden("a mirror pod may not reference secrets")

    def _account(self, server: Any, asked: Attributes, name: str) -> dict[str, Any]:
        account = server.known("serviceaccounts", f"{asked.namespace}/{name}")
        if account is None:
            raise asked.forbidden(
                f'error looking up service account {asked.namespace}/{name}: serviceaccount "{name}" not found'
            )
        return account  # type: ignore[no-any-return]


def should_mount(account: dict[str, Any], spec: dict[str, Any]) -> bool:
    """Whether the token goes into the pod: the pod's word counts before the account's."""
    for owner in (spec, account):
        wanted = owner.get("automountServiceAccountToken")
        if wanted is not None:
            return bool(wanted)
    return True


def token_volume(server: Any, spec: dict[str, Any]) -> dict[str, Any]:
    """The fields of the pod spec that change when the token is mounted."""
    volumes = spec.get("volumes") or []
    names = [volume.get("name") or "" for volume in volumes]
    name = next((one for one in names if one.startswith(VOLUME_PREFIX)), "")
    known = bool(name)
    name = name or VOLUME_PREFIX + server.loop.chance.suffix()
    mount = mount_of(name)
    changed: dict[str, Any] = {}
    mounted = False
    for field in ("initContainers", "containers"):
        containers = spec.get(field)
        if not containers:
            continue
        changed[field] = made = []
        for container in containers:
            mounts = container.get("volumeMounts") or []
            if not any(one.get("mountPath") == TOKEN_PATH for one in mounts):
                container = {**container, "volumeMounts": [*mounts, mount]}
                mounted = True
            made.append(container)
    if not mounted:
        return {}
    if not known:
        changed["volumes"] = [*volumes, volume_of(name)]
    return changed


def mount_of(name: str) -> dict[str, Any]:
    """Where a container has the token that is in the volume of that name."""
    return {"name": name, "readOnly": True, "mountPath": TOKEN_PATH}


def volume_of(name: str) -> dict[str, Any]:
    """The volume with the token."""
    return {"name": name, "projected": PROJECTED}


PROJECTED = {
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
    ],
    "defaultMode": 420,
}
