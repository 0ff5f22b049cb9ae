"""The form of objects, as the API server uses it: defaults, validation, and the texts of their refusals.

Everything that is true of an object without a server stands in `objects/`; this module only asks it and turns what
it says into `Status` objects.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors, structural
from cp_sim.objects import defaults, validation
from cp_sim.objects.kinds import Kind
from cp_sim.sim import Chance

Object = dict[str, Any]

MAX_GENERATED = 63 - 5


def with_defaults(kind: Kind, obj: Object) -> Object:
    """A copy with every default filled in."""
    return defaults.apply(kind, obj)


def generated(prefix: str, chance: Chance) -> str:
    """A name made from `generateName`."""
    return prefix[:MAX_GENERATED] + chance.suffix()


def check_metadata(kind: Kind, obj: Object) -> None:
    """Refuse invalid metadata of a new object of which all else is known to be valid.

    Raises:
        ApiError: 422 with one cause per fault.
    """
    causes: list[Any] = []
    validation.meta.on_create(kind, obj["metadata"], causes)
    _refuse(kind, obj, causes)


def check_create(kind: Kind, obj: Object, server: Any = None) -> None:
    """Refuse an invalid new object.

    Raises:
        ApiError: 422 with one cause per fault.
    """
    causes = validation.on_create(kind, obj)
    if kind.custom:
        causes = [*causes, *structural.faults(server, kind, obj)]
    _refuse(kind, obj, causes)


def check_update(kind: Kind, new: Object, old: Object, subresource: str = "", server: Any = None) -> None:
    """Refuse an invalid change, of the object or by one of its subresources.

    Raises:
        ApiError: 422 with one cause per fault.
    """
    causes = validation.on_update(kind, new, old, subresource)
    if kind.custom:
        causes = [*causes, *structural.faults(server, kind, new)]
    _refuse(kind, new, causes)


def _refuse(kind: Kind, obj: Object, causes: Any) -> None:
    if causes:
        name = (obj.get("metadata") or {}).get("name") or ""
        listed = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
        error = errors.invalid(kind.kind, "" if kind.kind == "Event" else kind.group, name, listed)
        error.status["message"] = validation.message(kind, name, causes)
        raise error
