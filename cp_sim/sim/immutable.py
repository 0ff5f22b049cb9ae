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
    if made.__bases__ == (object,) and not hasattr(made, "__post_init__") and all(map(_is_plain, fields(made))):
        made.__init__ = _quick_init(made)
    return made  # type: ignore[no-any-return]


def _is_plain(field: Any) -> bool:
    return field.init and not field.kw_only and field.default_factory is MISSING


def _quick_init(made: Any) -> Any:
    """An `__init__` that takes half the time of the one that dataclass writes for frozen classes.

    Records are made by the ten thousand, and that one asks `object.__setattr__` once per field. Here a record is of a
    class with the same slots that is not frozen for as long as its fields are filled in.
    """
    names = [field.name for field in fields(made)]
    scope: dict[str, Any] = {
        "_turn_into": object.__dict__["__class__"].__set__,
        "_open": type(f"{made.__name__}Open", (), {"__slots__": tuple(names)}),
        "_made": made,
        "_ordinary": made.__init__,
    }
    parameters = []
    for field in fields(made):
        scope[f"_default_{field.name}"] = field.default
        parameters.append(field.name if field.default is MISSING else f"{field.name}=_default_{field.name}")
    fill = "".join(f"    self.{name} = {name}\n" for name in names)
    head = f"def __init__(self, {', '.join(parameters)}):\n"
    # A class that inherits from this one may have other slots.
    head += f"    if self.__class__ is not _made:\n        return _ordinary(self, {', '.join(names)})\n"
    head += "    _turn_into(self, _open)\n"
    exec(f"{head}{fill}    self.__class__ = _made\n", scope)
    init = scope["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {**getattr(made.__init__, "__annotations__", {})}
    return init


def _itself(record: Any, _memo: Any = None) -> Any:
    return record
