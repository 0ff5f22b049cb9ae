"""The form of objects, as the API server uses it: defaults, validation, and the texts of their refusals.

Everything that is true of an object without a server stands in `objects/`; this module only asks it and turns what it says into
`Status` objects.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.objects import defaults, validation
from cp_sim.objects.kinds import Kind

Object = dict[str, Any]


def with_defaults(kind: Kind, obj: Object) -> Object:
    """A copy with every default filled in."""
    return defaults.apply(kind, obj)


def check_create(kind: Kind, obj: Object) -> None:
    """Refuse an invalid new object.

    Raises:
        ApiError: 422 with one cause per fault.
    """
    _refuse(kind, obj, validation.on_create(kind, obj))


def check_update(kind: Kind, new: Object, old: Object) -> None:
    """Refuse an invalid change.

    Raises:
        ApiError: 422 with one cause per fault.
    """
    _refuse(kind, new, validation.on_update(kind, new, old))


def check_status_update(kind: Kind, new: Object, old: Object) -> None:
    """Refuse an invalid change of the status."""
    check = getattr(validation, "on_status_update", None)
    if check is not None:
        _refuse(kind, new, check(kind, new, old))


def _refuse(kind: Kind, obj: Object, causes: Any) -> None:
    if causes:
        name = (obj.get("metadata") or {}).get("name") or ""
        listed = [
            {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
        ]
        raise errors.invalid(kind.kind, kind.group, name, listed)
