"""The form of an admission plugin, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.request import ApiError, User
from cp_sim.objects.kinds import Kind


@dataclass(slots=True)
class Attributes:
    """A write as admission sees it: `operation` is CREATE, UPDATE, DELETE or CONNECT.

    A plugin that changes the object replaces `object` by an edited copy; `writes` are other objects that have to
    be stored first.
    """

    operation: str
    kind: Kind
    subresource: str
    namespace: str
    name: str
    object: Any
    old: Any
    user: User
    dry_run: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    changed_by: list[str] = field(default_factory=list)
    writes: list[Any] = field(default_factory=list)

    @property
    def resource(self) -> str:
        """`pods`, `deployments.apps`."""
        return self.kind.resource

    def forbidden(self, why: str) -> ApiError:
        """The 403 with which a plugin refuses."""
        return errors.forbidden(self.kind.plural, self.kind.group, self.name, why)


class Plugin:
    """Base of all plugins; `mutates` and `validates` name the operations it wants to hear of, `resources` on what
    (`pods`, `deployments.apps`): empty for everything.

    `reads` are the resources that its word about a pod depends on beside the pod itself, its name left aside; with
    None, nobody knows, and every pod goes all of the way (`moulds.py`).
    """

    name = ""
    resources: tuple[str, ...] = ()
    reads: tuple[str, ...] | None = None
    mutates: tuple[str, ...] = ()
    validates: tuple[str, ...] = ()

    def mutate(self, server: Any, asked: Attributes) -> None:
        """Change `asked.object` (by an edited copy) or raise an ApiError."""

    def validate(self, server: Any, asked: Attributes) -> None:
        """Raise an ApiError, or let it pass."""
