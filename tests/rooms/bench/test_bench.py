"""The workloads run, small ones here, and their figures add up."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from cp_sim import bench
from cp_sim.__main__ import main
from cp_sim.bench import cycle, scheduler_perf, scheduling
from cp_sim.bench.real_store import beside
from cp_sim.bench.report import Report, Share, percentile
from cp_sim.bench.stopwatch import GARBAGE
from tests.rooms.etcd.real_etcd import needs_etcd

FIELDS = {"workload", "mode", "nodes", "pods", "pods_per_s", "p50_ms", "p99_ms", "peak_mib"}


def test_every_measured_pod_is_bound() -> None:
    report = bench.run("SchedulingBasic", nodes=5, before=5, pods=10)
    assert (report.sizes, report.done, report.note) == ((("nodes", 5),), 10, "")
    assert len(report.samples_ms) == 10
    assert min(report.samples_ms) > 0
    who = {share.who for share in report.shares}
    assert {"etcd", "kube-apiserver", "kube-scheduler"} <= who
    assert sum(share.seconds for share in report.shares) == pytest.approx(report.seconds)


def test_pods_that_fit_nowhere_are_told_and_not_counted() -> None:
    report = bench.run("SchedulingBasic", nodes=1, before=0, pods=42)  # a tenth of a processor each, four processors
    assert report.done == 40
    assert report.note == "2 pods found no node"


def test_the_command_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "SchedulingBasic", "--nodes=3", "--before=0", "--pods=4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= FIELDS
    assert (found["workload"], found["mode"], found["nodes"], found["pods"]) == ("SchedulingBasic", "whole", 3, 4)
    assert found["pods_per_s"] > 0


def test_the_small_workloads_run() -> None:
    report = bench.run("DeploymentSettle", nodes=3, pods=2)
    assert (report.sizes, report.done) == ((("nodes", 3),), 2)
    assert "pods/s" in str(report)


def test_an_unknown_workload_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "SchedulingBasik"]) == 1
    assert "there are SchedulingBasic" in capsys.readouterr().err


def test_a_count_is_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "SchedulingBasic", "--nodes=-3"])
    assert "'-3' is not a count" in capsys.readouterr().err


@pytest.mark.parametrize(("percent", "value"), [(50, 5.0), (99, 10.0), (1, 1.0)])
def test_percentiles_are_nearest_ranks(percent: float, value: float) -> None:
    assert percentile([float(number) for number in range(10, 0, -1)], percent) == value


def test_the_text_tells_where_the_time_goes() -> None:
    shares = (Share("kube-apiserver", 1.5, 100), Share(GARBAGE, 0.5, 2))
    text = str(Report("SchedulingBasic", "pods", 10, 2.0, (1.0, 3.0), shares, 64.0, (("nodes", 5),)))
    assert text.splitlines() == [
        "SchedulingBasic: 5 pods/s, p50 1.00 ms, p99 3.00 ms, peak 64 MiB (5 nodes, 10 pods, whole, 2.00 s)",
        "   75.0 %  kube-apiserver: 15,000 µs in each of 100 units",
        f"   25.0 %  {GARBAGE}: 250,000 µs in each of 2 units",
    ]


# Counts of upstream's performance-config.yaml files: nodes, pods before, pods measured.
UPSTREAM = {
    "SchedulingBasic": (5_000, 1_000, 10_000),
    "SchedulingPodAntiAffinity": (5_000, 1_000, 2_000),
    "SchedulingPodMatchingAntiAffinity": (5_000, 1_000, 5_000),
    "SchedulingPodAffinity": (5_000, 5_000, 5_000),
    "SchedulingPreferredPodAffinity": (5_000, 5_000, 5_000),
    "SchedulingPreferredPodAntiAffinity": (5_000, 5_000, 5_000),
    "SchedulingNodeAffinity": (5_000, 5_000, 10_000),
    "MixedSchedulingBasePod": (5_000, 10_000, 5_000),
    "TopologySpreading": (5_000, 5_000, 5_000),
    "PreferredTopologySpreading": (5_000, 5_000, 5_000),
    "PreemptionBasic": (1_000, 4_000, 1_000),
    "Unschedulable": (5_000, 100, 10_000),
    "SchedulingWithMixedChurn": (5_000, 0, 10_000),
    "SchedulingDaemonset": (15_000, 0, 30_000),
    "SchedulingWhileGated": (0, 20_000, 20_000),
}


def test_the_scheduling_workloads_have_upstreams_counts() -> None:
    found = {one.name: (one.nodes, one.pods_before, one.measured.count) for one in scheduler_perf.ALL}
    assert found == UPSTREAM


@pytest.mark.parametrize("mode", ["cycle", "whole"])
@pytest.mark.parametrize("name", list(UPSTREAM))
def test_every_scheduling_workload_runs_in_both_modes(name: str, mode: str) -> None:
    before = 40 if name == "PreemptionBasic" else 20
    report = bench.run(name, nodes=40 if "Anti" in name or "Mixed" in name else 10, before=before, pods=9, mode=mode)
    assert (report.done, report.mode) == (9, mode)
    assert len(report.samples_ms) == 9
    assert "found no node" not in report.note


def test_preemption_makes_room_for_every_measured_pod() -> None:
    """Four low pods of 900m leave 400m of a node: a high one of 3000m needs three of them gone."""
    measured = cycle.CycleBench()
    workload = bench.WORKLOADS["PreemptionBasic"]
    assert isinstance(workload, scheduler_perf.SchedulingWorkload)
    measured.nodes(replace(workload, nodes=3))
    low, high = (
        measured.pods(replace(batch, count=n)) for batch, n in ((workload.before[0], 12), (workload.measured, 3))
    )
    assert all(measured.place(pod) for pod in (*low, *high))
    assert sorted(len(pods) for pods in measured.cache.on_node.values()) == [2, 2, 2]


def test_churn_makes_and_deletes_beside_the_measured_pods() -> None:
    workload = bench.WORKLOADS["SchedulingWithMixedChurn"]
    assert isinstance(workload, scheduler_perf.SchedulingWorkload)
    assert workload.churn is not None
    often = replace(
        workload, nodes=5, measured=replace(workload.measured, count=30), churn=replace(workload.churn, every=5)
    )
    cluster = scheduling.made()
    load = scheduling.prepared(cluster, often)
    load.churn = often.churn
    assert scheduling.bind(cluster, load, often.measured) == 0
    assert len(cluster.get("nodes")) == 6
    assert [one["metadata"]["name"] for one in cluster.get("services", namespace="measured")] == ["churn-2-6"]
    too_large = cluster.get("pod/churn-1-6", namespace="measured")
    assert too_large["status"]["conditions"][0]["reason"] == "Unschedulable"


def test_placed_pods_leave_while_others_wait_at_their_gate() -> None:
    report = bench.run("SchedulingWhileGated", before=20, pods=31, mode="whole")
    assert report.done == 31


def test_a_workload_that_schedules_nothing_has_no_cycle(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "EtcdPut", "--cycle"]) == 1
    assert "EtcdPut schedules nothing, so that it has no cycle" in capsys.readouterr().err


def test_too_few_nodes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "SchedulingBasic", "--nodes=1", "--before=50", "--cycle"]) == 1
    assert "10 of 50 pods before the measurement found no node: give more --nodes" in capsys.readouterr().err


def test_results_are_kept_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = str(tmp_path / "results.json")
    small = ["bench", "SchedulingBasic", "--nodes=3", "--before=0", "--pods=4", "--cycle"]
    assert main([*small, "--save", kept]) == 0
    assert main(["bench", "EtcdTxn", "--count=5", "--save", kept]) == 0
    assert set(json.loads(Path(kept).read_text())) == {"SchedulingBasic/cycle", "EtcdTxn/whole"}
    capsys.readouterr()
    assert main([*small, "--compare", kept]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(r"  before: [\d,.]+ pods/s \([+-]\d+ %\), .* p99 ms \(.*\), [\d,.]+ peak MiB \(.*\)", last)
    assert main(["bench", "SchedulingBasic", "--nodes=4", "--before=0", "--pods=4", "--cycle", "--compare", kept]) == 0
    assert capsys.readouterr().out.endswith("before: 3 nodes instead of 4, which cannot be compared\n")
    assert main(["bench", "SchedulingBasic", "--nodes=3", "--before=0", "--pods=4", "--compare", kept]) == 0
    assert capsys.readouterr().out.endswith("before: not measured\n")


def test_a_file_that_holds_no_results_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "EtcdTxn", "--compare", str(tmp_path / "none.json")]) == 1
    assert "make one with --save" in capsys.readouterr().err
    other = tmp_path / "other.json"
    other.write_text("[1]")
    assert main(["bench", "EtcdTxn", "--count=5", "--save", str(other)]) == 1
    assert "holds no results" in capsys.readouterr().err
    assert other.read_text() == "[1]"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No real etcd is asked beside."""
    monkeypatch.setattr("cp_sim.bench.store.beside", lambda workload, keys, count: "nobody beside")


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("name", "noun"), [("EtcdPut", "puts"), ("EtcdRange", "ranges"), ("EtcdTxn", "txns")])
def test_the_store_is_asked_so_many_times(name: str, noun: str) -> None:
    report = bench.run(name, count=30)
    assert (report.done, report.noun, report.note) == (30, noun, "nobody beside")
    assert dict(report.sizes) == {"members": 1, "keys": 10_000}
    assert len(report.samples_ms) == 30
    assert "etcd" in {share.who for share in report.shares}


@pytest.mark.usefixtures("alone")
def test_a_store_of_three_members_is_asked_through_its_majority() -> None:
    report = bench.run("EtcdPut", count=200, members=3)
    assert report.done == 200
    assert {"etcd-1", "etcd-2", "etcd-3"} <= {share.who for share in report.shares}
    assert str(report).startswith("EtcdPut: ")
    assert "(3 members, 10,000 keys, 200 puts, whole" in str(report)


def test_every_watch_hears_every_put() -> None:
    report = bench.run("EtcdWatchFanout", count=20)
    assert (report.done, report.noun) == (2_000, "events")


@pytest.mark.parametrize("name", ["EtcdMemory", "EtcdMemoryApart"])
def test_what_a_pod_takes_is_told(name: str) -> None:
    report = bench.run(name, count=50)
    assert report.done == 50
    assert set(dict(report.figures)) == {"pods_per_processor_s", "store_mib", "kib_per_pod"}


def test_a_compaction_tells_its_longest_pause() -> None:
    report = bench.run("EtcdCompact", count=3_000)
    assert report.done == 3_000
    assert dict(report.figures)["longest_unit_ms"] > 0
    assert report.as_json()["longest_unit_ms"] == pytest.approx(dict(report.figures)["longest_unit_ms"], abs=0.001)


def test_without_a_real_etcd_the_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert bench.run("EtcdPut", count=5).note.startswith("no real etcd beside it: etcd is not installed")


@needs_etcd
def test_a_real_etcd_is_asked_the_same() -> None:
    pytest.importorskip("grpc", reason="a real etcd speaks gRPC, which comes with the extra cp-sim[etcd]")
    assert "puts/s, one after the other" in beside("put", 10, 5)
    assert "ms for a range of 10 keys" in beside("range", 10, 2)
