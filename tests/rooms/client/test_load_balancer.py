from __future__ import annotations

import sys
from pathlib import Path

from cp_sim.client import LoadBalancer
from cp_sim.client.load_balancer import Checks

sys.path.insert(0, str(Path(__file__).parent))
from plane import MAPS, Asking, Listening, Plane, Reader, config_map


def balanced(servers: int = 3, **checks: int) -> tuple[Plane, LoadBalancer]:
    plane = Plane(servers)
    balancer = LoadBalancer(plane.servers, checks=Checks(**checks))  # type: ignore[arg-type]
    plane.loop.add(balancer)
    plane.user.server = balancer.name
    return plane, balancer


def clients(plane: Plane, count: int) -> list[Asking]:
    made = [Asking(f"client-{number}", "load-balancer") for number in range(1, count + 1)]
    for one in made:
        plane.loop.add(one)
        one.get()
    plane.loop.settle()
    return made


def test_connections_go_round_and_stay_where_they_are() -> None:
    plane, balancer = balanced()
    made = clients(plane, 4)
    assert balancer.connected == {
        "client-1": "server-1",
        "client-2": "server-2",
        "client-3": "server-3",
        "client-4": "server-1",
    }
    before = balancer.connected
    for one in made:
        one.get("kube-system")
    plane.loop.settle()
    assert balancer.connected == before
    assert all([answer.status for answer in one.answers] == [200, 200] for one in made)


def test_a_command_opens_a_connection_and_closes_it() -> None:
    plane, balancer = balanced()
    for _ in range(3):
        token = plane.user.send(_get())
        plane.loop.settle()
        answer = plane.user.take(token)
        assert answer is not None
        assert answer.ok
        assert balancer.connected == {}
    assert {server.link.state for server in (plane.server(n) for n in (1, 2, 3))} == {"following"}


def _get():  # type: ignore[no-untyped-def]
    from cp_sim.apiserver.request import HttpRequest

    return HttpRequest("GET", "/api/v1/namespaces/default")


def test_a_backend_that_fails_two_checks_gets_no_more_connections_until_two_pass() -> None:
    plane, balancer = balanced()
    plane.loop.run(31_000)
    assert all(health.up for health in balancer.backends.values())
    plane.crash("server-2")
    plane.loop.run(16_000)
    assert [name for name, health in balancer.backends.items() if not health.up] == ["server-2"]
    assert balancer.backends["server-2"].said == "connect: connection refused"
    made = clients(plane, 4)
    assert "server-2" not in balancer.connected.values()
    assert all(one.answers[0].ok for one in made)
    plane.start_server("server-2")
    plane.loop.run(11_000)
    assert balancer.backends["server-2"].up
    assert [(actor, verb) for _, actor, verb in plane.verbs("mark down", "mark up")] == [
        ("load-balancer", "mark down"),
        ("load-balancer", "mark up"),
    ]


def test_a_server_without_its_store_is_marked_down() -> None:
    plane, balancer = balanced(1)
    plane.crash("etcd")
    plane.loop.run(30_000)
    assert not balancer.backends["server-1"].up
    assert balancer.backends["server-1"].said == "500"


def test_a_refused_connection_is_handed_to_another_backend() -> None:
    plane, balancer = balanced(2)
    plane.crash("server-1")
    (one,) = clients(plane, 1)
    assert one.answers[0].ok, "nobody has noticed yet that the first one is gone, and nobody need"
    assert balancer.connected == {"client-1": "server-2"}


def test_a_backend_that_does_not_answer_a_new_connection_is_left_for_another() -> None:
    plane, balancer = balanced(2)
    plane.crash("server-1", refuses=False)
    one = Asking("client-1", "load-balancer")
    plane.loop.add(one)
    one.get()
    plane.loop.run(4_900)
    assert not one.answers
    plane.loop.run(200)
    assert one.answers[0].ok
    assert balancer.connected == {"client-1": "server-2"}


def test_with_nobody_behind_it_the_connection_is_closed() -> None:
    plane, balancer = balanced(2)
    for name in plane.servers:
        plane.crash(name)
    plane.loop.run(40_000)
    (one,) = clients(plane, 1)
    assert one.answers[0].status == 0
    assert one.answers[0].body["message"].endswith(": EOF")
    assert balancer.connected == {}


def test_a_backend_that_dies_takes_its_connections_with_it_and_clients_go_on_at_another() -> None:
    plane, balancer = balanced(2)
    plane.loop.remove("user")
    reader = Reader(server="load-balancer")
    plane.loop.add(reader)
    plane.loop.settle()
    first = balancer.connected["reader"]
    other = plane.servers[1 - plane.servers.index(first)]
    plane.loop.add(plane.user)
    plane.ask("POST", MAPS, config_map("before"), server=plane.servers.index(other) + 1)
    plane.loop.settle()
    assert reader.names() == ["before"]
    plane.crash(first)
    plane.ask("POST", MAPS, config_map("after"), server=plane.servers.index(other) + 1)
    plane.loop.settle()
    assert reader.names() == ["after", "before"]
    assert balancer.connected == {"reader": other}
    assert reader.maps.relists == 0, "the watch has gone on where it was"


def test_a_client_that_dies_closes_its_watches() -> None:
    plane, balancer = balanced(1)
    reader = Reader(server="load-balancer")
    plane.loop.add(reader)
    plane.loop.settle()
    cache = plane.server().caches["configmaps"]
    assert len(cache.watches) == 1
    plane.crash("reader")
    plane.loop.settle()
    assert not cache.watches
    assert balancer.connected == {}


def test_a_balancer_that_stands_still_holds_everything_up_and_one_that_dies_breaks_everything() -> None:
    plane, balancer = balanced(1)
    reader = Reader(server="load-balancer")
    plane.loop.add(reader)
    plane.loop.settle()
    plane.loop.pause(balancer.name)
    plane.ask("POST", MAPS, config_map("a"))
    plane.loop.settle()
    assert reader.names() == []
    plane.loop.resume(balancer.name)
    plane.loop.settle()
    assert reader.names() == ["a"]
    plane.crash(balancer.name)
    plane.ask("POST", MAPS, config_map("b"))
    plane.loop.run(10_000)
    assert reader.names() == ["a"]
    assert not plane.server().caches["configmaps"].watches
    plane.loop.remove(balancer.name)
    plane.loop.add(LoadBalancer(plane.servers))
    plane.loop.run(60_000)
    assert reader.names() == ["a", "b"]


def test_backends_come_and_go() -> None:
    plane, balancer = balanced(2)
    balancer.remove_backend("server-1")
    made = clients(plane, 2)
    assert set(balancer.connected.values()) == {"server-2"}
    balancer.add_backend("server-1")
    balancer.remove_backend("server-2")
    plane.loop.settle()
    for one in made:
        one.get()
    plane.loop.settle()
    assert set(balancer.connected.values()) == {"server-1"}


def test_checks_let_the_world_settle() -> None:
    plane, _ = balanced()
    plane.loop.settle()
    before = plane.now_ms
    plane.swap("server-1", Listening("server-1"))
    plane.loop.settle()
    assert plane.now_ms == before
