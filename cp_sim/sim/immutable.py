"""Record types that are shared, never copied, when the world is forked."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def immutable(cls: type[T]) -> type[T]:
    """Make `cls` a frozen, slotted dataclass whose copies are itself.

    A fork copies the mutable state of the world and shares everything that cannot change; a class says that it
    belongs to the second kind by carrying this decorator.
    """
    made: Any = dataclass(frozen=True, slots=True)(cls)
    made.__copy__ = _itself
    made.__deepcopy__ = _itself
    if not hasattr(made, "__post_init__") and all(_is_plain(field) for field in fields(made)):
        made.__init__ = _quick_init(made)
    return made  # type: ignore[no-any-return]


def _is_plain(field: Any) -> bool:
    return field.init and not field.kw_only and field.default_factory is MISSING


def _quick_init(made: Any) -> Any:
    """An `__init__` that fills the slots directly: half the time of the one that dataclass writes for frozen classes.

    Records are made by the ten thousand; that one asks `object.__setattr__` once per field.
    """
    scope: dict[str, Any] = {}
    names, lines = [], []
    for field in fields(made):
        scope[f"_set_{field.name}"] = getattr(made, field.name).__set__
        scope[f"_default_{field.name}"] = field.default
        names.append(field.name if field.default is MISSING else f"{field.name}=_default_{field.name}")
        lines.append(f"    _set_{field.name}(self, {field.name})")
    exec(f"def __init__(self, {', '.join(names)}):\n" + "\n".join(lines or ["    pass"]), scope)
    init = scope["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {**getattr(made.__init__, "__annotations__", {})}
    return init


def _itself(record: Any, _memo: Any = None) -> Any:
    return record
