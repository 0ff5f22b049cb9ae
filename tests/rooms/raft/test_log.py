"""The log of one member."""

from __future__ import annotations

import pytest

from cp_sim.raft import Broken, Entry, Log, Members, Snapshot

GROUP = Members(("s1", "s2", "s3"))


def log(*terms: int, commit: int = 0, snapshot: Snapshot | None = None) -> Log:
    start = snapshot.index if snapshot is not None else 0
    return Log(snapshot, [Entry(term, start + place, f"d{place}") for place, term in enumerate(terms, 1)], commit, 0)


def test_an_empty_log_ends_with_nothing() -> None:
    empty = log()
    assert (empty.last_index, empty.last_term, empty.term_at(0), empty.term_at(1)) == (0, 0, 0, None)
    assert empty.describe() == "|"


def test_merge_keeps_what_is_the_same_and_cuts_what_differs() -> None:
    mine = log(1, 1, 2, 2)
    mine.merge([Entry(1, 2, "d2")])
    assert mine.describe() == "| 1 1 2 2", "an old append that comes late cuts nothing"
    mine.merge([Entry(1, 2, "d2"), Entry(3, 3, "new")])
    assert mine.describe() == "| 1 1 3"
    assert mine.stable == 2, "what was cut off is not on disk any more"


def test_committed_entries_are_never_cut() -> None:
    mine = log(1, 1, commit=2)
    with pytest.raises(Broken, match="entry 2 differs from the leader's, but entries up to 2 are committed"):
        mine.merge([Entry(2, 2)])
    with pytest.raises(Broken, match="told to commit 3, but the log ends with 2"):
        mine.commit_to(3)
    mine.commit_to(1)
    assert mine.commit == 2


def test_a_disk_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(Broken, match="says that 3 is committed, but its log ends with 1"):
        log(1, commit=3)
    with pytest.raises(Broken, match="goes on with 7 after the snapshot of 0"):
        Log(None, [Entry(1, 7)], 0, 0)


@pytest.mark.parametrize(
    ("asked", "answer"), [((4, 2), (4, 2)), ((4, 1), (2, 1)), ((5, 3), (5, 3)), ((3, 0), (0, 0)), ((9, 9), (9, 0))]
)
def test_where_both_logs_may_agree(asked: tuple[int, int], answer: tuple[int, int]) -> None:
    assert log(1, 1, 2, 2, 3).find_by_term(*asked) == answer


def test_a_later_last_term_beats_a_longer_log() -> None:
    mine = log(1, 1, 2)
    assert mine.is_up_to_date(3, 2)
    assert mine.is_up_to_date(1, 3)
    assert not mine.is_up_to_date(9, 1)
    assert not mine.is_up_to_date(2, 2)


def test_a_snapshot_stands_for_what_is_dropped() -> None:
    mine = log(1, 1, 2, 2, commit=4)
    mine.applied = 4
    mine.compact(3, Snapshot(4, 2, GROUP, "state"))
    assert (mine.offset, mine.first_index, mine.last_index, mine.term_at(3), mine.term_at(2)) == (3, 4, 4, 2, None)
    assert mine.describe() == "[..3] 2 |"
    mine.restore(Snapshot(9, 5, GROUP))
    assert (mine.last_index, mine.last_term, mine.commit, mine.stable, mine.entries) == (9, 5, 9, 9, [])
    assert mine.pending is mine.snapshot


def test_a_restart_drops_what_the_snapshot_contains() -> None:
    again = Log(Snapshot(2, 1, GROUP), [Entry(1, 2), Entry(1, 3)], 3, 0)
    assert (again.offset, again.applied, again.commit) == (2, 2, 3)
    assert again.to_apply() == (Entry(1, 3),)


def test_an_entry_counts_as_written_only_if_it_still_stands() -> None:
    mine = log(1)
    mine.append(Entry(1, 2, "old"))
    written = mine.unstable()
    mine.cut(2)
    mine.append(Entry(2, 2, "new"))
    mine.persisted(written)
    assert mine.unstable() == (Entry(2, 2, "new"),)
