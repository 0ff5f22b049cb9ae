from __future__ import annotations

import sys
from pathlib import Path

from cp_sim.apiserver import claims
from cp_sim.apiserver.request import HttpRequest, Response

sys.path.insert(0, str(Path(__file__).parents[1] / "client"))
from plane import MAPS, Plane, Reader, config_map

SERVICES = "/api/v1/namespaces/default/services"


def three(**options: object) -> Plane:
    return Plane(3, shared_store=True, **options)


def at_once(plane: Plane, requests: list[tuple[int, str, str, object]]) -> list[Response]:
    """Send requests to their servers in one instant; the answers in the same order."""
    tokens = []
    for server, method, path, body in requests:
        plane.user.server = plane.servers[server - 1]
        headers = {"content-type": "application/json"}
        tokens.append(plane.user.send(HttpRequest(method, path, {}, headers, body)))
    plane.loop.settle()
    answers = [plane.user.take(token) for token in tokens]
    assert all(answer is not None for answer in answers)
    return answers  # type: ignore[return-value]


def service(name: str, address: str = "", node_port: int = 0, type_: str = "NodePort") -> dict[str, object]:
    port = {"port": 80, **({"nodePort": node_port} if node_port else {})}
    spec = {"type": type_, "ports": [port], **({"clusterIP": address} if address else {})}
    return {"metadata": {"name": name}, "spec": spec}


def taken(plane: Plane) -> tuple[list[str], int]:
    """(the addresses, how many ports) that the store has as taken."""
    keys = [kv.key.rpartition("/")[2] for kv in plane.etcd.range_at("/registry/ipaddresses/")]
    return keys, claims.bits_of(plane.etcd.get_at(claims.PORTS_KEY)).bit_count()


def test_several_servers_start_on_an_empty_store_at_once() -> None:
    plane = three()
    for number in (1, 2, 3):
        names = [one["metadata"]["name"] for one in plane.ask("GET", "/api/v1/namespaces", server=number).body["items"]]
        assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    assert len({plane.server(number).revision for number in (1, 2, 3)}) == 1
    versions = {kv.version for kv in plane.etcd.range_at("/registry/namespaces/")}
    assert versions == {1}, "each object was written once"


def test_what_one_writes_the_others_show_and_a_conflict_is_a_conflict() -> None:
    plane = three()
    reader = Reader(server="server-3")
    plane.loop.add(reader)
    plane.loop.settle()
    made = plane.ask("POST", MAPS, config_map("a", x="1"), server=1).body
    assert plane.ask("GET", MAPS + "/a", server=2).body == made
    plane.loop.settle()
    assert reader.names() == ["a"]
    answers = at_once(
        plane,
        [
            (1, "PUT", MAPS + "/a", {**made, "data": {"x": "one"}}),
            (2, "PUT", MAPS + "/a", {**made, "data": {"x": "two"}}),
        ],
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    answers = at_once(plane, [(number, "POST", MAPS, config_map("b")) for number in (1, 2, 3)])
    assert sorted(answer.status for answer in answers) == [201, 409, 409]


def test_lists_are_consistent_whichever_server_is_asked() -> None:
    plane = three()
    for number in range(6):
        plane.ask("POST", MAPS, config_map(f"m{number}"), server=number % 3 + 1)
        listed = plane.ask("GET", MAPS, server=(number + 1) % 3 + 1).body
        assert len(listed["items"]) == number + 1


def test_no_address_and_no_port_is_given_out_twice() -> None:
    plane = three()
    asked = [(number % 3 + 1, "POST", SERVICES, service(f"s{number}")) for number in range(30)]
    made = at_once(plane, asked)  # type: ignore[arg-type]
    assert {answer.status for answer in made} == {201}
    addresses = [answer.body["spec"]["clusterIP"] for answer in made]
    ports = [answer.body["spec"]["ports"][0]["nodePort"] for answer in made]
    assert len(set(addresses)) == len(set(ports)) == 30
    assert taken(plane) == (sorted(addresses), 30)


def test_of_several_who_want_one_address_or_port_one_gets_it() -> None:
    plane = three()
    answers = at_once(plane, [(n, "POST", SERVICES, service(f"a{n}", address="10.96.0.77")) for n in (1, 2, 3)])
    assert sorted(answer.status for answer in answers) == [201, 422, 422]
    refused = [answer.body["message"] for answer in answers if not answer.ok]
    assert all("failed to allocate IP 10.96.0.77: provided IP is already allocated" in text for text in refused)
    answers = at_once(plane, [(n, "POST", SERVICES, service(f"p{n}", node_port=30005)) for n in (1, 2, 3)])
    assert sorted(answer.status for answer in answers) == [201, 422, 422]
    refused = [answer.body["message"] for answer in answers if not answer.ok]
    assert all("provided port is already allocated" in text for text in refused)
    addresses, ports = taken(plane)
    assert (len(addresses), ports) == (2, 2), "who was refused has given back what he had"


def test_the_control_servers_that_trust_their_caches_give_one_address_out_twice() -> None:
    plane = Plane(3)
    answers = at_once(plane, [(n, "POST", SERVICES, service(f"a{n}", address="10.96.0.77")) for n in (1, 2, 3)])
    assert [answer.status for answer in answers] == [201, 201, 201]


def test_what_a_service_had_is_free_again_when_it_is_gone_or_wants_less() -> None:
    plane = three()
    made = plane.ask("POST", SERVICES, service("s"), server=1).body
    assert taken(plane)[1] == 1
    changed = {**made, "spec": {**made["spec"], "type": "ClusterIP"}}
    assert plane.ask("PUT", SERVICES + "/s", changed, server=2).ok
    plane.loop.settle()
    assert taken(plane) == ([made["spec"]["clusterIP"]], 0)
    assert plane.ask("DELETE", SERVICES + "/s", server=3).ok
    plane.loop.settle()
    assert taken(plane) == ([], 0)
    again = plane.ask("POST", SERVICES, service("t", address=made["spec"]["clusterIP"]), server=1)
    assert again.status == 201


def test_a_service_becomes_one_with_a_port_through_another_server() -> None:
    plane = three()
    made = plane.ask("POST", SERVICES, service("s", type_="ClusterIP"), server=1).body
    assert taken(plane)[1] == 0
    changed = {**made, "spec": {**made["spec"], "type": "NodePort"}}
    answer = plane.ask("PUT", SERVICES + "/s", changed, server=2)
    assert answer.ok
    assert 30000 <= answer.body["spec"]["ports"][0]["nodePort"] <= 32767
    assert taken(plane)[1] == 1


def test_a_quota_holds_when_two_servers_charge_it_at_once() -> None:
    plane = three()
    quotas = "/api/v1/namespaces/default/resourcequotas"
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "2"}}}
    made = plane.ask("POST", quotas, quota).body
    status = {"hard": {"configmaps": "2"}, "used": {"configmaps": "0"}}
    assert plane.ask("PUT", quotas + "/q/status", {**made, "status": status}).ok
    plane.loop.settle()
    answers = at_once(plane, [(n % 3 + 1, "POST", MAPS, config_map(f"m{n}")) for n in range(6)])
    assert sorted(answer.status for answer in answers) == [201, 201, 403, 403, 403, 403]
    assert plane.ask("GET", quotas + "/q", server=2).body["status"]["used"] == {"configmaps": "2"}


def pod_in_a_namespace_just_made(plane: Plane) -> Response:
    """The namespace is made through one server, the pod at once through another, whose watch is late."""
    plane.network.ways["etcd", "server-2"] = 50
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    assert plane.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "fresh"}}, server=1).ok
    accounts = "/api/v1/namespaces/fresh/serviceaccounts"
    assert plane.ask("POST", accounts, {"metadata": {"name": "default"}}, server=1).ok
    assert plane.server(2).known("namespaces", "fresh") is None
    return plane.ask("POST", "/api/v1/namespaces/fresh/pods", pod, server=2)


def test_what_another_server_has_just_made_is_not_refused() -> None:
    plane = three()
    assert pod_in_a_namespace_just_made(plane).status == 201
    refused = plane.ask("POST", "/api/v1/namespaces/nowhere/pods", {"metadata": {"name": "p"}}, server=2)
    assert refused.status == 404


def test_the_control_a_server_that_trusts_its_cache_refuses_it() -> None:
    assert pod_in_a_namespace_just_made(Plane(3)).status == 404


# -- who is there ----------------------------------------------------------------------------------------------------


def endpoints(plane: Plane, server: int = 1) -> list[str]:
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
    return [one["addresses"][0] for one in plane.ask("GET", path, server=server).body["endpoints"]]


def test_the_endpoints_of_kubernetes_are_the_servers_that_live() -> None:
    plane = Plane(2, shared_store=True)
    for number in (1, 2):
        name = plane.servers[number - 1]
        plane.options["address"] = f"10.0.0.{number}"
        plane.start_server(name)
    plane.loop.run(21_000)
    assert endpoints(plane) == ["10.0.0.1", "10.0.0.2"]
    legacy = plane.ask("GET", "/api/v1/namespaces/default/endpoints/kubernetes").body["subsets"][0]
    assert [one["ip"] for one in legacy["addresses"]] == ["10.0.0.1", "10.0.0.2"]
    plane.crash("server-2")
    plane.loop.run(30_000)
    assert endpoints(plane) == ["10.0.0.1"]
    plane.start_server("server-2")
    plane.loop.run(21_000)
    assert endpoints(plane, 2) == ["10.0.0.1", "10.0.0.2"]


def test_a_server_that_is_alone_writes_none_of_this() -> None:
    plane = Plane()
    plane.ask("POST", SERVICES, service("s"))
    plane.loop.run(600_000)
    assert taken(plane) == ([], 0)
    assert not plane.etcd.range_at("/registry/masterleases/")
    assert plane.etcd.get_at("compact_rev_key") is None


# -- compaction ------------------------------------------------------------------------------------------------------


def test_every_five_minutes_one_server_compacts_what_is_five_minutes_old() -> None:
    plane = three(compaction_ms=300_000)
    revisions = []
    for minute in range(21):
        plane.ask("POST", MAPS, config_map(f"m{minute}"))
        if minute % 5 == 0:
            revisions.append(plane.etcd.current_revision)
        plane.loop.run(60_000)
    done = [record for record in plane.loop.trace if record.verb == "compact"]
    assert len(done) == 3, "one of the three in each round, none in the first"
    compacted = plane.etcd.compact_revision
    assert revisions[-3] <= compacted < revisions[-1]
    assert {plane.server(number).compactor.compacted for number in (1, 2, 3)} >= {compacted}


def test_when_the_one_that_compacts_is_gone_another_one_does() -> None:
    plane = Plane(2, shared_store=True, compaction_ms=300_000)
    plane.loop.run(620_000)
    (first,) = [actor for _, actor, _ in plane.verbs("compact")]
    plane.crash(first)
    other = plane.servers[1 - plane.servers.index(first)]
    for number in range(4):
        plane.ask("POST", MAPS, config_map(f"m{number}"), server=plane.servers.index(other) + 1)
    plane.loop.run(900_000)
    assert [actor for _, actor, _ in plane.verbs("compact")][1:3] == [other, other]
