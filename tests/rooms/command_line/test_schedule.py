"""`cp-sim schedule`: scenarios and dumps of clusters in, decisions out, one sentence for each thing that is wrong.

The dumps are made by hand after what kubectl prints of a kind cluster and of one in a cloud; the tables beside them are
what the command says of them.
"""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cp_sim import Cluster
from cp_sim.__main__ import main

Object = dict[str, Any]

DUMPS = Path(__file__).parent / "dumps"


def node(name: str, cpu: str = "2", **spec: Any) -> Object:
    capacity = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name}}
    status = {"capacity": capacity, "allocatable": capacity}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": status}


def pod(name: str, cpu: str = "100m", node_name: str = "", **spec: Any) -> Object:
    container = {"name": "web", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}
    more = {"nodeName": node_name} if node_name else {}
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    body = {"containers": [container], **more, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body, "status": {"phase": "Pending"}}


def dump_of(*objects: Object) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}, indent=1)


SCENARIO: Object = {
    "name": "two nodes",
    "objects": [node("small", "1"), node("large", "4"), pod("there", "3500m", "large")],
    "pending": [pod("fits", "900m"), pod("too-big", "2")],
}


class Told:
    """What a run of the command printed."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    def answers(self) -> list[Object]:
        return [json.loads(line) for line in self.out.splitlines()]

    def problems(self) -> list[str]:
        assert all(line.startswith("cp-sim: ") for line in self.err.splitlines()), self.err
        return [line.removeprefix("cp-sim: ") for line in self.err.splitlines()]


class Command:
    """Runs `cp-sim schedule` on texts, each in a file of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def file(self, text: str, name: str = "input") -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def __call__(self, text: str, *options: str, pods: str = "") -> Told:
        more = ["--pods", self.file(pods, "pods")] if pods else []
        return self.run(self.file(text), *more, *options)

    def run(self, *arguments: str) -> Told:
        self.capsys.readouterr()
        status = main(["schedule", *arguments])
        printed = self.capsys.readouterr()
        return Told(status, printed.out, printed.err.replace(f"{self.folder}/", ""))


@pytest.fixture
def schedule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


# -- scenarios -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_scenarios_are_answered_line_by_line(schedule: Command, ending: str) -> None:
    path = schedule.folder / f"scenarios.{ending}"
    lines = (json.dumps(SCENARIO) + "\n").encode() * 2
    path.write_bytes(gzip.compress(lines) if ending.endswith("gz") else lines)
    told = schedule.run(str(path))
    assert (told.status, told.err) == (0, "")
    assert [answer["name"] for answer in told.answers()] == ["two nodes", "two nodes"]
    got = told.answers()[0]["got"]
    assert [(entry["pod"], entry["node"]) for entry in got] == [("default/fits", "small"), ("default/too-big", None)]
    assert got[1]["message"].startswith("0/2 nodes are available: 2 Insufficient cpu.")


def test_a_scenario_may_be_written_over_many_lines_or_as_yaml(schedule: Command) -> None:
    once = schedule(json.dumps(SCENARIO)).out
    assert schedule(json.dumps(SCENARIO, indent=2)).out == once
    assert schedule(yaml.safe_dump(SCENARIO)).out == once


def test_a_scenario_as_a_table(schedule: Command) -> None:
    assert "default/too-big   -       0/2" in schedule(json.dumps(SCENARIO), "--output", "table").out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"objects": ', "line 2 of input is not JSON"),
        ('{"objects": []}', "line 2 of input is not a scenario"),
        ('{"objects": [3], "pending": []}', "objects[0] is not an object"),
        (
            '{"objects": [{"apiVersion": "v1", "kind": "Node"}], "pending": []}',
            "objects[0]: Node without metadata.name",
        ),
        ('{"objects": [], "pending": [{"metadata": {"name": 5}}]}', "cannot be scheduled: pending[0]: json: cannot"),
    ],
)
def test_a_line_that_cannot_be_answered_does_not_stop_the_others(schedule: Command, line: str, words: str) -> None:
    told = schedule(f"{json.dumps(SCENARIO)}\n{line}\n{json.dumps(SCENARIO)}\n")
    assert told.status == 1
    assert len(told.answers()) == 2
    (problem,) = told.problems()
    assert words in problem


def test_an_object_of_no_known_kind_is_named_and_left_aside(schedule: Command) -> None:
    odd = {**SCENARIO, "objects": [*SCENARIO["objects"], {"apiVersion": "v1", "kind": "Nod"}]}
    told = schedule(json.dumps(odd))
    assert told.problems() == ["objects[3] of line 1 of input is left aside: there is no kind 'Nod' in 'v1'"]
    assert told.answers()[0]["got"] == schedule(json.dumps(SCENARIO)).answers()[0]["got"]


# -- dumps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dump", ["kind.yaml", "cloud.json"])
def test_a_dump_becomes_a_table(schedule: Command, dump: str) -> None:
    told = schedule.run(str(DUMPS / dump))
    assert told.status == 0
    assert told.out == (DUMPS / dump).with_suffix(".table").read_text()


def test_a_dump_on_the_standard_input(schedule: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO((DUMPS / "kind.yaml").read_text()))
    assert schedule.run("-").out == (DUMPS / "kind.table").read_text()


def test_json_and_yaml_lists_and_documents_say_the_same(schedule: Command) -> None:
    items = yaml.safe_load((DUMPS / "kind.yaml").read_text())["items"]
    table = (DUMPS / "kind.table").read_text()
    assert schedule(dump_of(*items)).out == table
    assert schedule("\n".join(map(json.dumps, items))).out == table
    assert schedule("---\n".join(map(yaml.safe_dump, items))).out == table
    assert schedule(json.dumps(items)).out == table


def test_what_the_api_server_lists_of_one_kind_has_items_without_a_kind(schedule: Command) -> None:
    def bare(*objects: Object) -> list[Object]:
        return [{key: value for key, value in one.items() if key not in ("kind", "apiVersion")} for one in objects]

    nodes = {"apiVersion": "v1", "kind": "NodeList", "items": bare(node("n1"))}
    pods = {"apiVersion": "v1", "kind": "PodList", "items": bare(pod("web"))}
    told = schedule(json.dumps(nodes) + json.dumps(pods))
    assert "default/web   n1" in told.out
    assert told.err == ""


def test_our_own_cluster_decides_like_its_dump(schedule: Command) -> None:
    cluster = Cluster(control_planes=1, workers=2, seed=7)
    cluster.apply(pod("fits", "500m", tolerations=[]))
    cluster.run("10s")
    cluster.apply(pod("never", "64"))
    cluster.run("10s")
    kinds = ("nodes", "pods", "services", "replicasets", "namespaces", "priorityclasses", "csinodes", "configmaps")
    told = schedule(dump_of(*(obj for kind in kinds for obj in cluster.get(kind, namespace="*"))), "--output", "json")
    (entry,) = told.answers()[0]["got"]
    (condition,) = [one for one in cluster.get("pod/never")["status"]["conditions"] if one["type"] == "PodScheduled"]
    assert entry["message"] == condition["message"]
    (problem,) = told.problems()
    assert problem.endswith("ConfigMap: left aside, they do not decide where pods go")


def test_pods_to_place_come_from_files_of_their_own(schedule: Command) -> None:
    fresh = pod("fresh", "500m", priorityClassName="shop-critical")
    del fresh["metadata"]["uid"], fresh["metadata"]["namespace"]
    told = schedule((DUMPS / "cloud.json").read_text(), "--output", "json", pods=yaml.safe_dump(fresh))
    pods = [entry["pod"] for entry in told.answers()[0]["got"]]
    assert "default/fresh" in pods
    assert pods.index("default/fresh") < pods.index("ml/train-1"), "the queue takes the higher priority first"


def test_all_about_one_pod(schedule: Command) -> None:
    told = schedule.run(str(DUMPS / "cloud.json"), "--why", "train-1")
    assert "ml/train-1, attempt 1: unschedulable" in told.out
    assert "needs 2 nvidia.com/gpu, 1 free of 1" in told.out
    assert "checkout" not in told.out
    told = schedule.run(str(DUMPS / "cloud.json"), "--why", "ml/train-1", "--node", "gke-shop-gpu-pool-g1")
    assert told.out.startswith("gke-shop-gpu-pool-g1 cannot take ml/train-1: NodeResourcesFit rejected it: needs 2 nvi")
    told = schedule.run(str(DUMPS / "cloud.json"), "--why", "nobody")
    assert told.status == 1
    assert "there is no pending pod nobody; there is ml/queued-1, ml/train-1, shop/checkout-8c-1" in told.err


def test_a_seed_draws_among_equally_good_nodes(schedule: Command) -> None:
    dump = dump_of(*(node(f"n{place}") for place in range(9)), pod("web"))
    drawn = {
        schedule(dump, "--seed", str(seed), "--output", "json").answers()[0]["got"][0]["node"] for seed in range(6)
    }
    assert len(drawn) > 1
    assert schedule(dump, "--output", "json").answers()[0]["got"][0]["node"] == "n0"
    assert ": drawn" in schedule(dump, "--seed", "1").out


def test_another_configuration_decides_otherwise(schedule: Command) -> None:
    dump = dump_of(node("a-full", "4"), node("b-empty", "4"), pod("there", "2", "a-full"), pod("web"))
    config: Object = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}

    def with_profile(**profile: Any) -> Told:
        text = yaml.safe_dump({**config, "profiles": [profile]})
        return schedule(dump, "--config", schedule.file(text, "config"))

    assert "default/web   b-empty" in schedule(dump).out
    fit = ("NodeResourcesFit", "NodeResourcesBalancedAllocation")
    told = with_profile(plugins={"multiPoint": {"disabled": [{"name": name} for name in fit]}})
    assert "default/web   a-full" in told.out
    told = with_profile(schedulerName="second")
    assert "1 pod (default/web) is left out: the scheduler 'default-scheduler' places it" in told.err
    told = schedule(dump, "--config", schedule.file("kind: KubeSchedulerConfiguration\n", "config"))
    assert told.status == 1
    assert told.problems()[0].startswith("config: apiVersion: wants")


# -- bad and partial dumps -------------------------------------------------------------------------------------------

# A text that holds no objects, and what is said of it.
UNREADABLE = {
    "nothing": ("  \n", "input is empty"),
    "a table": ("NAME   READY   STATUS\nweb-1  1/1     Running\n", "add -o json"),
    "a table of all namespaces": ("NAMESPACE   NAME   READY\n", "add -o json"),
    "a description": ("Name:         web\nNamespace:    default\n", "what `kubectl describe` prints"),
    "no resources": ("No resources found in default namespace.\n", "what kubectl said instead: No resources found"),
    "an error": ("Error from server (Forbidden): pods is forbidden\n", "what kubectl said instead: Error from server"),
    "cut off in a text": (dump_of(node("n1"))[:-40], "ends in the middle of an object"),
    "cut off between items": (dump_of(node("n1"))[:-2], "ends in the middle of an object"),
    "broken JSON": ('{"kind": "List" "items": []}', "is neither JSON nor YAML: line 1, column 17"),
    "broken YAML": ("kind: Pod\n\tmetadata: {}\n", "is neither JSON nor YAML: document 1, line 2"),
    "no objects that decide": (dump_of(), "holds no object that decides where pods go"),
    "words": ("hello\n", "holds no object that decides where pods go"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_text_without_objects_is_refused(schedule: Command, case: str) -> None:
    text, words = UNREADABLE[case]
    told = schedule(text)
    assert told.status == 1
    assert words in told.problems()[-1]
    assert told.out == ""


def claiming(name: str = "web", **more: Any) -> Object:
    return pod(name, volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}], **more)


def claim(**spec: Any) -> Object:
    metadata = {"name": "data", "namespace": "default"}
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": wanted}


def changed(obj: Object, path: str, value: Any) -> Object:
    """A copy of the object with another value at a path."""
    made: Object = json.loads(json.dumps(obj))
    *way, last = path.split(".")
    at = made
    for step in way:
        at = at.setdefault(step, {})
    at[last] = value
    return made


# Objects beside a node n1, and the sentence about what is wrong with them.
PROBLEMS: dict[str, tuple[list[Object], str]] = {
    "a claim that is missing": (
        [claiming()],
        "spec.volumes of Pod default/web: the PersistentVolumeClaim default/data",
    ),
    "a volume that is missing": (
        [claiming(), claim(volumeName="pv-1")],
        "the PersistentVolume pv-1 is not in the dump",
    ),
    "a class that is missing": (
        [claiming(), claim(storageClassName="fast")],
        "the StorageClass fast is not in the dump",
    ),
    "no CSINodes": ([claiming(), claim(storageClassName="fast")], "there is no CSINode: how many volumes"),
    "a node that is missing": (
        [pod("web"), pod("a", node_name="n2")],
        "1 pod stands on node n2, which is not in the dump",
    ),
    "a priority class that is missing": (
        [pod("web", priorityClassName="vip")],
        "the PriorityClass vip is not in the dump",
    ),
    "a runtime class that is missing": (
        [pod("web", runtimeClassName="kata")],
        "the RuntimeClass kata is not in the dump",
    ),
    "nobody waits": ([pod("a", node_name="n1")], "no pod waits for a node (1 are bound and 0 have ended)"),
    "another scheduler": ([pod("web", schedulerName="own")], "the scheduler 'own' places it"),
    "a pod that is being deleted": (
        [changed(pod("web"), "metadata.deletionTimestamp", "2026-01-01T00:00:00Z")],
        "Pod default/web is left out: it is being deleted",
    ),
    "a quantity": (
        [pod("web", "2 cores")],
        'Pod default/web is left out: spec.containers[0].resources.requests.cpu is "2 cores": a quantity such as',
    ),
    "a quantity of a node": (
        [pod("web"), changed(node("n2"), "status.allocatable", {"memory": "8GiB"})],
        'Node n2 is left out: status.allocatable.memory is "8GiB": a quantity',
    ),
    "a type": ([changed(pod("web"), "spec.nodeSelector", ["a"])], "spec.nodeSelector is a list: a map is wanted"),
    "a name that is missing": ([changed(pod("web"), "metadata", {})], "is left out: Pod without metadata.name"),
    "no containers": ([changed(pod("web"), "spec.containers", [])], "spec.containers is empty"),
    "no kind": ([{"metadata": {"name": "x"}}], "item 1 of input is left out: it has no kind"),
    "no apiVersion": (
        [{"kind": "Pod", "metadata": {"name": "x"}}],
        "Pod x in item 1 of input is left out: it has no apiV",
    ),
    "an old version": (
        [{"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "x"}}],
        "PodDisruptionBudget x is left out: v1.36 does not serve PodDisruptionBudget in policy/v1beta1",
    ),
    "kinds that do not decide": (
        [pod("web"), {"apiVersion": "v1", "kind": "Secret"}, {"apiVersion": "a/v1", "kind": "Widget"}],
        "1 Secret, 1 Widget: left aside",
    ),
    "no budgets": (
        [pod("low", "2", node_name="n1"), pod("web", "2", priority=5)],
        "there is no PodDisruptionBudget: pods are pushed out without regard to any; add pdb",
    ),
    "twice": ([pod("web"), pod("web", "200m")], "Pod default/web stands there twice: the last one counts"),
    "an error instead of a list": (
        [{"kind": "Status", "apiVersion": "v1", "message": "pods is forbidden"}],
        "item 1 of input is an error of the API server, not an object: pods is forbidden",
    ),
    "a table as JSON": ([{"kind": "Table", "apiVersion": "meta.k8s.io/v1"}], "is a Table, as the API server prints it"),
    "what the API server would refuse": (
        [changed(pod("web", restartPolicy="Sometimes"), "metadata.uid", "")],
        "the API server would refuse Pod default/web: spec.restartPolicy: Unsupported value",
    ),
    "owners": (
        [
            changed(
                pod("web"),
                "metadata.ownerReferences",
                [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u", "controller": True}],
            )
        ],
        "the owners of Pod default/web are not in the dump",
    ),
    "namespaces": (
        [
            pod(
                "web",
                affinity={
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {
                                "topologyKey": "zone",
                                "labelSelector": {},
                                "namespaceSelector": {"matchLabels": {"a": "b"}},
                            }
                        ]
                    }
                },
            )
        ],
        "there is no Namespace: the namespaceSelector of Pod default/web matches none",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_is_wrong_or_missing_gets_a_sentence_and_the_rest_is_decided(schedule: Command, case: str) -> None:
    objects, words = PROBLEMS[case]
    told = schedule(dump_of(node("n1"), *objects))
    assert told.status == 0
    assert [problem for problem in told.problems() if words in problem], told.err
    assert told.out.startswith("1 node, ")


def test_a_dump_without_nodes(schedule: Command) -> None:
    told = schedule(dump_of(pod("web")))
    assert told.problems()[0].startswith("there is no Node: add the nodes to the dump")
    assert "no nodes available to schedule pods" in told.out


def test_nodes_as_manifests_have_no_room(schedule: Command) -> None:
    told = schedule(dump_of({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}, pod("web")))
    assert "no status.allocatable in Node n1" in told.err


def workload(kind: str, name: str = "web", **spec: Any) -> Object:
    version = "batch/v1" if kind in ("Job", "CronJob") else "v1" if kind == "ReplicationController" else "apps/v1"
    template = {"metadata": {"labels": {"app": name}}, "spec": pod("x")["spec"]}
    selector = {"matchLabels": {"app": name}} if version == "apps/v1" else {"app": name}
    body = {"template": template, **({} if version == "batch/v1" else {"selector": selector}), **spec}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": body}


@pytest.mark.parametrize(
    ("made", "count"),
    [
        (workload("Deployment", replicas=3), 3),
        (workload("ReplicaSet", replicas=2), 2),
        (workload("StatefulSet"), 1),
        (workload("ReplicationController", replicas=0), 0),
        (workload("Job", parallelism=2), 2),
    ],
    ids=["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController", "Job"],
)
def test_the_pods_that_a_workload_would_make_are_placed(schedule: Command, made: Object, count: int) -> None:
    told = schedule(dump_of(node("n1"), node("n2")), "--output", "json", pods=yaml.safe_dump(made))
    got = told.answers()[0]["got"]
    assert [entry["pod"] for entry in got] == [f"default/web-{number}" for number in range(count)]
    spread = [entry for entry in got if "PodTopologySpread" in entry["scores"]]
    assert len(spread) == (0 if made["kind"] == "Job" else count), "default spreading knows the owner"
    assert not [problem for problem in told.problems() if "waits" not in problem]


def test_workloads_whose_pods_cannot_be_told_are_named(schedule: Command) -> None:
    several = [workload("DaemonSet"), workload("CronJob"), workload("Deployment", replicas="many")]
    told = schedule(dump_of(node("n1")), pods="---\n".join(map(yaml.safe_dump, several)))
    first, second, third, *_ = told.problems()
    assert first.startswith("DaemonSet web in document 1 of pods is left out: how many pods it makes is not known here")
    assert second.startswith("CronJob web in document 2 of pods is left out")
    assert third.endswith('is left out: spec.replicas is "many": a whole number is wanted')


def test_a_whole_dump_has_nothing_to_complain_of(schedule: Command) -> None:
    assert schedule.run(str(DUMPS / "kind.yaml")).err == ""
