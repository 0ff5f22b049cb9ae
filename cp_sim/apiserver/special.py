"""Kinds that are never stored: reviews, whose creation is a question and whose answer is in the status.

*In Kubernetes:* `pkg/registry/authorization` and `pkg/registry/authentication`.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.apiserver import errors, tokens, tracking
from cp_sim.apiserver.authorization import Attributes
from cp_sim.apiserver.request import User
from cp_sim.apiserver.work import Done, Work

Object = dict[str, Any]


def answer(server: Any, work: Work) -> Done | None:
    """The answer to a review, None for every other kind.

    Raises:
        ApiError: 400 or 422, the question makes no sense.
    """
    kind = work.kind
    assert kind is not None
    review = _REVIEWS.get(kind.storage)
    if review is None:
        return None
    body = work.call.body or {}
    if kind.namespaced:
        from cp_sim.apiserver.verbs.create import in_namespace

        body = in_namespace(work, body)
    body = {"metadata": {}, **body, "kind": kind.kind, "apiVersion": kind.api_version}
    if not body.get("metadata"):
        body["metadata"] = {}
    return Done(review(server, work, body), 201)


# -- access ----------------------------------------------------------------------------------------------------------


def self_access(server: Any, work: Work, review: Object) -> Object:
    """May I do that?"""
    return _access(server, work, review, work.user)


def access(server: Any, work: Work, review: Object) -> Object:
    """May that user do that?"""
    spec = review.get("spec") or {}
    user = User(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "")
    if not user.name and not user.groups:
        raise _invalid("spec.user", 'Invalid value: "": at least one of user or group must be specified', review)
    return _access(server, work, review, user)


def local_access(server: Any, work: Work, review: Object) -> Object:
    """May that user do that in this namespace?"""
    spec = review.get("spec") or {}
    asked = (spec.get("resourceAttributes") or {}).get("namespace") or ""
    if asked != work.call.namespace:
        text = f'Invalid value: "{asked}": must match metadata.namespace'
        raise _invalid("spec.resourceAttributes.namespace", text, review)
    return access(server, work, review)


def _access(server: Any, work: Work, review: Object, user: User) -> Object:
    spec = review.get("spec") or {}
    _check_spec(spec, review)
    if review["metadata"].get("name"):
        shown = json.dumps(_go_metadata(tracking.on_create(server, work, review)["metadata"]), separators=(",", ":"))
        raise _invalid("metadata", f"Invalid value: {shown}: must be empty", review)
    verdict = server.authorizer.decide(server, attributes(user, spec))
    status: Object = {"allowed": verdict.allowed}
    if verdict.reason:
        status["reason"] = verdict.reason
    return {**tracking.on_create(server, work, review), "status": status}


def _check_spec(spec: Object, review: Object) -> None:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and other is not None:
        shown = json.dumps({"Path": other.get("path", ""), "Verb": other.get("verb", "")}, separators=(",", ":"))
        text = f"Invalid value: {shown}: cannot be specified in combination with resourceAttributes"
        raise _invalid("spec.nonResourceAttributes", text, review)
    if resource is None and other is None:
        text = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise _invalid("spec.resourceAttributes", text, review)


def attributes(user: User, spec: Object) -> Attributes:
    """The question of a review as authorization takes it."""
    other = spec.get("nonResourceAttributes")
    if other is not None:
        return Attributes(user, other.get("verb") or "", path=other.get("path") or "")
    asked = spec.get("resourceAttributes") or {}
    return Attributes(
        user,
        asked.get("verb") or "",
        asked.get("group") or "",
        asked.get("resource") or "",
        asked.get("subresource") or "",
        asked.get("namespace") or "",
        asked.get("name") or "",
    )


def rules(server: Any, work: Work, review: Object) -> Object:
    """What may I do in this namespace?  The rules come sorted; the real server gives them in any order."""
    namespace = (review.get("spec") or {}).get("namespace")
    if not namespace:
        raise errors.bad_request("no namespace on request")
    resource: list[Object] = []
    other: list[Object] = []
    for scope, _, found in server.authorizer.rules_of(server, work.user):
        if scope and scope != namespace:
            continue
        for rule in found:
            if rule.get("resources"):
                resource.append({key: rule[key] for key in _RESOURCE_RULE if rule.get(key)})
            if rule.get("nonResourceURLs"):
                other.append({"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]})
    status = {"resourceRules": _sorted(resource), "nonResourceRules": _sorted(other), "incomplete": False}
    return {**review, "metadata": {}, "spec": {}, "status": status}


_RESOURCE_RULE = ("verbs", "apiGroups", "resources", "resourceNames")


def _sorted(found: list[Object]) -> list[Object]:
    texts = {json.dumps(rule, sort_keys=True): rule for rule in found}
    return [texts[text] for text in sorted(texts)]


def _go_metadata(metadata: Object) -> Object:
    order = ("name", "namespace", "labels", "annotations", "managedFields")
    return {key: metadata[key] for key in order if key in metadata}


def _invalid(field: str, message: str, review: Object) -> errors.ApiError:
    cause = {"reason": "FieldValueInvalid", "message": message, "field": field}
    return errors.invalid("", "authorization.k8s.io", "", [cause])


# -- who am I --------------------------------------------------------------------------------------------------------


def self_subject(server: Any, work: Work, review: Object) -> Object:
    """Who am I?"""
    now = server.loop.clock.timestamp()
    metadata = {**review["metadata"], "creationTimestamp": now}
    return {**review, "metadata": metadata, "status": {"userInfo": user_info(work.user)}}


def user_info(user: User) -> Object:
    """A user on the wire."""
    made: Object = {"username": user.name}
    if user.uid:
        made["uid"] = user.uid
    if user.groups:
        made["groups"] = list(user.groups)
    if user.extra:
        made["extra"] = {key: list(values) for key, values in user.extra}
    return made


def token(server: Any, work: Work, review: Object) -> Object:
    """Whose token is that?"""
    text = (review.get("spec") or {}).get("token") or ""
    if not text:
        raise errors.bad_request("token is required for TokenReview in authentication")
    user = tokens.user_of_token(text, server.given_users)
    if user is None:
        status: Object = {"user": {}, "error": "invalid bearer token"}
    else:
        status = {"authenticated": True, "user": user_info(user), "audiences": [tokens.AUDIENCE]}
    return {**tracking.on_create(server, work, review), "status": status}


_REVIEWS = {
    "selfsubjectaccessreviews.authorization.k8s.io": self_access,
    "subjectaccessreviews.authorization.k8s.io": access,
    "localsubjectaccessreviews.authorization.k8s.io": local_access,
    "selfsubjectrulesreviews.authorization.k8s.io": rules,
    "selfsubjectreviews.authentication.k8s.io": self_subject,
    "tokenreviews.authentication.k8s.io": token,
}
