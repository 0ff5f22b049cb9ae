from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cp_sim.apiserver.request import WatchChange
from cp_sim.client import Component, Informers
from cp_sim.objects import meta

sys.path.insert(0, str(Path(__file__).parent))
from fakes import config_map, new_world


def by_data(obj: Any) -> list[str]:
    return list((obj.get("data") or {}).values())


class Reader(Component):
    def __init__(self) -> None:
        super().__init__("reader", "admin")
        self.informers = Informers(self)
        self.heard: list[tuple[str, str]] = []
        self.maps = self.informers.of("configmaps").index("data", by_data)
        self.maps.on_change(self, "note")

    def started(self) -> None:
        self.informers.start()

    def note(self, change: str, old: Any, new: Any) -> None:
        assert (old is None) == (change == "ADDED")
        self.heard.append((change, meta.name(new)))

    def notice(self, message: Any) -> None:
        self.informers.notice(message)


def test_what_was_there_is_listed_and_what_comes_is_watched() -> None:
    loop, server = new_world()
    server.write("ADDED", config_map("a", x="1"))
    reader = Reader()
    loop.add(reader)
    loop.settle()
    assert reader.informers.synced
    server.write("ADDED", config_map("b", x="1"))
    server.write("MODIFIED", config_map("a", x="2"))
    server.on_delete(type("Call", (), {"namespace": "default", "name": "b"}), None)  # type: ignore[arg-type]
    loop.settle()
    assert reader.heard == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    assert [meta.name(obj) for obj in reader.maps.list()] == ["a"]
    assert [meta.name(obj) for obj in reader.maps.where("data", "2")] == ["a"]
    assert reader.maps.where("data", "1") == []
    assert reader.maps.get("default/a") is server.objects["default/a"], "caches share the server's objects"


def test_after_a_compacted_revision_it_lists_anew_and_misses_nothing() -> None:
    loop, server = new_world()
    for name in ("a", "b", "c"):
        server.write("ADDED", config_map(name))
    reader = Reader()
    loop.add(reader)
    loop.settle()
    (watch,) = server.watchers
    server.watchers.clear()  # the watch is cut: nobody tells the reader
    server.on_delete(type("Call", (), {"namespace": "default", "name": "a"}), None)  # type: ignore[arg-type]
    server.write("MODIFIED", config_map("b", x="2"))
    server.write("ADDED", config_map("d"))
    reader.heard.clear()
    loop.send(watch[0], WatchChange(watch[1], "ERROR", {"kind": "Status", "code": 410, "reason": "Expired"}))
    loop.settle()
    assert reader.maps.relists == 1
    assert sorted(reader.heard) == [("ADDED", "d"), ("DELETED", "a"), ("MODIFIED", "b")]
    assert reader.maps.objects == server.objects


def test_a_list_that_fails_is_tried_again() -> None:
    loop, server = new_world()
    server.refuse["list"] = 403
    reader = Reader()
    loop.add(reader)
    loop.run(1)
    assert not reader.informers.synced
    loop.settle()
    assert reader.informers.synced


def test_a_list_that_is_never_allowed_does_not_keep_the_world_from_settling() -> None:
    loop, server = new_world()
    server.refuse["list"] = 403
    reader = Reader()
    loop.add(reader)
    for _ in range(200):
        server.refuse["list"] = 403
        loop.run(100)
    server.refuse["list"] = 403
    loop.settle()
    assert not reader.informers.synced
