"""What every namespace gets: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.

*In Kubernetes:* `serviceaccount-controller` and `root-ca-certificate-publisher-controller` in kube-controller-manager.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Response
from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Action, Create, Plan, Update
from cp_sim.controller_manager.replicaset import namespace_is_ending
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import is_deleting, name
from cp_sim.objects.meta import namespace as namespace_of

Object = dict[str, Any]

ROOT_CA = "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
# The simulated cluster signs nothing; this stands where the certificate would.
CERTIFICATE = (
    "-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVkIGNsdXN0ZXIsIG5vIHJlYWwgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"
)


def default_account(namespace: str, existing: Object | None) -> Plan:
    """The ServiceAccount `default`, made if it is missing."""
    if existing is not None:
        return NOTHING
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}}
    because = f"namespace {namespace} has no ServiceAccount default"
    return Plan((Create(account, because),), because, {"default": False}, {"default": True}, on_error="failed")


def root_certificate(namespace: str, existing: Object | None) -> Plan:
    """The ConfigMap `kube-root-ca.crt`, made if it is missing and put right if somebody changed it."""
    data = {"ca.crt": CERTIFICATE}
    annotations = {"kubernetes.io/description": DESCRIPTION}
    if existing is None:
        metadata = {"name": ROOT_CA, "namespace": namespace, "annotations": annotations}
        because = f"namespace {namespace} has no ConfigMap {ROOT_CA}"
        created = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        return Plan((Create(created, because),), because, {"present": False}, {"present": True}, on_error="failed")
    if existing.get("data") == data and annotations.items() <= (get(existing, "metadata.annotations") or {}).items():
        return NOTHING
    because = f"somebody has changed {ROOT_CA} in namespace {namespace}: put it right"
    right = put(put(existing, "data", data), "metadata.annotations", annotations)
    return Plan((Update(right, "", because),), because, on_error="failed")


class _PerNamespace(Controller):
    """Keeps one object in each namespace; its keys are namespaces."""

    resource = "namespaces"
    watched = ""
    object_name = ""

    def setup(self) -> None:
        self.namespaces = self.informers.of("namespaces").on_change(self, "namespace_changed")
        self.objects = self.informers.of(self.watched).on_change(self, "object_changed")

    def namespace_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A namespace came or changed."""
        if change != "DELETED":
            self.enqueue(name(new))

    def object_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """The object was changed or deleted."""
        if name(new) == self.object_name and change != "ADDED":
            self.enqueue(namespace_of(new))

    def reconcile(self, key_: str) -> Plan:
        subject = self.namespaces.get(key_)
        if subject is None or is_deleting(subject) or get(subject, "status.phase") != "Active":
            return NOTHING
        return self.wanted(key_, self.objects.get(f"{key_}/{self.object_name}"))

    def wanted(self, namespace: str, existing: Object | None) -> Plan:
        """What to do in one namespace."""
        return NOTHING

    def failed(self, _key: str, _plan: Plan, _action: Action, response: Response) -> Plan | None:
        """Somebody else has made it, or the namespace is ending: both are fine."""
        reason = response.body.get("reason")
        return NOTHING if reason == "AlreadyExists" or namespace_is_ending(response.body) else None


class ServiceAccountController(_PerNamespace):
    """Keeps a ServiceAccount `default` in each namespace.

    *In Kubernetes:* `serviceaccount-controller` in kube-controller-manager.
    """

    watched = "serviceaccounts"
    object_name = "default"

    def __init__(self, informers: Informers) -> None:
        super().__init__(
            "serviceaccount-controller", informers, "system:serviceaccount:kube-system:service-account-controller"
        )

    def wanted(self, namespace: str, existing: Object | None) -> Plan:
        return default_account(namespace, existing)


class RootCertificatePublisher(_PerNamespace):
    """Keeps the ConfigMap `kube-root-ca.crt` in each namespace.

    *In Kubernetes:* `root-ca-certificate-publisher-controller` in kube-controller-manager.
    """

    watched = "configmaps"
    object_name = ROOT_CA

    def __init__(self, informers: Informers) -> None:
        super().__init__(
            "root-ca-certificate-publisher-controller",
            informers,
            "system:serviceaccount:kube-system:root-ca-cert-publisher",
        )

    def wanted(self, namespace: str, existing: Object | None) -> Plan:
        return root_certificate(namespace, existing)
