"""The life of a pod on its node."""

import pytest

from cp_sim.apiserver.request import Call
from cp_sim.kubelet import CONTROLLERS, KUBECTL
from cp_sim.objects import meta
from cp_sim.sim import shuffled
from tests.rooms.kubelet.small_world import World, conditions, pod

CREATING = ("False", "ContainersNotReady")


def test_a_pod_is_created_then_runs(world):
    world.create(pod("web"))
    world.run("1ms")
    status = world.status("web")
    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert conditions(status)["ContainersReady"] == CREATING
    assert conditions(status)["PodReadyToStartContainers"] == ("False", "")
    world.settle()
    status = world.status("web")
    assert (status["phase"], status["podIP"], status["hostIP"]) == ("Running", "10.244.1.2", "10.0.0.2")
    assert (status["podIPs"], status["hostIPs"]) == ([{"ip": "10.244.1.2"}], [{"ip": "10.0.0.2"}])
    ready = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    assert conditions(status) == dict.fromkeys(ready, ("True", ""))
    running = status["containerStatuses"][0]
    assert (running["ready"], running["started"], running["restartCount"]) == (True, True, 0)
    assert running["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert 500 < world.loop.clock.now_ms < 2_000


def test_the_events_have_the_real_texts(world):
    world.create(pod("web"))
    world.settle()
    pulling, pulled, created, started = world.events("web")
    assert pulling == ("Pulling", 'Pulling image "nginx:1.27"', 1)
    assert pulled[1].startswith('Successfully pulled image "nginx:1.27" in ')
    assert pulled[1].endswith(" including waiting). Image size: 25000000 bytes.")
    assert created == ("Created", "Container created", 1)
    assert started == ("Started", "Container started", 1)
    world.create(pod("again"))
    world.settle()
    text = 'Container image "nginx:1.27" already present on machine and can be accessed by the pod'
    assert world.events("again")[0] == ("Pulled", text, 1)
    about = world.etcd.range_at("/registry/events/default/again.")[0].value
    assert about["source"] == {"component": "kubelet", "host": "worker-1"}
    assert about["involvedObject"]["fieldPath"] == "spec.containers{main}"


def test_a_deleted_pod_takes_its_time_and_goes(world):
    world.create(pod("web"))
    world.settle()
    before = world.loop.clock.now_ms
    world.delete("web")
    assert meta.is_deleting(world.pod("web"))
    world.settle()
    assert world.pod("web") is None
    assert 0 < world.loop.clock.now_ms - before <= 1_000
    assert world.events("web")[-1] == ("Killing", "Stopping container main", 1)
    assert [record.actor for record in world.told("terminate")] == ["kubelet/worker-1"]
    world.create(pod("next"))
    world.settle()
    assert not world.kubelets.nodes["worker-1"].refusal(pod("third"))


@pytest.mark.parametrize(("image", "grace_s", "took_s"), [("slow-term-20s", 30, 20), ("slow-term-20s", 5, 5)])
def test_no_longer_than_its_grace_period(world, image, grace_s, took_s):
    world.create(pod("slow", image=image, terminationGracePeriodSeconds=grace_s))
    world.settle()
    before = world.loop.clock.now_ms
    world.delete("slow")
    world.settle()
    assert world.pod("slow") is None
    assert world.loop.clock.now_ms - before == took_s * 1_000


def test_a_shorter_grace_period_hastens_the_end(world):
    world.create(pod("slow", image="slow-term-25s"))
    world.settle()
    before = world.loop.clock.now_ms
    world.delete("slow")
    world.run("2s")
    world.delete("slow", gracePeriodSeconds=3)
    world.settle()
    assert world.pod("slow") is None
    assert world.loop.clock.now_ms - before == 5_000


def test_one_that_does_not_end_stays_until_forced(world):
    world.create(pod("stuck", image="stuck-terminating"))
    world.settle()
    world.delete("stuck")
    world.run("5m")
    assert meta.is_deleting(world.pod("stuck"))
    world.delete("stuck", gracePeriodSeconds=0)
    world.settle()
    assert world.pod("stuck") is None
    assert world.kubelets.nodes["worker-1"].pods == {}


@pytest.mark.parametrize(
    ("command", "policy", "phase", "reason", "code"),
    [
        (["echo", "hello"], "Never", "Succeeded", "Completed", 0),
        (["true"], "OnFailure", "Succeeded", "Completed", 0),
        (["sh", "-c", "sleep 3; exit 7"], "Never", "Failed", "Error", 7),
        (["false"], "Never", "Failed", "Error", 1),
    ],
)
def test_commands_that_end(world, command, policy, phase, reason, code):
    world.create(pod("job", command=command, policy=policy))
    world.settle()
    status = world.status("job")
    assert status["phase"] == phase
    ended = status["containerStatuses"][0]["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == (reason, code)
    expected = "PodCompleted" if phase == "Succeeded" else "PodFailed"
    assert conditions(status)["Ready"] == ("False", expected)
    world.delete("job")
    world.settle()
    assert world.pod("job") is None, "a finished pod goes at once"


@pytest.mark.parametrize(
    "command", [["sleep", "infinity"], ["sh", "-c", "while true; do date; sleep 5; done"], ["app"]]
)
def test_commands_that_do_not_end(world, command):
    world.create(pod("server", command=command, policy="Never"))
    world.settle()
    world.run("10m")
    assert world.status("server")["phase"] == "Running"


def test_a_crashing_container_is_restarted_ever_more_slowly(world):
    world.create(pod("crash", command=["sh", "-c", "exit 1"]))
    world.settle()
    main = world.container("crash")
    uid = meta.uid(world.pod("crash"))
    assert main["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=main pod=crash_default({uid})",
    }
    assert (main["restartCount"], main["lastState"]["terminated"]["exitCode"]) == (1, 1)
    assert world.status("crash")["phase"] == "Running"
    seen = []
    for _ in range(900):
        world.run("1s")
        waiting = world.container("crash")["state"].get("waiting", {})
        if waiting.get("reason") == "CrashLoopBackOff":
            delay = waiting["message"].split()[1]
            if delay not in seen:
                seen.append(delay)
    assert seen == ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s"]
    text = f"Back-off restarting failed container main in pod crash_default({uid})"
    # The recorder keeps one source from flooding one object: the last ones are lost, as they are in the real thing.
    assert [count for _, message, count in world.events("crash") if message == text] == [5]


def test_on_failure_restarts_until_it_succeeds(world):
    world.create(pod("job", command=["sleep", "1"], policy="OnFailure"))
    world.run("1500ms")
    world.kubelets.finish("default/job", exit_code=3)
    world.settle()
    main = world.container("job")
    assert (world.status("job")["phase"], main["restartCount"]) == ("Succeeded", 1)
    assert main["lastState"]["terminated"]["exitCode"] == 3


def test_an_image_that_cannot_be_pulled(world):
    world.create(pod("bad", image="nosuch:1"))
    world.settle()
    waiting = world.container("bad")["state"]["waiting"]
    assert waiting["reason"] == "ImagePullBackOff"
    assert waiting["message"].startswith('Back-off pulling image "nosuch:1": ErrImagePull: failed to pull and unpack')
    assert world.status("bad")["phase"] == "Pending"
    assert [reason for reason, _, _ in world.events("bad")] == ["Pulling", "Failed", "Failed", "BackOff", "Failed"]
    world.run("1m")
    assert {reason: count for reason, _, count in world.events("bad")}["Pulling"] > 2
    world.patch("bad", {"spec": {"containers": [{"name": "main", "image": "nginx:1.27"}]}})
    world.settle()
    assert meta.is_ready(world.pod("bad"))


def test_a_changed_image_restarts_the_container(world):
    world.create(pod("web"))
    world.settle()
    world.patch("web", {"spec": {"containers": [{"name": "main", "image": "nginx:1.28"}]}})
    world.settle()
    main = world.container("web")
    assert (main["image"], main["restartCount"], main["ready"]) == ("nginx:1.28", 1, True)
    assert ("Killing", "Container main definition changed, will be restarted", 1) in world.events("web")


def test_init_containers_come_first_and_sidecars_stay(world):
    inits = [
        {"name": "migrate", "image": "busybox", "command": ["sleep", "2"]},
        {"name": "proxy", "image": "envoy", "restartPolicy": "Always"},
    ]
    world.create(pod("web", initContainers=inits))
    world.run("1500ms")
    status = world.status("web")
    assert status["phase"] == "Pending"
    assert conditions(status)["Initialized"] == ("False", "ContainersNotInitialized")
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    world.settle()
    status = world.status("web")
    assert (status["phase"], conditions(status)["Ready"]) == ("Running", ("True", ""))
    migrate, proxy = status["initContainerStatuses"]
    assert (migrate["state"]["terminated"]["reason"], migrate["ready"]) == ("Completed", True)
    assert ("running" in proxy["state"], proxy["ready"]) == (True, True)


def test_a_failing_init_container(world):
    inits = [{"name": "check", "image": "busybox", "command": ["false"]}]
    world.create(pod("once", policy="Never", initContainers=inits))
    world.create(pod("retry", initContainers=inits))
    world.settle()
    assert world.status("once")["phase"] == "Failed"
    status = world.status("retry")
    assert status["phase"] == "Pending"
    assert status["initContainerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"


def test_readiness_comes_late_never_or_is_lost(world):
    world.create(pod("late", image="ready-after-3s"))
    world.create(pod("never", image="never-ready"))
    probe = {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 7}
    world.create(pod("probed", containers=[{"name": "main", "image": "nginx:1.27", "readinessProbe": probe}]))
    world.run("2500ms")
    assert not any(meta.is_ready(world.pod(name)) for name in ("late", "never", "probed"))
    assert world.status("late")["phase"] == "Running"
    world.settle()
    assert [meta.is_ready(world.pod(name)) for name in ("late", "never", "probed")] == [True, False, True]
    assert world.loop.clock.now_ms > 7_000
    world.kubelets.probe("default/late", ready=False)
    world.settle()
    assert conditions(world.status("late"))["Ready"] == CREATING
    world.kubelets.probe("default/late", ready=True)
    world.settle()
    ready = meta.condition(world.pod("late"), "Ready")
    assert (ready["status"], ready.get("reason"), ready.get("message")) == ("True", None, None)


def test_readiness_gates(world):
    world.create(pod("gated", readinessGates=[{"conditionType": "example.com/ok"}]))
    world.settle()
    assert conditions(world.status("gated"))["ContainersReady"] == ("True", "")
    assert conditions(world.status("gated"))["Ready"] == ("False", "ReadinessGatesNotReady")
    patch = {"status": {"conditions": [{"type": "example.com/ok", "status": "True"}]}}
    assert world.ask(Call("patch", "pods", "default", "gated", "status", patch, {}, "strategic")).ok
    world.settle()
    assert meta.is_ready(world.pod("gated"))


def test_a_pod_without_room_is_rejected(world):
    large = {"name": "main", "image": "x", "resources": {"requests": {"cpu": "3", "memory": "1Gi"}}}
    world.create(pod("first", containers=[large]))
    world.create(pod("second", containers=[large]))
    world.settle()
    status = world.status("second")
    assert (status["phase"], status["reason"]) == ("Failed", "OutOfcpu")
    text = "Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000"
    assert status["message"] == f"Pod was rejected: {text}"
    assert world.events("second") == [("OutOfcpu", text, 1)]
    world.delete("first")
    world.settle()
    world.create(pod("third", containers=[large]))
    world.settle()
    assert world.status("third")["phase"] == "Running"


def test_a_new_pod_of_the_same_name_is_another_pod(world):
    world.create(pod("web"))
    world.settle()
    first = world.pod("web")
    world.delete("web", gracePeriodSeconds=0)
    world.create(pod("web"))
    world.settle()
    second = world.pod("web")
    assert meta.uid(first) != meta.uid(second)
    assert meta.is_ready(second)
    assert list(world.kubelets.nodes["worker-1"].pods) == [meta.uid(second)]


def test_a_deadline_ends_a_pod_that_runs_too_long(world):
    world.create(pod("slow", activeDeadlineSeconds=60))
    world.settle()
    assert world.status("slow")["phase"] == "Running"
    world.run("61s")
    status = world.status("slow")
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["message"] == "Pod was active on the node longer than the specified deadline"


def test_conditions_look_like_the_real_ones(world):
    world.create(pod("web"))
    world.settle()
    for entry in world.status("web")["conditions"]:
        assert entry["lastProbeTime"] is None
        assert entry["observedGeneration"] == 1


def test_finalizers_see_how_a_pod_ended(world):
    made = pod("job", policy="OnFailure")
    made["metadata"]["finalizers"] = ["batch.kubernetes.io/job-tracking"]
    world.create(made)
    world.settle()
    world.delete("job")
    world.settle()
    left = world.pod("job")
    assert meta.is_deleting(left)
    assert left["status"]["phase"] == "Failed"
    assert left["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 143


def test_pods_of_nodes_that_are_not_there_stay_pending(world):
    world.create(pod("lost", node="worker-9"))
    world.settle()
    assert world.status("lost")["phase"] == "Pending"


def test_the_rules_of_the_recordings():
    world = World(rules=CONTROLLERS)
    world.create(pod("web"))
    world.create(pod("again", image="exit-1-after-2s"))
    world.settle()
    assert world.loop.clock.now_ms >= 300
    assert meta.is_ready(world.pod("web"))
    assert world.events("web") == []
    again = world.container("again")
    assert again["restartCount"] >= 2
    assert again["ready"], "it goes on in place and is only counted"
    world = World(rules=KUBECTL)
    world.create(pod("crash", command=["sh", "-c", "exit 1"]))
    world.create(pod("bad", image="nosuch"))
    world.settle()
    assert world.loop.clock.now_ms == 0
    assert (world.container("crash")["restartCount"], world.status("crash")["phase"]) == (1, "Running")
    assert world.container("bad")["state"]["waiting"]["reason"] == "ImagePullBackOff"


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_messages_ends_alike(seed):
    order = shuffled(seed)
    world = World(nodes=["worker-1", "worker-2"], order=order)
    for number in range(6):
        world.create(pod(f"p{number}", node=f"worker-{number % 2 + 1}"))
        if number % 3 == 2:
            world.delete(f"p{number}")
    world.settle()
    phases = {name: world.pod(name) and world.status(name)["phase"] for name in (f"p{n}" for n in range(6))}
    gone = {"p2": None, "p5": None}
    assert phases == {f"p{n}": "Running" for n in range(6)} | gone, f"seed {seed}"
    assert order.choices > 10, f"seed {seed}"
