"""Endpoints and EndpointSlices. Source: pkg/controller/endpoint, staging/src/k8s.io/endpointslice."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.client.plan import Create, Delete, Update
from cp_sim.controller_manager import endpoints, endpointslice, endpointslice_mirroring, serving
from cp_sim.controller_manager.indexes import by_selector
from cp_sim.controller_manager.serving import TriggerTimes, trigger_time
from tests.rooms.controller_manager.makers import pod

Object = dict[str, Any]


def service(ports: list[Object] | None = None, **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": "uid-svc",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": spec.pop("labels", {}),
        },
        "spec": {
            "selector": {"app": "web"},
            "clusterIP": "10.96.0.1",
            "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}] if ports is None else ports,
            **spec,
        },
    }


def pods(count: int, **more: Any) -> list[Object]:
    return [pod(f"p{n}", ip=f"10.0.{n // 250}.{n % 250 + 1}", **more) for n in range(count)]


# -- which pods, which ports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "tolerant", "wanted"),
    [
        ({"ip": "10.0.0.1"}, False, True),
        ({}, False, False),
        ({"ip": "10.0.0.1", "phase": "Failed"}, True, False),
        ({"ip": "10.0.0.1", "phase": "Succeeded"}, True, False),
        ({"ip": "10.0.0.1", "deleting": True}, False, False),
        ({"ip": "10.0.0.1", "deleting": True}, True, True),
    ],
)
def test_who_serves(made: Object, tolerant: bool, wanted: bool) -> None:
    assert serving.serves(pod("p", **made), tolerant) is wanted


def test_a_named_port_is_found_by_name_and_protocol() -> None:
    ports = [{"name": "web", "containerPort": 8081}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]
    one = pod("p", containers=[{"name": "c", "ports": ports}])
    assert serving.port_number(one, {"port": 80, "targetPort": "web"}) == 8081
    assert serving.port_number(one, {"port": 53, "targetPort": "dns", "protocol": "UDP"}) == 53
    assert serving.port_number(one, {"port": 53, "targetPort": "dns"}) is None
    assert serving.port_number(one, {"port": 80}) == 80


def test_each_change_is_published_once() -> None:
    one = pod("p", ready_at_ms=5_000)
    known, first = trigger_time(TriggerTimes(), service(), [one])
    assert first == "2026-01-01T00:00:00Z"  # the Service's own creation came first
    known, second = trigger_time(known, service(), [one])
    assert second == ""
    _, third = trigger_time(known, service(), [pod("p", ready_at_ms=9_000)])
    assert third == "2026-01-01T00:00:09Z"


# -- Endpoints -----------------------------------------------------------------------------------------------------


def test_ready_and_unready_pods_stand_apart() -> None:
    found = endpoints.subsets_of(service(), [*pods(2), pod("late", ip="10.0.0.9", ready=False)])
    (subset,) = found
    assert [address["ip"] for address in subset["addresses"]] == ["10.0.0.1", "10.0.0.2"]
    assert [address["ip"] for address in subset["notReadyAddresses"]] == ["10.0.0.9"]
    assert subset["ports"] == [{"port": 8080, "protocol": "TCP"}]
    tolerant = endpoints.subsets_of(service(publishNotReadyAddresses=True), [pod("late", ip="10.0.0.9", ready=False)])
    assert "notReadyAddresses" not in tolerant[0]


def test_addresses_are_sorted_as_numbers() -> None:
    some = [pod("a", ip="10.0.0.10"), pod("b", ip="10.0.0.9")]
    assert [a["ip"] for a in endpoints.subsets_of(service(), some)[0]["addresses"]] == ["10.0.0.9", "10.0.0.10"]


def test_pods_that_offer_other_ports_make_another_subset() -> None:
    named = service([{"name": "http", "port": 80, "targetPort": "web"}])
    one = pod("a", ip="10.0.0.1", containers=[{"name": "c", "ports": [{"name": "web", "containerPort": 1}]}])
    two = pod("b", ip="10.0.0.2", containers=[{"name": "c", "ports": [{"name": "web", "containerPort": 2}]}])
    none = pod("c", ip="10.0.0.3")
    assert [subset["ports"][0]["port"] for subset in endpoints.subsets_of(named, [two, one, none])] == [1, 2]


def test_endpoints_that_say_so_already_are_not_written() -> None:
    (create,) = endpoints.reconcile(service(), pods(2), None, "T").actions
    assert isinstance(create, Create)
    assert create.object["metadata"]["labels"] == {endpoints.MANAGED_BY: "endpoint-controller"}
    assert create.object["metadata"]["annotations"] == {serving.TRIGGER_TIME: "T"}
    assert endpoints.reconcile(service(), pods(2), create.object, "").actions == ()
    (update,) = endpoints.reconcile(service(labels={"a": "b"}), pods(2), create.object, "").actions
    assert update.object["metadata"]["labels"]["a"] == "b"
    assert "annotations" not in update.object["metadata"]


def test_a_headless_service_without_ports_still_has_endpoints() -> None:
    headless = service([], clusterIP="None")
    assert "ports" not in endpoints.subsets_of(headless, pods(1))[0]
    assert endpoints.subsets_of(service([]), pods(1)) == []
    (create,) = endpoints.reconcile(headless, pods(1), None, "").actions
    assert create.object["metadata"]["labels"][serving.HEADLESS] == ""


def test_more_than_a_thousand_addresses_are_cut_off() -> None:
    (create,) = endpoints.reconcile(service(), pods(1_001), None, "").actions
    assert len(create.object["subsets"][0]["addresses"]) == 1_000
    assert create.object["metadata"]["annotations"] == {endpoints.OVER_CAPACITY: "truncated"}


# -- EndpointSlices ------------------------------------------------------------------------------------------------


def zone(_node: str) -> str:
    return "za"


def slices_after(plan: Any, before: list[Object]) -> list[Object]:
    """The slices that a plan leaves behind."""
    kept = {one["metadata"]["name"]: one for one in before}
    for number, action in enumerate(plan.actions):
        if isinstance(action, Create):
            named = {**action.object["metadata"], "name": f"web-{len(before) + number}"}
            kept[named["name"]] = {**action.object, "metadata": named}
        elif isinstance(action, Update):
            kept[action.object["metadata"]["name"]] = action.object
        elif isinstance(action, Delete):
            del kept[action.name]
    return list(kept.values())


def test_a_service_without_pods_has_one_empty_slice() -> None:
    plan = endpointslice.reconcile(service(), [], [], zone, "T")
    (create,) = plan.actions
    assert create.object["endpoints"] is None
    assert create.object["ports"] is None
    assert create.object["metadata"]["generateName"] == "web-"
    left = slices_after(plan, [])
    assert endpointslice.reconcile(service(), [], left, zone, "").actions == ()


def test_the_states_of_an_endpoint() -> None:
    def conditions(**made: Any) -> tuple[bool, bool, bool]:
        spec = made.pop("spec", {})
        found = endpointslice.endpoint_of(pod("p", ip="10.0.0.1", **made), service(**spec), "")["conditions"]
        return found["ready"], found["serving"], found["terminating"]

    assert conditions() == (True, True, False)
    assert conditions(ready=False) == (False, False, False)
    assert conditions(deleting=True) == (False, True, True)
    assert conditions(ready=False, spec={"publishNotReadyAddresses": True}) == (True, False, False)


def test_slices_hold_a_hundred_and_additions_fill_them() -> None:
    plan = endpointslice.reconcile(service(), pods(250), [], zone, "")
    left = slices_after(plan, [])
    assert sorted(len(one["endpoints"]) for one in left) == [50, 100, 100]
    more = endpointslice.reconcile(service(), pods(260), left, zone, "")
    (update,) = more.actions
    assert len(update.object["endpoints"]) == 60
    fewer = endpointslice.reconcile(service(), pods(101), slices_after(more, left), zone, "")
    assert sorted(len(one["endpoints"]) for one in slices_after(fewer, slices_after(more, left))) == [1, 100]


def test_a_pod_that_changes_stays_in_its_slice() -> None:
    left = slices_after(endpointslice.reconcile(service(), pods(2), [], zone, ""), [])
    changed = [pods(2)[0], pod("p1", ip="10.0.0.2", ready=False)]
    (update,) = endpointslice.reconcile(service(), changed, left, zone, "").actions
    assert isinstance(update, Update)
    assert [one["conditions"]["ready"] for one in update.object["endpoints"]] == [True, False]


def test_when_ports_change_the_slice_is_used_again() -> None:
    left = slices_after(endpointslice.reconcile(service(), pods(2), [], zone, ""), [])
    other = service([{"port": 80, "targetPort": 9090}])
    (update,) = endpointslice.reconcile(other, pods(2), left, zone, "").actions
    assert isinstance(update, Update)
    assert update.object["ports"][0]["port"] == 9090


def test_hints_lead_to_the_own_zone_only_where_they_are_asked_for() -> None:
    near = endpointslice.endpoint_of(pods(1)[0], service(trafficDistribution="PreferClose"), "za")
    assert near["hints"] == {"forZones": [{"name": "za"}]}
    assert "hints" not in endpointslice.endpoint_of(pods(1)[0], service(), "za")


def test_the_endpoints_of_users_are_mirrored() -> None:
    own = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "web", "namespace": "default", "uid": "uid-ep"},
        "subsets": [{"addresses": [{"ip": "192.168.1.7"}], "ports": [{"port": 8080}]}],
    }
    alone = service(selector=None)
    plan = endpointslice_mirroring.reconcile(alone, own, [])
    (create,) = plan.actions
    assert create.object["endpoints"] == [{"addresses": ["192.168.1.7"], "conditions": {"ready": True}}]
    assert create.object["metadata"]["ownerReferences"][0]["kind"] == "Endpoints"
    left = slices_after(plan, [])
    assert endpointslice_mirroring.reconcile(alone, own, left).actions == ()
    assert [type(a) for a in endpointslice_mirroring.reconcile(alone, None, left).actions] == [Delete]
    assert endpointslice_mirroring.reconcile(service(), own, []).actions == ()


def test_a_service_is_filed_under_one_pair_of_its_selector() -> None:
    assert by_selector(service(selector={"b": "2", "a": "1"})) == ("default/a=1",)
    assert by_selector(service(selector=None)) == ()
