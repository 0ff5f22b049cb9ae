"""What an instructor's deck about failures needs: a fault script, the question before each fault, the answer after it.

The script is that of `cp_sim.faults`; the answers are read off the cluster, so they are right for every seed and size.
"""

from __future__ import annotations

from cp_sim import faults
from cp_sim.cluster import Cluster
from cp_sim.course.card import Card
from cp_sim.course.looking import running_on
from cp_sim.faults import Fault, FaultScript
from cp_sim.sim import format_duration
from cp_sim.views.quorum import group_of

LOOK_MS = 10_000  # so long after a fault the class looks at what has become of it
MAPS = "/api/v1/namespaces/default/configmaps"

# (action, part of the target, what to ask before it happens)
_QUESTIONS = (
    ("crash", "etcd leader", "Who leads next, in which term, and how long does it take? What is lost?"),
    ("crash", "etcd follower", "A follower is gone. What will users notice?"),
    ("crash", "majority of etcd", "More than half are gone. What still works: writing, reading, the pods that run?"),
    ("crash", "all etcd members", "Nobody is left who knows anything. What do the pods do?"),
    ("crash", "scheduler leader", "The scheduler that leads is gone. For how long do new pods wait, and why so long?"),
    ("crash", "controller manager", "Who repairs now, and from when on?"),
    ("crash", "API server", "Who was connected to it, and what do they do?"),
    ("crash", "load balancer", "Who goes through the balancer, and who does not?"),
    ("crash", "control plane", "A whole machine is gone. Which of its programs will be missed, and for how long?"),
    ("crash", "worker", "A worker is gone. When will somebody act, and who?"),
    ("crash", "", "Who will miss it, and for how long?"),
    ("kill", "", "It is killed, and its kubelet is there. What happens next?"),
    ("pause", "", "It stands still, with its connections open. Who notices, and how?"),
    ("restart", "", "It is back. What has it missed, and how does it catch up? Does it lead again?"),
    ("resume", "", "It goes on where it stood still. What does it believe, and is that still so?"),
    ("partition", "", "The network is cut. Which side can write? Is there a leader on each side?"),
    ("heal", "", "The network is whole. Who has to forget something?"),
    ("slow disk", "", "Nobody is dead, but one disk is slow. Who notices?"),
    ("fill disk", "", "A disk is full. Which requests fail, on this machine and on the others?"),
    ("mend", "", "All is well again. What is as before, and what is not?"),
    ("jump clock", "", "A clock is wrong. What in a control plane depends on clocks?"),
)


def fault_question(fault: Fault) -> str:
    """What to ask the class before a fault."""
    for action, part, words in _QUESTIONS:
        if fault.action.startswith(action) and part in fault.target:
            return words
    return "What will this change?"


class Drill:
    """A cluster and a fault script, one fault after the other.

    Args:
        cluster: to break.
        script: the text of a fault script, or a list of its lines.

    Raises:
        ScriptError: a line cannot be read.
    """

    def __init__(self, cluster: Cluster, script: str | list[str]) -> None:
        text = script if isinstance(script, str) else "\n".join(script)
        self.cluster = cluster
        self.script: FaultScript = faults.parse(text)
        self.begun_ms = cluster.clock.now_ms
        self._struck: dict[str, tuple[str, ...]] = {}
        self._written = 0
        self.stored: list[str] = []  # the config maps of which the answer was that they are stored

    def __len__(self) -> int:
        return len(self.script.faults)

    def ask(self, number: int) -> Card:
        """The card to show before fault `number`, counted from 1."""
        fault = self.script.faults[number - 1]
        return Card("think", f"{number}. `{fault}`", (fault_question(fault),))

    def answer(self, number: int) -> Card:
        """Let fault `number` happen when its time has come, and tell how things are ten seconds later."""
        fault, cluster = self.script.faults[number - 1], self.cluster
        cluster.run(max(0, self.begun_ms + fault.at_ms - cluster.clock.now_ms))
        before = self._leads()
        happened = faults.strike(cluster, fault, self._struck)
        cluster.run(LOOK_MS)
        return Card("note", f"{happened.words}", ("\n".join(self._state(before)),))

    # -- how things are --------------------------------------------------------------------------------------------

    def _state(self, before: str) -> list[str]:
        cluster = self.cluster
        after = self._leads()
        lines = [f"etcd: {after}" if after == before else f"etcd: {before} before, {after} now"]
        known = group_of(cluster)
        if known is not None:
            lines.append(known.quorum_words())
        lines.append(f"a write: {self._write()}")
        for component in ("kube-scheduler", "kube-controller-manager") if cluster.layout.replicated else ():
            lines.append(f"{component}: {cluster.leader_of(component) or 'nobody leads'}")
        workers = [name for name in cluster.kubelets.nodes if not name.startswith("control-plane")]
        running = sum(len(running_on(cluster, name)) for name in workers)
        return [*lines, f"pods that run on workers: {running}"]

    def _leads(self) -> str:
        known = group_of(self.cluster)
        if known is None or known.leader is None:
            return "nobody leads"
        return f"{known.leader.name} leads term {known.leader.term}"

    def _write(self) -> str:
        cluster = self.cluster
        self._written += 1
        name = f"drill-{self._written}"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        begun = cluster.clock.now_ms
        answer = cluster.request("POST", MAPS, body=body)
        took = format_duration(cluster.clock.now_ms - begun)
        if answer.ok:
            self.stored.append(name)
            return f"stored after {took}"
        return f"refused after {took}: {answer.status or 'no answer'} {answer.body.get('message', '')}".rstrip()
