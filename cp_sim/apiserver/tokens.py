"""Tokens: which user a bearer token stands for, and new ones for service accounts.

*In Kubernetes:* `TokenREST` in `pkg/registry/core/serviceaccount/storage/token.go`.  *Simplified:* tokens are not
signed.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.authentication import user_of
from cp_sim.apiserver.request import ApiError, User
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import StoreAnswer
from cp_sim.sim.clock import timestamp

Object = dict[str, Any]
AUDIENCE = "https://kubernetes.default.svc.cluster.local"
_BOUND = {("v1", "Pod"): "pods", ("v1", "Secret"): "secrets", ("v1", "Node"): "nodes"}


def user_of_token(text: str, given: dict[str, User]) -> User | None:
    """The user behind a token, None if nobody knows it; `NAME-token` is the token of the caller NAME."""
    if text.endswith("-token"):
        try:
            return user_of(text.removesuffix("-token"), given)
        except ApiError:
            return None
    parts = text.split(".")
    if len(parts) == 3:
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
            return user_of(claims["sub"], given)
        except (ValueError, KeyError, ApiError):
            return None
    return None


def start(server: Any, work: Work) -> Any:
    """Issue a token for a service account.

    Raises:
        ApiError: 404 or 422.
    """
    call = work.call
    account = server.known("serviceaccounts", f"{call.namespace}/{call.name}")
    if account is None:
        raise errors.not_found("serviceaccounts", "", call.name)
    spec = dict((call.body or {}).get("spec") or {})
    seconds = spec.get("expirationSeconds")
    seconds = 3600 if seconds is None else seconds
    _check_seconds(seconds)
    bound = spec.get("boundObjectRef")
    if bound:
        _check_bound(server, call.namespace, bound)
    now_ms = server.loop.clock.now_ms
    made = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": call.name,
            "namespace": call.namespace,
            "uid": account["metadata"]["uid"],
            "creationTimestamp": server.loop.clock.timestamp(),
        },
        "spec": {
            "audiences": spec.get("audiences") or [AUDIENCE],
            "expirationSeconds": seconds,
            "boundObjectRef": bound,
        },
        "status": {
            "token": issued(server, call.namespace, call.name, seconds),
            "expirationTimestamp": timestamp(now_ms + seconds * 1000),
        },
    }
    return Done(made, 201)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Nothing is asked of the store."""
    raise errors.internal("unexpected answer")


def issued(server: Any, namespace: str, name: str, seconds: int) -> str:
    """A token that names its service account, in the form of a JWT."""
    claims = {
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "exp": server.loop.clock.now_ms // 1000 + seconds,
        "jti": server.loop.chance.uid(),
    }

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, sort_keys=True).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.unsigned"


def _check_seconds(seconds: int) -> None:
    text = ""
    if seconds < 600:
        text = f"Invalid value: {seconds}: may not specify a duration less than 10 minutes"
    elif seconds > 1 << 32:
        text = f"Invalid value: {seconds}: may not specify a duration larger than 2^32 seconds"
    if text:
        cause = {"reason": "FieldValueInvalid", "message": text, "field": "spec.expirationSeconds"}
        raise errors.invalid("TokenRequest", "authentication.k8s.io", "", [cause])


def _check_bound(server: Any, namespace: str, bound: Object) -> None:
    resource = _BOUND.get((bound.get("apiVersion") or "", bound.get("kind") or ""))
    if resource is None:
        api_version = bound.get("apiVersion") or ""
        kind_text = f"{api_version if '/' in api_version else '/' + api_version}, Kind={bound.get('kind') or ''}"
        raise errors.bad_request(f"cannot bind token to object of type {kind_text}")
    name = bound.get("name") or ""
    key = name if resource == "nodes" else f"{namespace}/{name}"
    if server.known(resource, key) is None:
        raise errors.not_found(resource, "", name)
