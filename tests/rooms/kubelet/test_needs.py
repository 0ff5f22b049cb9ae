"""Pods that name ConfigMaps, Secrets and node labels."""

from cp_sim.apiserver.request import Call
from cp_sim.kubelet import NodeSpec
from cp_sim.objects import meta
from tests.rooms.kubelet.small_world import World, pod


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


def with_environment(**value_from):
    container = {"name": "main", "image": "nginx:1.27", "env": [{"name": "COLOUR", "valueFrom": value_from}]}
    return {"containers": [container]}


def test_a_missing_config_map_of_the_environment(world):
    world.create(pod("web", **with_environment(configMapKeyRef={"name": "settings", "key": "colour"})))
    world.settle()
    waiting = {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    assert world.container("web")["state"] == {"waiting": waiting}
    assert world.status("web")["phase"] == "Pending"
    assert world.events("web")[0][:2] == ("Failed", 'Error: configmap "settings" not found')
    world.create(config_map("settings", size="4"), "configmaps")
    world.run("5s")
    text = "couldn't find key colour in ConfigMap default/settings"
    assert world.container("web")["state"]["waiting"]["message"] == text
    patch = {"data": {"colour": "blue"}}
    assert world.ask(Call("patch", "configmaps", "default", "settings", "", patch, {}, "merge")).ok
    world.run("1m")
    assert meta.is_ready(world.pod("web"))


def test_a_missing_secret_behind_a_volume(world):
    volumes = [{"name": "keys", "secret": {"secretName": "keys"}}]
    world.create(pod("web", volumes=volumes))
    world.settle()
    assert world.container("web")["state"] == {"waiting": {"reason": "ContainerCreating"}}
    text = 'MountVolume.SetUp failed for volume "keys" : secret "keys" not found'
    assert world.events("web")[0][:2] == ("FailedMount", text)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "default"}}
    world.create(secret, "secrets")
    world.run("1m")
    assert meta.is_ready(world.pod("web"))


def test_what_is_optional_or_there_is_not_waited_for(world):
    world.create(config_map("settings", colour="blue"), "configmaps")
    world.create(pod("one", **with_environment(configMapKeyRef={"name": "settings", "key": "colour"})))
    world.create(pod("two", **with_environment(secretKeyRef={"name": "none", "key": "x", "optional": True})))
    world.settle()
    assert all(meta.is_ready(world.pod(name)) for name in ("one", "two"))


def test_a_waiting_pod_can_be_deleted(world):
    world.create(pod("web", volumes=[{"name": "keys", "secret": {"secretName": "keys"}}]))
    world.settle()
    world.delete("web")
    world.settle()
    assert world.pod("web") is None
    world.run("10m")
    assert world.kubelets.nodes["worker-1"].pods == {}


def test_a_pod_that_insists_on_other_labels_is_rejected():
    world = World(nodes=[NodeSpec("worker-1", labels={"disk": "hdd"})])
    world.create(pod("web", nodeSelector={"disk": "ssd"}))
    world.settle()
    status = world.status("web")
    assert (status["phase"], status["reason"]) == ("Failed", "NodeAffinity")
    assert status["message"] == "Pod was rejected: Predicate NodeAffinity failed"


def test_labels_that_were_changed_just_now_count():
    world = World(nodes=[NodeSpec("worker-1", labels={"disk": "hdd"})])
    patch = {"metadata": {"labels": {"disk": "ssd"}}}
    assert world.ask(Call("patch", "nodes", "", "worker-1", "", patch, {}, "merge")).ok
    terms = [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    world.create(pod("web", affinity={"nodeAffinity": required}))
    world.settle()
    assert meta.is_ready(world.pod("web"))
