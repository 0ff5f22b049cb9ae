"""The workloads of the store alone: what an API server asks of it, without the API server.

*In Kubernetes:* etcd's own `benchmark` tool (`tools/benchmark`). Where etcd is installed a real one of one member is
asked the same beside it, in the note.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from time import perf_counter, process_time
from typing import Any

from cp_sim.bench.real_store import beside
from cp_sim.bench.report import Report, peak_mib
from cp_sim.bench.stopwatch import Stopwatch
from cp_sim.bench.store_load import Bench, timed_units
from cp_sim.etcd import api
from cp_sim.etcd.store import Compact, List, Put

PREFIX = "/registry/pods/default/"
VALUE = "x" * 512
WATCHES = 100


def put(name: str, keys: int, count: int, members: int) -> Report:
    """Write, one value after the other."""
    bench = Bench(members)
    note = beside("put", keys, count)
    return _measured(name, "puts", bench, _puts(keys, count), (("members", members), ("keys", keys)), note)


def range_(name: str, keys: int, count: int, members: int) -> Report:
    """Read all keys at once."""
    bench = Bench(members)
    bench.do(_puts(keys, keys))
    note = beside("range", keys, count)
    lists = (List(PREFIX) for _ in range(count))
    return _measured(name, "ranges", bench, lists, (("members", members), ("keys", keys)), note)


def txn(name: str, keys: int, count: int, members: int) -> Report:
    """Write on condition of the revision that was read, as the API server does, else read."""
    bench = Bench(members)
    bench.do(_puts(keys, keys))
    revisions = {kv.key: kv.mod_revision for kv in bench.members[0].range_at(PREFIX)}
    note = beside("txn", keys, count)
    operations = (_optimistic(_key(number % keys), revisions) for number in range(count))
    return _measured(name, "txns", bench, operations, (("members", members), ("keys", keys)), note)


def _optimistic(key: str, revisions: dict[str, int]) -> api.TxnRequest:
    # A second round over the keys fails its condition and reads: half of what an API server under contention does.
    unchanged = api.Compare("MOD", "EQUAL", key, operand=revisions[key])
    return api.TxnRequest((unchanged,), (api.PutRequest(key, VALUE),), (api.RangeRequest(key),))


def watch_fanout(name: str, keys: int, count: int, members: int) -> Report:
    """Write while many watch."""
    bench = Bench(members)
    bench.watchers.watch(bench.load.store, PREFIX, WATCHES)
    bench.loop.settle()
    stopwatch = Stopwatch(bench.loop)
    stopwatch.start()
    worked_s = process_time()
    bench.do(_puts(keys, count))
    worked_s = process_time() - worked_s
    seconds, shares = stopwatch.stop()
    heard = bench.watchers.heard
    if heard != WATCHES * count:
        raise RuntimeError(f"{WATCHES} watches heard {heard} of {WATCHES * count} events")
    sizes = (("members", members), ("watches", WATCHES), ("puts", count))
    samples, figures = tuple(bench.load.samples_ms), _alone("events", heard, worked_s)
    return Report(name, "events", heard, seconds, samples, shares, peak_mib(), sizes, figures)


def memory(name: str, keys: int, count: int, members: int) -> Report:
    """Hold pods of one workload, which share what they have in common, as those that a controller makes."""
    return _memory(name, _siblings(count), count, members)


def memory_apart(name: str, keys: int, count: int, members: int) -> Report:
    """Hold pods that were each read from a text of its own and share nothing."""
    return _memory(name, _strangers(count), count, members)


def _memory(name: str, pods: Iterator[Put], count: int, members: int) -> Report:
    bench = Bench(members)
    gc.collect()
    before = peak_mib()
    report = _measured(name, "pods", bench, pods, (("members", members),))
    figures = (("store_mib", report.peak_mib - before), ("kib_per_pod", 1024 * (report.peak_mib - before) / count))
    return Report(name, "pods", count, report.seconds, report.samples_ms, report.shares, report.peak_mib,
                  report.sizes, (*report.figures, *figures))  # fmt: skip


def compact(name: str, keys: int, count: int, members: int) -> Report:
    """Write so many revisions, then forget all but the last."""
    bench = Bench(members)
    bench.do(_puts(keys, count))
    member = bench.members[0]
    started = perf_counter()
    bench.load.begin(iter([Compact(member.current_revision)]))
    longest_ms, longest_worked_ms = timed_units(member, bench.loop.settle)
    seconds = perf_counter() - started
    if member.mvcc.has_garbage:
        raise RuntimeError("the compaction left something behind")
    sizes = (("members", members), ("keys", keys))
    figures = (("longest_unit_ms", longest_ms), ("longest_unit_processor_ms", longest_worked_ms))
    samples = tuple(bench.load.samples_ms)
    return Report(name, "revisions", count, seconds, samples, (), peak_mib(), sizes, figures)


def _measured(
    name: str, noun: str, bench: Bench, operations: Iterator[Any], sizes: tuple[tuple[str, int], ...], note: str = ""
) -> Report:
    stopwatch = Stopwatch(bench.loop)
    stopwatch.start()
    worked_s = process_time()
    bench.do(operations)
    worked_s = process_time() - worked_s
    seconds, shares = stopwatch.stop()
    load = bench.load
    figures = _alone(noun, load.answers, worked_s)
    samples = tuple(load.samples_ms)
    return Report(name, noun, load.answers, seconds, samples, shares, peak_mib(), sizes, figures, note=note)


def _alone(noun: str, done: int, worked_s: float) -> tuple[tuple[str, float], ...]:
    """How many a second of the processor's time: what a machine would do that has nothing else to do."""
    return ((f"{noun}_per_processor_s", done / worked_s if worked_s else 0.0),)


def _key(number: int) -> str:
    return f"{PREFIX}web-{number:07}"


def _puts(keys: int, count: int) -> Iterator[Put]:
    for number in range(count):
        yield Put(_key(number % keys), VALUE)


def _strangers(count: int) -> Iterator[Put]:
    for number in range(count):
        yield Put(_key(number), json.loads(_POD.replace("NUMBER", f"{number:07}")))


def _siblings(count: int) -> Iterator[Put]:
    common = json.loads(_POD)
    spec, labels = common["spec"], common["metadata"]["labels"]
    for number in range(count):
        own = json.loads(_POD.replace("NUMBER", f"{number:07}"))
        metadata = {**own["metadata"], "labels": labels}
        yield Put(_key(number), {**own, "metadata": metadata, "spec": {**spec, "nodeName": own["spec"]["nodeName"]}})


_POD = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web-NUMBER",
            "namespace": "default",
            "uid": "00000000-0000-4000-8000-00000NUMBER",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "web", "pod-template-hash": "5d8f8f8f9b"},
        },
        "spec": {
            "nodeName": "worker-1",
            "containers": [
                {
                    "name": "web",
                    "image": "nginx:1.29",
                    "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}},
                    "imagePullPolicy": "IfNotPresent",
                }
            ],
            "restartPolicy": "Always",
            "serviceAccountName": "default",
            "schedulerName": "default-scheduler",
            "terminationGracePeriodSeconds": 30,
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:02Z"},
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:01Z"},
            ],
        },
    }
)

RUNS: dict[str, Callable[[str, int, int, int], Report]] = {
    "put": put,
    "range": range_,
    "txn": txn,
    "watch_fanout": watch_fanout,
    "memory": memory,
    "memory_apart": memory_apart,
    "compact": compact,
}
