"""Work done once for what many objects share: the pods of one template have the same containers and tolerations.

`strict.decode` makes parts of pods that are written alike into one object, so that whoever comes later only has to see
that it is the same object, which nobody edits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cp_sim.objects.causes import Causes

# So many parts are remembered, of all clusters together; a template has a handful.
REMEMBERED = 4096


class Same:
    """A key for an object itself: equal only to a key of the very same object."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value


def check_once(check: Callable[[Any, str, Causes], None], given: Any, at: str, causes: Causes) -> None:
    """`check(given, at, causes)`, where `given` may have been found without fault before."""
    if not _is_faultless(check, Same(given)):
        check(given, at, causes)


@lru_cache(maxsize=REMEMBERED)
def _is_faultless(check: Callable[[Any, str, Causes], None], given: Same) -> bool:
    causes: Causes = []
    check(given.value, "", causes)
    return not causes
