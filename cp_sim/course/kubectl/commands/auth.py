"""`kubectl auth can-i` and `auth whoami`.

Source: kubernetes/kubectl pkg/cmd/auth/{cani,whoami}.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.errors import KubectlError
from cp_sim.course.kubectl.output.formats import Output
from cp_sim.course.kubectl.shell import GROUPS, Invocation, command
from cp_sim.course.kubectl.tabwriter import align

GROUPS["auth"] = (
    "Inspect authorization.\n\nAvailable Commands:\n  can-i         Check whether an action is allowed\n  "
    "whoami        Experimental: Check self subject attributes"
)
_REVIEWS = "/apis/authorization.k8s.io/v1"


@command("auth can-i", "all-namespaces:A list quiet:q no-headers subresource=")
def can_i(invocation: Invocation) -> None:
    """Ask whether the user may do something; the exit status says it too."""
    if invocation.flags["list"]:
        _list(invocation)
        return
    words = invocation.arguments
    if len(words) not in (2, 3):
        raise KubectlError(
            "error: you must specify two arguments: verb resource or verb resource/resourceName.\n"
            "See 'kubectl auth can-i -h' for help and examples."
        )
    spec: dict[str, Any] = {}
    if words[1].startswith("/"):
        spec["nonResourceAttributes"] = {"path": words[1], "verb": words[0]}
    else:
        spec["resourceAttributes"] = _attributes(invocation, words)
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
    wrote = invocation.client.wrote
    answer = invocation.client.call("POST", f"{_REVIEWS}/selfsubjectaccessreviews", body=body)
    invocation.client.wrote = wrote
    status = answer["status"]
    if not invocation.flags["quiet"]:
        text = "yes" if status.get("allowed") else "no"
        for key, told in (
            ("reason", f" - {status.get('reason')}"),
            ("evaluationError", f" - {status.get('evaluationError')}"),
        ):
            if status.get(key) and not status.get("allowed"):
                text += told
        invocation.out(text)
    if not status.get("allowed"):
        raise KubectlError("")


def _attributes(invocation: Invocation, words: list[str]) -> dict[str, str]:
    named, _, sub = words[1].partition("/")
    name = words[2] if len(words) == 3 else ""
    attributes = {"verb": words[0], "resource": named}
    if named == "*":
        attributes["group"] = "*"
    else:
        try:
            type_ = invocation.client.type_of(named)
            attributes |= {"resource": type_.plural, "group": type_.group}
            if not type_.namespaced and not invocation.flags["all-namespaces"]:
                told = f"Warning: resource '{type_.plural}' is not namespace scoped{_in_group(type_.group)}"
                invocation.err(told, end="\n\n")
        except KubectlError:
            invocation.err(f"Warning: the server doesn't have a resource type '{named}'", end="\n\n")
    if invocation.flags["subresource"]:
        attributes["subresource"] = invocation.flags["subresource"]
    name = sub or name  # what follows a slash is a name, also where it looks like a subresource
    if name:
        attributes["name"] = name
    if not invocation.flags["all-namespaces"]:
        attributes["namespace"] = invocation.namespace
    return attributes


def _in_group(group: str) -> str:
    return f" in group '{group}'" if group else ""


def _list(invocation: Invocation) -> None:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": invocation.namespace},
    }
    answer = invocation.client.call("POST", f"{_REVIEWS}/selfsubjectrulesreviews", body=body)
    rows = [] if invocation.flags["no-headers"] else ["Resources\tNon-Resource URLs\tResource Names\tVerbs"]
    for rule in answer["status"].get("resourceRules") or ():
        names, verbs = (" ".join(rule.get(key) or ()) for key in ("resourceNames", "verbs"))
        for group in rule.get("apiGroups") or [""]:
            for resource in rule.get("resources") or ():
                rows.append(
                    f"{resource}.{group}\t[]\t[{names}]\t[{verbs}]"
                    if group
                    else f"{resource}\t[]\t[{names}]\t[{verbs}]"
                )
    for rule in answer["status"].get("nonResourceRules") or ():
        for url in rule.get("nonResourceURLs") or ():
            rows.append(f"\t[{url}]\t[]\t[{' '.join(rule.get('verbs') or ())}]")
    invocation.out(align("\n".join(rows) + "\n", padding=3, minimum=6), end="")


@command("auth whoami", "output:o= template=")
def whoami(invocation: Invocation) -> None:
    """Ask the server who it takes the user for."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = invocation.client.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body)
    output = Output(invocation.flags["output"])
    if not output.is_table:
        invocation.out(output.write(answer), end="")
        return
    user = answer["status"]["userInfo"]
    rows = ["ATTRIBUTE\tVALUE", f"Username\t{user.get('username', '')}"]
    if user.get("uid"):
        rows.append(f"UID\t{user['uid']}")
    if user.get("groups"):
        rows.append(f"Groups\t[{' '.join(user['groups'])}]")
    invocation.out(align("\n".join(rows) + "\n", padding=3, minimum=6), end="")
