"""The key x revision matrix: what each revision wrote, what a read finds, and what is left of a compacted past."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from view_gallery import Kept, stored_world

from cp_sim.cluster import Cluster
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.views import keyspace
from cp_sim.views.versions import at_revision, differing, window


def cells(text: str) -> dict[str, dict[str, str]]:
    """{key: {head: cell}} of a text twin."""
    rows = [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in text.splitlines()]
    head = next(row for row in rows if row[0] == "KEY")
    return {row[0]: dict(zip(head[1:], row[1:])) for row in rows[rows.index(head) + 1 :]}


def test_each_cell_says_what_its_revision_did() -> None:
    table = cells(str(keyspace(stored_world(), "/registry/pods/default/")))
    # The creations at revisions 2 and 3 are before the compaction at 4: of each key its newest version stays.
    assert table["/registry/pods/default/a"]["5"] == "2"
    assert table["/registry/pods/default/a"]["A READ AT 8 FINDS"] == "version 2, of revision 5"
    b = table["/registry/pods/default/b"]
    assert (b["6"], b["7"]) == ("x", "+1")
    assert b["A READ AT 8 FINDS"] == "version 1, of revision 7"


@pytest.mark.parametrize(
    ("revision", "found"),
    [(4, "version 1, of revision 3"), (5, "version 1, of revision 3"), (6, "no such key"),
     (7, "version 1, of revision 7"), (2, "revision compacted")],
)  # fmt: skip
def test_a_read_finds_what_the_store_answers(revision: int, found: str) -> None:
    world = stored_world()
    table = cells(str(keyspace(world, "/registry/pods/default/", revision=revision)))
    assert table["/registry/pods/default/b"][f"A READ AT {revision} FINDS"] == found
    if revision >= 4:
        kv = world.etcd.mvcc.get_at("/registry/pods/default/b", revision)
        assert found == (f"version {kv.version}, of revision {kv.mod_revision}" if kv else "no such key")


def test_a_revision_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="there is no revision 99"):
        keyspace(stored_world(), "", revision=99)


def test_what_changed_is_told() -> None:
    view = keyspace(stored_world(), "")
    detail = next(
        text for key, text in view.details.items() if key.endswith("#/registry/pods/default/a") and "5" in key
    )
    assert "version 2" in detail
    assert "spec.nodeName" in detail
    assert differing({"a": {"b": 1}}, {"a": {"b": 2}, "c": 3}) == ("a.b", "c")
    assert differing("x", "x") == ()


def test_the_window_holds_the_revision_looked_at_and_moves_in_steps() -> None:
    for newest in range(1, 400, 7):
        for looked_at in range(1, newest + 1, 5):
            first, last = window(newest, looked_at, 24)
            assert first <= looked_at <= last
            assert last - first == 23
            assert first >= 1
    assert len({window(newest, newest, 24) for newest in range(301, 307)}) == 1


def test_many_keys_are_folded() -> None:
    mvcc = Mvcc()
    for number in range(400):
        mvcc.put(f"/registry/pods/ns-{number % 50}/p{number}", number)
    mvcc.put("/registry/pods/ns-1/p1", "again")
    world = SimpleNamespace(etcd=Kept(mvcc), revision=mvcc.revision)
    table = cells(str(keyspace(world)))
    assert list(table) == ["/registry/pods/ (400 keys)"]
    table = cells(str(keyspace(world, "/registry/pods/ns-1/")))
    assert table["/registry/pods/ns-1/p1"][f"[{mvcc.revision}]"] == "2"
    few = cells(str(keyspace(world, "/registry/pods/ns-1", rows=8, columns=6)))
    assert "87 other keys" in few or "7 other keys" in " ".join(few)


def test_the_same_columns_in_the_past_and_now() -> None:
    cluster = Cluster(workers=1, seed=7)
    now = keyspace(cluster, "/registry/pods/")
    past = keyspace(cluster.at(cluster.revision - 3), "/registry/pods/")
    assert f"looking at {cluster.revision - 3}" in str(past)
    shared = [key for key in now.details if key.startswith("record/") and key in past.details]
    assert [key for key in now.details if key.startswith("record/")] == shared
    for key, row in cells(str(past)).items():
        if "keys" not in key:
            history = cluster.etcd.history(key)
            kv = at_revision(history, cluster.revision - 3)
            assert kv == cluster.etcd.get_at(key, cluster.revision - 3)
            assert row
