"""Acting as somebody else: the `Impersonate-*` headers.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/filters/impersonation.go`, and constrained impersonation from v1.35 on.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.authentication import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, service_account
from cp_sim.apiserver.authorization import MASTERS, Attributes, refusal
from cp_sim.apiserver.request import HttpRequest, User
from cp_sim.apiserver.work import Work


def apply(server: Any, work: Work, http: HttpRequest, target: Any) -> None:
    """Replace `work.user` by the one the headers name, if the caller may do that.

    Raises:
        ApiError: 400 or 403.
    """
    headers = {key.lower(): value for key, value in http.headers.items() if value is not None}
    name = headers.get("impersonate-user", "")
    group = headers.get("impersonate-group")
    groups = tuple(group) if isinstance(group, list) else (group,) if group else ()
    uid = headers.get("impersonate-uid", "")
    extra = {key[18:]: [value] for key, value in headers.items() if key.startswith("impersonate-extra-")}
    if not name:
        if groups or uid or extra:
            raise errors.bad_request(_without_user(groups, uid, extra))
        return
    if MASTERS not in work.user.groups:
        _check(server, work, name, target)
    user = _impersonated(name, groups, uid)
    if extra:
        user = User(
            user.name, user.groups, user.uid, tuple((key, tuple(value)) for key, value in sorted(extra.items()))
        )
    work.note("authenticate", "changed", f"{work.user.name} acts as {user.name}")
    work.user = user


def _impersonated(name: str, groups: tuple[str, ...], uid: str) -> User:
    if name == ANONYMOUS.name:
        return User(name, groups or (UNAUTHENTICATED,), uid)
    if name.startswith("system:serviceaccount:") and name.count(":") == 3 and not groups:
        groups = service_account(name).groups[:-1]
    if AUTHENTICATED not in groups and UNAUTHENTICATED not in groups:
        groups = (*groups, AUTHENTICATED)
    return User(name, groups, uid)


def _check(server: Any, work: Work, name: str, target: Any) -> None:
    """The old way first: verb `impersonate` on users; the refusal is told in terms of the new one."""
    asked = Attributes(work.user, "impersonate", "", "users", name=name)
    if server.authorizer.decide(server, asked).allowed:
        return
    on = Attributes(
        work.user,
        f"impersonate-on:user-info:{work.call.verb}",
        target.group if target else "",
        target.plural if target else "",
        target.subresource if target else "",
        target.namespace if target else "",
        target.name if target else "",
        "" if target else work.call.resource,
    )
    raise refusal(on, server.authorizer.decide(server, on))


def _without_user(groups: tuple[str, ...], uid: str, extra: dict[str, list[str]]) -> str:
    listed = ", ".join(f'"{one}"' for one in groups)
    shown = "[]string{" + listed + "}" if groups else "[]string(nil)"
    return (
        f'requested &user.DefaultInfo{{Name:"", UID:"{uid}", Groups:{shown}, Extra:map[string][]string(nil)}} '
        "without impersonating a user name"
    )
