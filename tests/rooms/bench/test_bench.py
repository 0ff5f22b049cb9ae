"""The workloads run, small ones here, and their figures add up."""

from __future__ import annotations

import json

import pytest

from cp_sim import bench
from cp_sim.__main__ import main
from cp_sim.bench.report import Report, Share, percentile
from cp_sim.bench.stopwatch import GARBAGE

FIELDS = {"workload", "mode", "nodes", "pods", "pods_per_s", "p50_ms", "p99_ms", "peak_mib"}


def test_every_measured_pod_is_bound() -> None:
    report = bench.run("SchedulingBasic", nodes=5, before=5, pods=10)
    assert (report.nodes, report.pods, report.note) == (5, 10, "")
    assert len(report.samples_ms) == 10
    assert min(report.samples_ms) > 0
    who = {share.who for share in report.shares}
    assert {"etcd", "kube-apiserver", "kube-scheduler"} <= who
    assert sum(share.seconds for share in report.shares) == pytest.approx(report.seconds)


def test_pods_that_fit_nowhere_are_told_and_not_counted() -> None:
    report = bench.run("SchedulingBasic", nodes=1, before=0, pods=42)  # a tenth of a processor each, four processors
    assert report.pods == 40
    assert report.note == "2 pods found no node"


def test_the_command_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "SchedulingBasic", "--nodes=3", "--before=0", "--pods=4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= FIELDS
    assert (found["workload"], found["mode"], found["nodes"], found["pods"]) == ("SchedulingBasic", "whole", 3, 4)
    assert found["pods_per_s"] > 0


def test_the_small_workloads_run() -> None:
    report = bench.run("DeploymentSettle", nodes=3, pods=2)
    assert (report.nodes, report.pods) == (3, 2)
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
    text = str(Report("SchedulingBasic", 5, 10, 2.0, (1.0, 3.0), shares, 64.0))
    assert text.splitlines() == [
        "SchedulingBasic: 5 pods/s, p50 1.00 ms, p99 3.00 ms, peak 64 MiB (5 nodes, 10 pods, whole, 2.00 s)",
        "   75.0 %  kube-apiserver: 15,000 µs in each of 100 units",
        f"   25.0 %  {GARBAGE}: 250,000 µs in each of 2 units",
    ]


def test_a_workload_names_its_counts() -> None:
    basic = bench.WORKLOADS["SchedulingBasic"]
    assert (basic.nodes, basic.before, basic.pods) == (5_000, 1_000, 10_000)
