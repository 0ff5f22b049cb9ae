"""RBAC and access reviews.

Source: `pkg/apis/rbac/validation/validation.go`, `pkg/apis/authorization/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, invalid, not_supported, required
from cp_sim.objects.validation.common import selector

Object = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"


def rule(given: Object, namespaced: bool, at: str, causes: Causes) -> None:
    """One rule of a role."""
    if not given.get("verbs"):
        causes.append(required(f"{at}.verbs", "verbs must contain at least one value"))
    if given.get("nonResourceURLs"):
        if namespaced:
            text = "namespaced rules cannot apply to non-resource URLs"
            causes.append(invalid(f"{at}.nonResourceURLs", given["nonResourceURLs"], text))
        if given.get("apiGroups") or given.get("resources") or given.get("resourceNames"):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            causes.append(invalid(f"{at}.nonResourceURLs", given["nonResourceURLs"], text))
        return
    if not given.get("apiGroups"):
        causes.append(required(f"{at}.apiGroups", "resource rules must supply at least one api group"))
    if not given.get("resources"):
        causes.append(required(f"{at}.resources", "resource rules must supply at least one resource"))


def role(obj: Object, causes: Causes) -> None:
    """A Role."""
    for index, given in enumerate(obj.get("rules") or ()):
        rule(given, True, f"rules[{index}]", causes)


def cluster_role(obj: Object, causes: Causes) -> None:
    """A ClusterRole."""
    for index, given in enumerate(obj.get("rules") or ()):
        rule(given, False, f"rules[{index}]", causes)
    aggregation = obj.get("aggregationRule")
    if aggregation is not None:
        path = "aggregationRule.clusterRoleSelectors"
        chosen = aggregation.get("clusterRoleSelectors") or []
        if not chosen:
            text = "at least one clusterRoleSelector required if aggregationRule is non-nil"
            causes.append(required(path, text))
        for index, one in enumerate(chosen):
            selector(one, f"{path}[{index}]", causes)


def _binding(obj: Object, kinds: tuple[str, ...], namespaced: bool, causes: Causes) -> None:
    reference = obj.get("roleRef") or {}
    if reference.get("apiGroup") != RBAC:
        causes.append(not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (RBAC,)))
    if reference.get("kind") not in kinds:
        causes.append(not_supported("roleRef.kind", reference.get("kind", ""), kinds))
    name = reference.get("name", "")
    if not name:
        causes.append(required("roleRef.name"))
    else:
        for problem in names.path_segment(name):
            causes.append(invalid("roleRef.name", name, problem))
    for index, subject in enumerate(obj.get("subjects") or ()):
        _subject(subject, namespaced, f"subjects[{index}]", causes)


def _subject(given: Object, namespaced: bool, at: str, causes: Causes) -> None:
    kind, name, group = given.get("kind", ""), given.get("name", ""), given.get("apiGroup", "")
    if not name:
        causes.append(required(f"{at}.name"))
    if kind == "ServiceAccount":
        if name:
            for problem in names.dns_subdomain(name):
                causes.append(invalid(f"{at}.name", name, problem))
        if group:
            causes.append(not_supported(f"{at}.apiGroup", group, ("",)))
        if not namespaced and not given.get("namespace"):
            causes.append(required(f"{at}.namespace"))
    elif kind in ("User", "Group"):
        if group != RBAC:
            causes.append(not_supported(f"{at}.apiGroup", group, (RBAC,)))
    else:
        causes.append(not_supported(f"{at}.kind", kind, ("ServiceAccount", "User", "Group")))


def role_binding(obj: Object, causes: Causes) -> None:
    """A RoleBinding."""
    _binding(obj, ("Role", "ClusterRole"), True, causes)


def cluster_role_binding(obj: Object, causes: Causes) -> None:
    """A ClusterRoleBinding."""
    _binding(obj, ("ClusterRole",), False, causes)


def binding_update(new: Object, old: Object, causes: Causes) -> None:
    """The role of a binding never changes."""
    if (new.get("roleRef") or {}) != (old.get("roleRef") or {}):
        reference = new.get("roleRef") or {}
        shown = {
            "APIGroup": reference.get("apiGroup", ""),
            "Kind": reference.get("kind", ""),
            "Name": reference.get("name", ""),
        }
        causes.append(invalid("roleRef", shown, "cannot change roleRef"))


def _review(spec: Object, causes: Causes) -> None:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and other is not None:
        shown = {"Path": other.get("path", ""), "Verb": other.get("verb", "")}
        text = "cannot be specified in combination with resourceAttributes"
        causes.append(invalid("spec.nonResourceAttributes", shown, text))
    if resource is None and other is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        causes.append(invalid("spec.resourceAttributes", None, text))


def subject_access_review(obj: Object, causes: Causes) -> None:
    """A SubjectAccessReview."""
    spec = obj.get("spec") or {}
    _review(spec, causes)
    if not spec.get("user") and not spec.get("groups"):
        causes.append(invalid("spec.user", spec.get("user", ""), "at least one of user or group must be specified"))
    _no_metadata(obj, causes)


def self_subject_access_review(obj: Object, causes: Causes) -> None:
    """A SelfSubjectAccessReview."""
    _review(obj.get("spec") or {}, causes)
    _no_metadata(obj, causes)


def local_subject_access_review(obj: Object, causes: Causes) -> None:
    """A LocalSubjectAccessReview asks about its own namespace."""
    spec = obj.get("spec") or {}
    _review(spec, causes)
    if not spec.get("user") and not spec.get("groups"):
        causes.append(invalid("spec.user", spec.get("user", ""), "at least one of user or group must be specified"))
    inside = (obj.get("metadata") or {}).get("namespace", "")
    resource = spec.get("resourceAttributes")
    if resource is not None and resource.get("namespace", "") != inside:
        path = "spec.resourceAttributes.namespace"
        causes.append(invalid(path, resource.get("namespace", ""), "must match metadata.namespace"))
    if spec.get("nonResourceAttributes") is not None:
        path = "spec.nonResourceAttributes"
        causes.append(invalid(path, spec["nonResourceAttributes"], "disallowed on this kind of request"))


def _no_metadata(obj: Object, causes: Causes) -> None:
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    if metadata:
        causes.append(invalid("metadata", obj["metadata"], "must be empty"))
