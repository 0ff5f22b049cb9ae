"""Secrets of type `kubernetes.io/service-account-token`: filled for ServiceAccounts that exist, removed with them.

*In Kubernetes:* `serviceaccount-token-controller`, `pkg/controller/serviceaccount/tokens_controller.go`.
*Simplified:* the token says whom it is for and is signed by nobody.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Delete, Plan, Update
from cp_sim.controller_manager.serviceaccounts import CERTIFICATE
from cp_sim.objects.edit import get, merge
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import key, name, namespace, uid

Object = dict[str, Any]

TYPE = "kubernetes.io/service-account-token"
ACCOUNT_NAME = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"


def by_account(secret: Object) -> Iterable[str]:
    """Index of Secrets: `namespace/name` of the ServiceAccount for which they hold a token."""
    account = annotations_of(secret).get(ACCOUNT_NAME)
    return (f"{namespace(secret)}/{account}",) if secret.get("type") == TYPE and account else ()


def reconcile(secret: Object, account: Object | None) -> Plan:
    """Fill the Secret, or delete it if its ServiceAccount does not exist (any more)."""
    if not annotations_of(secret).get(ACCOUNT_NAME):
        return NOTHING
    wanted_uid = annotations_of(secret).get(ACCOUNT_UID)
    if account is None or (wanted_uid and wanted_uid != uid(account)):
        because = f"{name(secret)} is a token for a ServiceAccount that does not exist"
        return Plan((Delete("secrets", namespace(secret), name(secret), uid(secret), because=because),), because)
    data = get(secret, "data") or {}
    if wanted_uid and {"ca.crt", "namespace", "token"} <= data.keys():
        return NOTHING
    because = f"ServiceAccount {name(account)} gets its token in {name(secret)}"
    filled = {
        "ca.crt": _encoded(CERTIFICATE),
        "namespace": _encoded(namespace(secret)),
        "token": _encoded(token(secret, account)),
    }
    updated = merge(secret, {"metadata": {"annotations": {ACCOUNT_UID: uid(account)}}, "data": {**filled, **data}})
    return Plan((Update(updated, "", because),), because)


def token(secret: Object, account: Object) -> str:
    """A token in the form of a JSON Web Token."""
    claims = {
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": namespace(account),
        "kubernetes.io/serviceaccount/secret.name": name(secret),
        "kubernetes.io/serviceaccount/service-account.name": name(account),
        "kubernetes.io/serviceaccount/service-account.uid": uid(account),
        "sub": f"system:serviceaccount:{namespace(account)}:{name(account)}",
    }
    parts = [json.dumps(part, separators=(",", ":")) for part in ({"alg": "none", "kid": ""}, claims)]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class TokensController(Controller):
    """Keeps token Secrets in step with their ServiceAccounts.

    *In Kubernetes:* `serviceaccount-token-controller` in kube-controller-manager.
    """

    resource = "secrets"

    def __init__(self, informers: Informers) -> None:
        super().__init__("serviceaccount-token-controller", informers, "system:kube-controller-manager")

    def setup(self) -> None:
        self.secrets = self.informers.of("secrets").index("account", by_account).on_change(self, "secret_changed")
        self.accounts = self.informers.of("serviceaccounts").on_change(self, "account_changed")

    def account_changed(self, _change: str, _old: Object | None, new: Object) -> None:
        """A ServiceAccount came, changed or went."""
        for secret in self.secrets.where("account", key(new)):
            self.enqueue(key(secret))

    def secret_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A Secret came or changed."""
        if change != "DELETED" and new.get("type") == TYPE:
            self.enqueue(key(new))

    def reconcile(self, key_: str) -> Plan:
        secret = self.secrets.get(key_)
        if secret is None:
            return NOTHING
        return reconcile(
            secret, self.accounts.get(f"{namespace(secret)}/{annotations_of(secret).get(ACCOUNT_NAME, '')}")
        )
