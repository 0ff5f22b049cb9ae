"""Records: frozen, slotted, shared by copies, and made quickly."""

from __future__ import annotations

import copy
from dataclasses import FrozenInstanceError, field

import pytest

from cp_sim.sim import immutable


@immutable
class Note:
    subject: str
    revision: int = 7


@immutable
class Listed:
    words: list[str] = field(default_factory=list)


@immutable
class Checked:
    revision: int

    def __post_init__(self) -> None:
        if self.revision < 0:
            raise ValueError("revisions are not negative")


def test_fields_come_by_place_by_name_and_by_default() -> None:
    assert Note("a") == Note("a", 7) == Note(revision=7, subject="a")
    assert repr(Note("a", 8)) == "Note(subject='a', revision=8)"
    assert hash(Note("a")) == hash(Note("a"))


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Note("a").revision = 8  # type: ignore[misc]


def test_a_wrong_call_names_the_record() -> None:
    with pytest.raises(TypeError, match=r"Note\.__init__\(\) missing 1 required positional argument: 'subject'"):
        Note()  # type: ignore[call-arg]


def test_copies_are_the_record_itself() -> None:
    note = Note("a")
    assert copy.deepcopy([note])[0] is note


def test_factories_and_checks_work_as_in_any_dataclass() -> None:
    assert Listed().words is not Listed().words
    with pytest.raises(ValueError, match="negative"):
        Checked(-1)


@immutable
class Named:
    name: str
    size: int = 1


class Shouted(Named):
    """A class that inherits, with slots or without."""

    def __str__(self) -> str:
        return f"{self.name.upper()} {self.size}"


def test_a_derived_record_stays_what_it_is() -> None:
    loud = Shouted("etcd", 3)
    assert (type(loud), str(loud)) == (Shouted, "ETCD 3")
    with pytest.raises(AttributeError):
        loud.name = "raft"  # type: ignore[misc]
