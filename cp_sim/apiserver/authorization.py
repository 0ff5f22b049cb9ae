"""Who may do what: RBAC over the stored roles and bindings, and the node authorizer for kubelets.

*In Kubernetes:* `--authorization-mode=Node,RBAC`; `plugin/pkg/auth/authorizer/{node,rbac}`.  Group
`system:masters` may do everything without being asked for roles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cp_sim.apiserver import errors, node_authorizer
from cp_sim.apiserver.request import User
from cp_sim.apiserver.work import Work
from cp_sim.sim import immutable

MASTERS = "system:masters"
_GROUP = "rbac.authorization.k8s.io"
_KINDS = {f"{plural}.{_GROUP}" for plural in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")}


@immutable
class Attributes:
    """What authorization is asked about."""

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    fields: str = ""

    @property
    def full_resource(self) -> str:
        """`pods`, `pods/status`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@immutable
class Verdict:
    """Whether it may be done, and what the authorizers say about it."""

    allowed: bool
    reason: str = ""


class Authorizer:
    """Decides requests; remembers decisions until a role or binding changes."""

    def __init__(self) -> None:
        self._rules: dict[User, list[tuple[str, str, list[dict[str, Any]]]]] = {}
        self._allowed: dict[tuple[Any, ...], Verdict] = {}

    def learn(self, storage: str) -> None:
        """Something was written that decisions may depend on."""
        if storage in _KINDS:
            self._rules.clear()
            self._allowed.clear()

    def forget(self) -> None:
        """Everything may have changed."""
        self._rules.clear()
        self._allowed.clear()

    def check(self, server: Any, work: Work) -> None:
        """Let the request pass or refuse it.

        Raises:
            ApiError: 403 with the text of the real server.
        """
        if MASTERS in work.user.groups:
            work.note("authorize", sentence="system:masters")
            return
        known = self._allowed.get(_key_of(work))
        if known is not None:
            work.note("authorize", sentence=known.reason)
            return
        attributes = attributes_of(work)
        verdict = self.decide(server, attributes)
        if verdict.allowed:
            work.note("authorize", sentence=verdict.reason)
            return
        work.note("authorize", "refused", denied(attributes))
        raise refusal(attributes, verdict)

    def decide(self, server: Any, asked: Attributes) -> Verdict:
        """The verdict of all authorizers in their order."""
        if MASTERS in asked.user.groups:
            return Verdict(True)
        key = (asked.user, asked.verb, asked.group, asked.full_resource, asked.namespace, asked.path)
        known = self._allowed.get(key)
        if known is not None:
            return known
        reason = ""
        if asked.user.name.startswith(node_authorizer.PREFIX) and not asked.path:
            verdict, reason = node_authorizer.decide(server, asked)
            if verdict:
                return Verdict(True)
        for scope, because, rules in self.rules_of(server, asked.user):
            if scope and scope != asked.namespace:
                continue
            for rule in rules:
                if allows(rule, asked):
                    made = Verdict(True, because)
                    if not rule.get("resourceNames"):
                        self._allowed[key] = made
                    return made
        return Verdict(False, reason)

    def rules_of(self, server: Any, user: User) -> list[tuple[str, str, list[dict[str, Any]]]]:
        """All rules that apply to a user: (namespace or empty for everywhere, why, rules)."""
        found = self._rules.get(user)
        if found is None:
            found = self._rules[user] = list(_rules(server, user))
        return found


def _rules(server: Any, user: User) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    for plural in ("clusterrolebindings", "rolebindings"):
        cache = server.caches.get(f"{plural}.{_GROUP}")
        if cache is None:
            continue
        for key in cache.keys(""):
            binding = cache.objects[key]
            namespace = binding["metadata"].get("namespace", "")
            subject = next((one for one in binding.get("subjects") or () if applies(one, user, namespace)), None)
            if subject is None:
                continue
            rules = referred(server, binding["roleRef"], namespace)
            if rules is not None:
                yield namespace, because_of(binding, subject, namespace), rules


def referred(server: Any, reference: dict[str, Any], namespace: str) -> list[dict[str, Any]] | None:
    """The rules of the role that a binding names, None if there is no such role."""
    if reference["kind"] == "ClusterRole":
        role = server.known(f"clusterroles.{_GROUP}", reference["name"])
    else:
        role = server.known(f"roles.{_GROUP}", f"{namespace}/{reference['name']}")
    return None if role is None else role.get("rules") or []


def because_of(binding: dict[str, Any], subject: dict[str, Any], namespace: str) -> str:
    """RBAC's own sentence about why something is allowed."""
    reference = binding["roleRef"]
    name = subject["name"]
    if subject["kind"] == "ServiceAccount":
        name = f"{subject['name']}/{subject.get('namespace') or namespace}"
    if namespace:
        what = f'RoleBinding "{binding["metadata"]["name"]}/{namespace}"'
    else:
        what = f'ClusterRoleBinding "{binding["metadata"]["name"]}"'
    return f'RBAC: allowed by {what} of {reference["kind"]} "{reference["name"]}" to {subject["kind"]} "{name}"'


def applies(subject: dict[str, Any], user: User, namespace: str) -> bool:
    """Whether a binding's subject is the user, one of its groups, or its service account."""
    kind = subject["kind"]
    if kind == "User":
        return bool(subject["name"] == user.name)
    if kind == "Group":
        return subject["name"] in user.groups
    return user.name == f"system:serviceaccount:{subject.get('namespace') or namespace}:{subject['name']}"


def allows(rule: dict[str, Any], asked: Attributes) -> bool:
    """Whether one rule of a role covers what is asked."""
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and asked.verb not in verbs:
        return False
    if asked.path:
        return any(path_matches(pattern, asked.path) for pattern in rule.get("nonResourceURLs") or ())
    groups = rule.get("apiGroups") or ()
    if "*" not in groups and asked.group not in groups:
        return False
    resources = rule.get("resources") or ()
    if not (
        "*" in resources
        or asked.full_resource in resources
        or (asked.subresource and f"*/{asked.subresource}" in resources)
    ):
        return False
    names = rule.get("resourceNames") or ()
    return not names or asked.name in names


def path_matches(pattern: str, path: str) -> bool:
    """Whether a nonResourceURL covers a path (`*` at its end is a wildcard)."""
    if pattern in ("*", path):
        return True
    return pattern.endswith("*") and path.startswith(pattern.rstrip("*"))


def attributes_of(work: Work) -> Attributes:
    """What authorization is asked about a request."""
    call, kind = work.call, work.kind
    assert kind is not None
    return Attributes(
        work.user,
        call.verb,
        kind.group,
        kind.plural,
        call.subresource,
        _namespace_of(work),
        call.name,
        fields=call.options.get("fieldSelector") or "",
    )


def _namespace_of(work: Work) -> str:
    call, kind = work.call, work.kind
    assert kind is not None
    return call.name if kind.plural == "namespaces" and not kind.group and call.name else call.namespace


def _key_of(work: Work) -> tuple[Any, ...]:
    """The key of the decision about `attributes_of(work)`, without these."""
    call, kind = work.call, work.kind
    assert kind is not None
    full_resource = f"{kind.plural}/{call.subresource}" if call.subresource else kind.plural
    return (work.user, call.verb, kind.group, full_resource, _namespace_of(work), "")


def denied(asked: Attributes) -> str:
    """`User "bob" cannot list resource "pods" in API group "" in the namespace "default"`."""
    if asked.path:
        return f'User "{asked.user.name}" cannot {asked.verb} path "{asked.path}"'
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    return (
        f'User "{asked.user.name}" cannot {asked.verb} resource "{asked.full_resource}" '
        f'in API group "{asked.group}" {where}'
    )


def refusal(asked: Attributes, verdict: Verdict) -> errors.ApiError:
    """The 403 of a refused request."""
    text = denied(asked)
    if verdict.reason:
        text += f": {verdict.reason}"
    if asked.path:
        return errors.forbidden_path(text)
    return errors.forbidden(asked.resource, asked.group, asked.name, text)
