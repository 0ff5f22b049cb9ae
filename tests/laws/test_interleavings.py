"""Any interleaving of one instant ends in the desired number of pods, and never makes too many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import Call, Request, Response
from cp_sim.client.plan import Plan, Update
from cp_sim.controller_manager import ControllerManager
from cp_sim.controller_manager import replicaset as idea
from cp_sim.controller_manager.controller_manager import CONTROLLERS
from cp_sim.controller_manager.replicaset_controller import ReplicaSetController
from cp_sim.etcd.etcd import Etcd
from cp_sim.objects import meta
from cp_sim.sim import Actor, Chance, Clock, Loop, Trace, shuffled

Object = dict[str, Any]
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "app:v1"}]}}


class User(Actor):
    """Asks, and remembers the answers."""

    def __init__(self) -> None:
        super().__init__("user")
        self.answers: list[Response] = []

    def receive(self, message: Any) -> None:
        self.answers.append(message)

    def ask(self, call: Call) -> Response:
        self.loop.send("kube-apiserver", Request("user", len(self.answers), "admin", call))
        asked = len(self.answers)
        assert self.loop.run_until(lambda: len(self.answers) > asked)
        return self.answers[-1]


class Hasty(ReplicaSetController):
    """A ReplicaSet controller that does not wait until it has seen what it ordered, and writes no status."""

    def reconcile(self, key_: str) -> Plan:
        self.expectations.forget(key_)
        plan = super().reconcile(key_)
        return replace(plan, actions=tuple(one for one in plan.actions if not isinstance(one, Update)))


def world(seed: int, replica_sets: type[ReplicaSetController] = ReplicaSetController) -> tuple[User, shuffled]:
    order = shuffled(seed)
    loop = Loop(Clock(), Chance(seed), Trace(), order)
    user = User()
    controllers = [replica_sets if one is ReplicaSetController else one for one in CONTROLLERS]
    for actor in (user, Etcd("etcd"), ApiServer("kube-apiserver"), ControllerManager(controllers=controllers)):
        loop.add(actor)
    loop.settle()
    return user, order


def replica_set(replicas: int) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE},
    }


def pods(user: User) -> list[Object]:
    return list(user.ask(Call("list", "pods", "default")).body["items"])


def created(user: User) -> int:
    trace = user.loop.trace
    return len(
        trace.find(lambda r: r.verb == "create" and r.subject.startswith("pods/default/") and r.revision is not None)
    )


def scale(user: User, replicas: int) -> None:
    body = {"spec": {"replicas": replicas}}
    assert user.ask(Call("patch", "replicasets.apps", "default", "web", "scale", body, patch_type="merge")).ok


SEEDS = st.integers(min_value=0, max_value=10_000)
SIZES = st.lists(st.integers(min_value=0, max_value=9), min_size=1, max_size=4)


@settings(max_examples=15)
@given(seed=SEEDS, sizes=SIZES)
def test_a_replica_set_ends_with_its_number_and_never_makes_too_many(seed: int, sizes: list[int]) -> None:
    user, order = world(seed)
    assert user.ask(Call("create", "replicasets.apps", "default", body=replica_set(sizes[0]))).ok
    wanted = sizes[0]
    most = sizes[0]
    user.loop.settle()
    assert len(pods(user)) == sizes[0], f"seed {seed}"
    for size in sizes[1:]:
        scale(user, size)
        user.loop.settle()
        active = [pod for pod in pods(user) if meta.is_active(pod)]
        assert len(active) == size, f"seed {seed}, sizes {sizes}"
        most += max(0, size - wanted)
        wanted = size
    assert created(user) == most, f"seed {seed}, sizes {sizes}: pods were made that nobody wanted"
    assert order.choices > 0


@settings(max_examples=10)
@given(seed=SEEDS, replicas=st.integers(min_value=1, max_value=8), killed=st.integers(min_value=1, max_value=3))
def test_what_is_deleted_is_replaced_once(seed: int, replicas: int, killed: int) -> None:
    user, order = world(seed)
    assert user.ask(Call("create", "replicasets.apps", "default", body=replica_set(replicas))).ok
    user.loop.settle()
    victims = pods(user)[:killed]
    for pod in victims:
        user.ask(Call("delete", "pods", "default", meta.name(pod), options={"gracePeriodSeconds": 0}))
    user.loop.settle()
    assert len(pods(user)) == replicas, f"seed {seed}"
    assert created(user) == replicas + len(victims), f"seed {seed}"
    assert order.choices > 0


def test_without_expectations_some_interleaving_makes_too_many() -> None:
    """The control: the law above can fail."""
    surplus = []
    for seed in range(30):
        user, order = world(seed, Hasty)
        assert user.ask(Call("create", "replicasets.apps", "default", body=replica_set(6))).ok
        user.loop.settle()
        surplus.append(created(user) - 6)
        assert order.choices > 0
        if surplus[-1]:
            break
    assert max(surplus) > 0


@settings(max_examples=6)
@given(seed=SEEDS, replicas=st.integers(min_value=1, max_value=5))
def test_a_deployment_ends_with_one_replica_set_that_has_its_number(seed: int, replicas: int) -> None:
    user, _ = world(seed)
    deployment = {**replica_set(replicas), "kind": "Deployment"}
    assert user.ask(Call("create", "deployments.apps", "default", body=deployment)).ok
    user.loop.settle()
    body = {"spec": {"template": {"metadata": {"labels": {"version": "2"}}}}}
    assert user.ask(Call("patch", "deployments.apps", "default", "web", body=body, patch_type="strategic")).ok
    user.loop.settle()
    found = user.ask(Call("list", "replicasets.apps", "default")).body["items"]
    assert len(found) == 2, f"seed {seed}"
    # Nobody runs pods here, so the new ones never become available and the rollout stops within its bounds.
    total = sum(one["spec"]["replicas"] for one in found)
    assert replicas <= total <= replicas + max(1, -(-replicas // 4)), f"seed {seed}"
    assert idea.replicas(found[0]) >= 0
