"""What happened, and because of what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cp_sim.sim.immutable import immutable


@immutable
class Record:
    """One thing that happened.

    `subject` names the object it happened to, `plural/namespace/name` (`nodes/worker-1` where there is no namespace).
    `cause` is the id of the record that made this one happen; None for what comes from outside.
    `because` is one sentence for people, `evidence` what the actor knew: a `Decision`, a `Plan`, a request's passage.
    `revision` is the store's revision that this record wrote, where it wrote one.
    """

    id: int
    time_ms: int
    actor: str
    verb: str
    subject: str
    because: str = ""
    revision: int | None = None
    cause: int | None = None
    evidence: Any = None


class Trace:
    """All records, oldest first.  Record ids count from 1 and never change, also when old records are dropped."""

    def __init__(self, limit: int = 200_000) -> None:
        self.limit = limit
        self._first = 1
        self._records: list[Record] = []
        self._by_revision: dict[int, int] = {}
        self._by_subject: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    @property
    def next_id(self) -> int:
        """The id that the next record will get."""
        return self._first + len(self._records)

    def append(self, record: Record) -> None:
        """Keep `record`; its id must be `next_id`."""
        self._records.append(record)
        self._by_subject.setdefault(record.subject, []).append(record.id)
        if record.revision is not None:
            self._by_revision[record.revision] = record.id
        if len(self._records) > self.limit:
            self._drop(self.limit // 10)

    def get(self, record_id: int | None) -> Record | None:
        """The record of that id, or None if there is none (any more)."""
        if record_id is None or not self._first <= record_id < self.next_id:
            return None
        return self._records[record_id - self._first]

    def since(self, record_id: int) -> list[Record]:
        """The records with ids from `record_id` on."""
        return self._records[max(0, record_id - self._first) :]

    def of_revision(self, revision: int) -> Record | None:
        """The record that wrote `revision`."""
        return self.get(self._by_revision.get(revision))

    def about(self, subject: str) -> list[Record]:
        """The records about one subject, oldest first."""
        found = (self.get(record_id) for record_id in self._by_subject.get(subject, ()))
        return [record for record in found if record is not None]

    def chain(self, record: Record) -> list[Record]:
        """`record`, its cause, the cause of that, and so on back to what came from outside."""
        links = [record]
        while (cause := self.get(links[-1].cause)) is not None:
            links.append(cause)
        return links

    def find(self, wanted: Callable[[Record], bool]) -> list[Record]:
        """The records for which `wanted` is true, oldest first."""
        return [record for record in self._records if wanted(record)]

    def _drop(self, count: int) -> None:
        gone = self._records[:count]
        del self._records[:count]
        self._first += count
        for record in gone:
            ids = self._by_subject[record.subject]
            del ids[0]
            if not ids:
                del self._by_subject[record.subject]
            if record.revision is not None:
                self._by_revision.pop(record.revision, None)
