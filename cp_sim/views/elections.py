"""Who leads among equals: the Leases by which schedulers and managers elect one of them, now and over time.

*In Kubernetes:* `kubectl get leases -n kube-system`, and the Events `LeaderElection` ("... became leader").
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cp_sim.objects import meta
from cp_sim.sim import Record, immutable
from cp_sim.sim.clock import parse_timestamp
from cp_sim.views import facts
from cp_sim.views.facts import Object
from cp_sim.views.palette import component_of, machine_of
from cp_sim.views.story import upto
from cp_sim.views.terms import ABSENCES

ELECTED = ("kube-scheduler", "kube-controller-manager", "cloud-controller-manager")
NAMESPACE = "kube-system"


@immutable
class LeaseFacts:
    """A Lease: who holds it (`machine`: on which node), since when, and how long it has not been renewed.

    `expired` says that its holder has not renewed it for longer than it lasts: somebody else may take it.
    """

    name: str
    holder: str = ""
    machine: str = ""
    transitions: int = 0
    lease_ms: int = 15_000
    since_ms: int = 0
    renewed_ms: int = 0
    age_ms: int = 0

    @property
    def expired(self) -> bool:
        """Whether nobody holds it, or its holder has let it run out."""
        return not self.holder or self.age_ms > self.lease_ms


@immutable
class Term:
    """A stretch of time in which one machine's process held a lease; `machine` is empty while nobody did."""

    machine: str
    since_ms: int
    until_ms: int
    transitions: int = 0
    record: int = 0
    lost: bool = False
    gone_ms: int = 0


def machine_of_holder(holder: str) -> str:
    """The node of a holder: what stands before the underscore in `control-plane-1_0c2e…`."""
    return holder.partition("_")[0]


def lease_of(world: Any, name: str) -> LeaseFacts | None:
    """A lease of an election, or None if nobody stands for one."""
    for lease in facts.listed(world, "leases.coordination.k8s.io"):
        if meta.name(lease) == name and meta.namespace(lease) == NAMESPACE:
            return _read(lease, facts.time_of(world))
    return None


def leases(world: Any) -> dict[str, LeaseFacts]:
    """{component: its lease}, of those that stand for election here."""
    found = {name: lease_of(world, name) for name in ELECTED}
    return {name: lease for name, lease in found.items() if lease is not None}


def _read(lease: Object, now_ms: int) -> LeaseFacts:
    spec = lease.get("spec") or {}
    holder = str(spec.get("holderIdentity") or "")
    since, renewed = _moment(spec.get("acquireTime")), _moment(spec.get("renewTime"))
    lease_ms = 1000 * int(spec.get("leaseDurationSeconds") or 0)
    return LeaseFacts(
        meta.name(lease), holder, machine_of_holder(holder), int(spec.get("leaseTransitions") or 0), lease_ms, since,
        renewed, max(0, now_ms - renewed),
    )  # fmt: skip


def _moment(text: Any) -> int:
    return parse_timestamp(str(text)) if text else 0


def leader_among(world: Any, component: str) -> str:
    """The name of the actor that leads among the processes of a component; empty if nobody does, or none is elected."""
    lease = lease_of(world, component)
    actors = getattr(getattr(world, "loop", None), "actors", {})
    if lease is None or not lease.machine:
        return ""
    return next((name for name in (f"{component}-{lease.machine}", component) if name in actors), "")


# -- over time ------------------------------------------------------------------------------------------------------


def terms_of(world: Any, name: str, until_ms: int) -> list[Term]:
    """Who held a lease, one after the other, as the trace tells: from taking it to losing it, or to its running out.

    A holder that is crashed or paused holds the lease until it has run out and the next one takes it; from `gone_ms` on
    it did not work (0: it did until the end).
    """
    past = not hasattr(world, "loop")
    found: list[Term] = []
    for record in lease_records(getattr(world, "trace", None), name, facts.revision_of(world) if past else 0):
        if record.time_ms > until_ms:
            break
        machine = machine_of(record.actor) or machine_of_holder(str(getattr(record.evidence, "identity", "")))
        if record.verb == "acquire lease":
            if found and not found[-1].until_ms:
                found[-1] = _ended(found[-1], record.time_ms)
            transitions = int(getattr(record.evidence, "transitions", 0) or 0)
            found.append(Term(machine or record.actor, record.time_ms, 0, transitions, record.id))
        elif found and found[-1].machine == (machine or record.actor) and not found[-1].until_ms:
            found[-1] = _ended(found[-1], record.time_ms, lost=True)
    if found and not found[-1].until_ms:
        found[-1] = _ended(found[-1], until_ms)
    gone = absences(getattr(world, "trace", None), name)
    return [
        replace(term, gone_ms=next((at for at, host in gone if host == term.machine and _within(at, term)), 0))
        for term in found
    ]


def _within(at_ms: int, term: Term) -> bool:
    return term.since_ms <= at_ms < term.until_ms


def absences(trace: Any, component: str) -> list[tuple[int, str]]:
    """(time_ms, machine) of each crash or pause of a component's process, or of its machine."""
    found = []
    for record in trace or ():
        if record.verb in ABSENCES:
            place, _, name = record.subject.rpartition("/")
            if place == "nodes":
                found.append((record.time_ms, name))
            elif place == "pods/kube-system" and component_of(name) == component:
                found.append((record.time_ms, machine_of(name)))
    return found


def lease_records(trace: Any, name: str, until_revision: int = 0) -> list[Record]:
    """The records of those who took, lost or released a lease, oldest first."""
    verbs = ("acquire lease", "lose lease", "release lease")
    subject = f"leases/{NAMESPACE}/{name}"
    return [record for record in upto(trace, until_revision) if record.subject == subject and record.verb in verbs]


def _ended(term: Term, at_ms: int, lost: bool = False) -> Term:
    return replace(term, until_ms=at_ms, lost=lost)
