"""Record types that are shared, never copied, when the world is forked."""

from __future__ import annotations

from dataclasses import dataclass
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
    return made  # type: ignore[no-any-return]


def _itself(record: Any, _memo: Any = None) -> Any:
    return record
