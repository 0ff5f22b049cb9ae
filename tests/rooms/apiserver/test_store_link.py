from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cp_sim.etcd.store import Compact, StoreRequest, WatchChanges

sys.path.insert(0, str(Path(__file__).parents[1] / "client"))
from plane import MAPS, Asking, Listening, Plane, Reader, Refusing, config_map

NAMESPACES = "/api/v1/namespaces"
REFUSED_TEXT = (
    'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: '
    'dial tcp 127.0.0.1:2379: connect: connection refused"'
)


class Failing(Listening):
    """A store that answers every question with one error."""

    def __init__(self, error: str) -> None:
        super().__init__("etcd")
        self.error = error

    def receive(self, message: object) -> None:
        from cp_sim.etcd.store import StoreAnswer

        if isinstance(message, StoreRequest):
            self.loop.send(message.reply_to, StoreAnswer(message.token, 0, False, error=self.error))


# -- what callers see ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    ["etcdserver: request timed out", "etcdserver: leader changed", "etcdserver: mvcc: database space exceeded"],
)
def test_errors_of_the_store_are_a_500_with_their_own_words_and_no_reason(error: str) -> None:
    plane = Plane()
    plane.swap("etcd", Failing(error))
    for answer in (plane.ask("GET", NAMESPACES), plane.ask("POST", NAMESPACES, {"metadata": {"name": "x"}})):
        assert answer.status == 500
        assert answer.body["message"] == error
        assert "reason" not in answer.body


def test_a_store_that_refuses_is_asked_again_by_who_reads_and_not_by_who_writes() -> None:
    plane = Plane()
    etcd = plane.swap("etcd", Refusing("etcd"))
    before = plane.now_ms
    answer = plane.ask("POST", NAMESPACES, {"metadata": {"name": "x"}})
    assert (answer.status, answer.body["message"]) == (500, REFUSED_TEXT)
    assert plane.now_ms - before < 100
    answer = plane.ask("GET", NAMESPACES + "/default")
    assert (answer.status, answer.body["message"]) == (500, REFUSED_TEXT)
    assert plane.now_ms - before > 2_000
    one = Asking()
    plane.loop.add(one)
    one.get()
    plane.loop.run(1_000)
    plane.back(etcd)
    plane.loop.run(1_000)
    assert [answer.status for answer in one.answers] == [200]


def test_without_any_answer_reads_end_after_60_s_and_writes_after_34_s() -> None:
    plane = Plane()
    plane.swap("etcd", Listening("etcd"))
    before = plane.now_ms
    answer = plane.ask("POST", NAMESPACES, {"metadata": {"name": "x"}})
    assert plane.now_ms - before == pytest.approx(34_000, abs=10)
    assert answer.status == 504
    assert answer.body["message"] == (
        "Timeout: request did not complete within requested timeout - context deadline exceeded"
    )
    assert answer.body["reason"] == "Timeout"
    before = plane.now_ms
    answer = plane.ask("GET", NAMESPACES + "/default")
    assert plane.now_ms - before == pytest.approx(60_000, abs=10)
    assert answer.body["message"] == "Timeout: request did not complete within the allotted timeout"


def test_what_was_asked_when_the_connection_broke_is_answered() -> None:
    plane = Plane()
    etcd = plane.swap("etcd", Listening("etcd"))
    token = plane.user.send(_post("x"))
    plane.loop.run(10)
    plane.back(etcd)
    plane.tell_of_loss("etcd")
    plane.loop.run(10)
    answer = plane.user.take(token)
    assert answer is not None
    assert answer.status == 500
    assert answer.body["message"].endswith("read: connection reset by peer")


def _post(name: str):  # type: ignore[no-untyped-def]
    from cp_sim.apiserver.request import HttpRequest

    return HttpRequest("POST", NAMESPACES, {}, {"content-type": "application/json"}, {"metadata": {"name": name}})


# -- the watch of the store ------------------------------------------------------------------------------------------


def reading(plane: Plane) -> Reader:
    reader = Reader()
    plane.loop.add(reader)
    plane.loop.settle()
    return reader


def test_a_watch_of_the_store_that_ends_is_opened_again_and_nobody_misses_anything() -> None:
    plane = Plane(2)
    reader = reading(plane)
    etcd = plane.swap("etcd", Refusing("etcd"))
    plane.loop.send("server-1", WatchChanges(plane.server().link.watch_token, 0, (), "etcdserver: no leader"))
    plane.loop.run(2_000)
    assert plane.server().link.state == "broken"
    plane.back(etcd)
    assert plane.ask("POST", MAPS, config_map("a"), server=2).ok
    assert reader.names() == [], "the first server's caches are as they were"
    plane.loop.run(3_000)
    assert plane.server().link.state == "following"
    assert reader.names() == ["a"]
    assert reader.maps.relists == 0, "the watches of clients have not even noticed"
    assert [verb for _, _, verb in plane.verbs("lose store", "reach store", "drop caches")] == [
        "lose store",
        "reach store",
    ]


def test_after_thirty_seconds_the_caches_are_dropped_and_read_anew_when_the_store_is_back() -> None:
    plane = Plane(2)
    reader = reading(plane)
    etcd = plane.loop.actors.pop("etcd")
    plane.loop.add(Refusing("etcd"))
    plane.tell_of_loss("etcd")
    plane.loop.run(20_000)
    cached = plane.ask("GET", MAPS, query={"resourceVersion": "0"})
    assert cached.ok, "what may be old is served from the cache"
    plane.loop.run(20_000)
    assert plane.server().link.state == "down"
    answer = plane.ask("GET", MAPS, query={"resourceVersion": "0"})
    assert answer.status == 429
    assert answer.body["message"] == "storage is (re)initializing"
    assert answer.body["details"] == {"retryAfterSeconds": 1}
    plane.back(etcd)
    plane.loop.run(40_000)
    assert plane.server().link.state == "following"
    assert plane.ask("POST", MAPS, config_map("a"), server=2).ok
    plane.loop.run(40_000)
    assert reader.names() == ["a"]


def test_when_the_history_is_gone_everything_is_listed_anew() -> None:
    plane = Plane(2)
    reader = reading(plane)
    plane.ask("POST", MAPS, config_map("gone"))
    plane.loop.settle()
    link = plane.server().link
    link.watch_token = 0  # the first server hears of nothing any more
    plane.ask("DELETE", MAPS + "/gone", server=2)
    for name in ("a", "b", "c"):
        plane.ask("POST", MAPS, config_map(name), server=2)
    plane.loop.send("etcd", StoreRequest(Compact(plane.etcd.current_revision), "", 0))
    plane.loop.run(10)
    assert reader.names() == ["gone"]
    link.watch_token = link.token()
    plane.loop.send("server-1", WatchChanges(link.watch_token, 0, (), "etcdserver: no leader"))
    plane.loop.run(60_000)
    assert link.state == "following"
    assert reader.names() == ["a", "b", "c"]
    assert ("DELETED", "gone") in [(change, name) for change, name, _ in reader.heard]
    assert len([verb for _, _, verb in plane.verbs("drop caches")]) == 1


def test_with_the_store_away_the_world_settles_and_time_runs() -> None:
    plane = Plane()
    reading(plane)
    plane.crash("etcd")
    plane.loop.settle()
    before = plane.loop.units
    plane.loop.run(600_000)
    assert plane.loop.units - before < 5_000


# -- starting --------------------------------------------------------------------------------------------------------


def test_a_server_that_starts_without_its_store_does_not_listen_until_it_is_there() -> None:
    plane = Plane()
    etcd = plane.loop.actors.pop("etcd")
    plane.loop.add(Refusing("etcd"))
    plane.start_server("server-1")
    answer = plane.ask("GET", NAMESPACES)
    assert answer.status == 0
    assert answer.body["message"].endswith("connect: connection refused")
    plane.back(etcd)
    plane.loop.run(2_000)
    assert plane.ask("GET", NAMESPACES).ok


def test_a_server_that_starts_with_a_silent_store_refuses_after_twenty_seconds() -> None:
    plane = Plane()
    plane.swap("etcd", Listening("etcd"))
    plane.start_server("server-1")
    before = plane.now_ms
    answer = plane.ask("GET", NAMESPACES)
    assert answer.status == 0
    assert plane.now_ms - before == pytest.approx(20_000, abs=10)


def test_a_restarted_server_has_everything_and_takes_no_answers_of_its_predecessor() -> None:
    plane = Plane()
    reader = reading(plane)
    plane.ask("POST", MAPS, config_map("a"))
    plane.crash("server-1")
    plane.start_server("server-1")
    plane.loop.settle()
    plane.ask("POST", MAPS, config_map("b"))
    plane.loop.run(5_000)
    assert reader.names() == ["a", "b"]
    assert [record.verb for record in plane.loop.trace if record.verb == "bootstrap"] == ["bootstrap"]


def test_the_answers_to_a_caller_that_is_gone_are_not_sent_to_its_successor() -> None:
    plane = Plane()
    etcd = plane.swap("etcd", Listening("etcd"))
    first = Asking()
    plane.loop.add(first)
    first.get()
    first.watch()
    plane.loop.run(10)
    plane.crash("asking", refuses=False)
    plane.loop.run(10)
    second = Asking()
    plane.loop.add(second)
    plane.back(etcd)
    plane.tell_of_loss("etcd")
    plane.loop.run(5_000)
    assert second.answers == second.changes == []
    assert not any(cache.watches for cache in plane.server().caches.values())
