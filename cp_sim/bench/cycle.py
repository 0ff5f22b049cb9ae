"""A scheduling workload without API server, store and watches: the scheduling cycle alone, its pods assumed.

Measured is, for every pod, the whole cycle with its decision kept as evidence, the Reserve plugins, and the count of
the pod in the cache; for a preemption both attempts and the removal of the victims between.  Reading pods, which the
scheduler does when its watch brings them, is not.
"""

from __future__ import annotations

import gc
from itertools import count
from time import perf_counter

from cp_sim.bench import templates
from cp_sim.bench.load import numbered_node
from cp_sim.bench.report import Report, Share, peak_mib
from cp_sim.bench.scheduler_perf import Batch, Churn, SchedulingWorkload, TooSmall
from cp_sim.bench.stopwatch import GARBAGE, Pauses
from cp_sim.bench.templates import Template
from cp_sim.objects import edit
from cp_sim.objects.defaults import others as defaults
from cp_sim.scheduler import cycle, preempting
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.evidence import Evidence
from cp_sim.scheduler.framework import Profile
from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.prepare import completed, prepared
from cp_sim.scheduler.queue.queueing import Change
from cp_sim.scheduler.queue.scheduling_queue import SchedulingQueue
from cp_sim.sim import Chance, Clock

SEED = 0


class CycleBench:
    """A scheduler's cache, its queue for the pods that wait, and nothing else of it."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or default_profile()
        self.cache = Cache()
        self.room = cycle.Room()
        self.evidence = Evidence()
        self.queue = SchedulingQueue(Clock())
        self.chance = Chance(SEED).stream("scheduler")
        self.numbers = count()

    def pods(self, batch: Batch) -> list[PodInfo]:
        """The pods of a batch, as the scheduler reads them from its watch."""
        named = edit.put(edit.put(batch.pod, "metadata.namespace", batch.namespace), "metadata.name", "template")
        ready = prepared(completed(named), {}, {})
        return [self.pod(ready) for _ in range(batch.count)]

    def pod(self, ready: Template) -> PodInfo:
        """One more pod of a template to which the API server's part is done."""
        number = next(self.numbers)
        metadata = {**ready["metadata"], "name": f"{ready['metadata']['generateName']}{number}", "uid": f"uid-{number}"}
        return PodInfo({**ready, "metadata": metadata})

    def nodes(self, workload: SchedulingWorkload) -> None:
        """Put the nodes into the cache."""
        if workload.named:
            self.cache.put_node(defaults.node(numbered_node(templates.ROOMY_NODE, 0, ())))
        for number in range(workload.nodes):
            self.cache.put_node(defaults.node(numbered_node(templates.NODE, number, workload.zones)))

    def place(self, pod: PodInfo) -> bool:
        """Take a pod through its cycle; whether it found a node."""
        for attempt in (1, 2):
            decision, state = cycle.schedule(self.cache, self.profile, pod, self.room, attempt, self.chance)
            self.evidence.keep(decision)
            if decision.node:
                self.cache.drop_nomination(pod.uid)
                self.cache.assume(pod, decision.node)
                for plugin in self.profile.at["reserve"]:
                    plugin.reserve(state, pod, decision.node)
                return True
            if decision.preemption is None:
                return False
            for victim in preempting.victims_of(self.cache, decision.preemption):
                self.cache.remove_pod(victim.uid)
            pod = pod.updated(edit.put(pod.object, "status.nominatedNodeName", decision.preemption.nominated))
            self.cache.nominate(pod, decision.preemption.nominated)
        return False


class Beside:
    """What happens beside the measured pods: churn, and the deletion of placed pods."""

    def __init__(self, bench: CycleBench, workload: SchedulingWorkload) -> None:
        self.bench = bench
        self.workload = workload
        self.leaving = iter(list(bench.cache.pods)) if workload.delete_every else iter(())
        self.made: list[tuple[str, Template | PodInfo]] = []
        self.turns = 0

    def after(self, done: int) -> None:
        """Do what is due after so many measured pods."""
        if self.workload.churn is not None and done % self.workload.churn.every == 0:
            self._churn(self.workload.churn)
        if self.workload.delete_every and done % self.workload.delete_every == 0:
            uid = next(self.leaving, None)
            gone = self.bench.cache.remove_pod(uid) if uid is not None else None
            if gone is not None:
                self.bench.queue.move(Change("pods/delete", gone.object, None))

    def _churn(self, churn: Churn) -> None:
        bench = self.bench
        if churn.again:
            for resource, made in self.made:
                self._delete(resource, made)
            self.made = []
        self.turns += 1
        for resource, template in churn.made:
            if isinstance(template, dict) and resource == "pods":
                self._too_large(template)
                continue
            obj = edit.put(template, "metadata", {"name": f"churn-{self.turns}", "namespace": "measured"})
            if resource == "nodes":
                bench.cache.put_node(defaults.node(obj))
            else:
                bench.cache.put(resource, obj)
            bench.queue.move(Change(f"{resource}/add", None, obj))
            self.made.append((resource, obj))

    def _too_large(self, template: Template) -> None:
        bench = self.bench
        pod = bench.pods(Batch(template, 1, "measured"))[0]
        one = bench.queue.add(pod, bench.profile)
        if bench.queue.pop() is one and not bench.place(pod):
            bench.queue.failed(one, ("NodeResourcesFit",))
        self.made.append(("pods", pod))

    def _delete(self, resource: str, made: Template | PodInfo) -> None:
        cache = self.bench.cache
        if isinstance(made, PodInfo):
            self.bench.queue.remove(made.uid)
        elif resource == "nodes":
            cache.remove_node(made["metadata"]["name"])
        else:
            cache.remove(resource, made)


def run(workload: SchedulingWorkload, profile: Profile | None = None) -> Report:
    """Place the pods before, then measure the measured ones."""
    bench = CycleBench(profile)
    bench.nodes(workload)
    for namespace in {batch.namespace: None for batch in (*workload.before, workload.measured)}:
        bench.cache.put("namespaces", {"kind": "Namespace", "metadata": {"name": namespace}})
    for pod in bench.pods(Batch(templates.GATED, workload.gated, workload.measured.namespace)):
        bench.queue.add(pod, bench.profile)
    for batch in workload.before:
        missing = sum(not bench.place(pod) for pod in bench.pods(batch))
        if missing:
            raise TooSmall(missing, batch)
    pods = bench.pods(workload.measured)
    beside = Beside(bench, workload)
    samples: list[float] = []
    unbound = 0
    gc.collect()
    pauses = Pauses()
    pauses.begin()
    began = perf_counter()
    for done, pod in enumerate(pods, 1):
        started = perf_counter()
        unbound += not bench.place(pod)
        samples.append(1000 * (perf_counter() - started))
        beside.after(done)
    seconds = perf_counter() - began
    pauses.end()
    worked = sum(samples) / 1000
    shares = (
        Share("cycle and cache, with the collector's pauses in them", worked, len(pods)),
        Share("churn and rest", seconds - worked, 0),
    )
    note = f"{unbound} pods found no node" if unbound else ""
    if pauses.seconds:
        note += f"{'; ' if note else ''}{GARBAGE} took {100 * pauses.seconds / seconds:.1f} %"
    sizes = (("nodes", workload.nodes + workload.named),)
    done = len(pods) - unbound
    return Report(
        workload.name, "pods", done, seconds, tuple(samples), shares, peak_mib(), sizes, mode="cycle", note=note
    )
