"""Lesson 13: what is high availability then?"""

from __future__ import annotations

from typing import Any

from cp_sim import availability
from cp_sim.client.leader_election import Election
from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Exercise, Lesson, Prediction, Verdict
from cp_sim.faults import FaultScript
from cp_sim.sim import format_duration

SCHEDULER = "kube-scheduler"
WEB = "/registry/deployments/default/web"

# -- predictions ---------------------------------------------------------------------------------------------------


def schedulers_at_work(cluster: Cluster) -> list[str]:
    """The schedulers that have chosen a node for a pod of yours, in the order in which they began."""
    found: dict[str, None] = {}
    for record in cluster.trace:
        if record.verb == "schedule" and record.subject.startswith("pods/default/"):
            found.setdefault(record.actor)
    return list(found)


def _how_many_schedule(cluster: Cluster) -> int:
    working = schedulers_at_work(cluster)
    if not working:
        raise LookupError("no pod of yours has been scheduled yet")
    return len(working)


def scheduling_gap_ms(cluster: Cluster, pod: str) -> int:
    """How long a pod waited for its node, in milliseconds.

    Raises:
        LookupError: there is no such pod, or it has no node yet.
    """
    history = cluster.trace.about(f"pods/default/{pod}")
    made = next((record for record in history if record.verb == "create" and record.revision), None)
    bound = next((record for record in history if record.verb == "create binding" and record.revision), None)
    if made is None:
        raise LookupError(f"there is no pod called {pod} yet")
    if bound is None:
        raise LookupError(f"the pod {pod} has no node yet: let time pass")
    return bound.time_ms - made.time_ms


def _class_of_the_gap(cluster: Cluster) -> int:
    gap_ms = scheduling_gap_ms(cluster, "late")
    return 1 if gap_ms <= 1_000 else 2 if gap_ms <= 5_000 else 3 if gap_ms <= 60_000 else 4


def _copies_of_the_deleted(cluster: Cluster) -> int:
    versions = cluster.etcd.history(WEB)
    if not versions or versions[-1].version:
        raise LookupError("the Deployment web has not been deleted yet")
    left = [name for name, member in cluster.members.items() if member.get_at(WEB) is not None]
    return 1 if left else 3


PREDICTIONS = (
    Prediction(
        "13-three",
        "Three schedulers run, one on each control plane. You ask for 30 pods. How many of the three will choose "
        "nodes?",
        (),
        _how_many_schedule,
        "One. The others hold no Lease; they watch, keep their caches warm, and wait.",
    ),
    Prediction(
        "13-gap",
        "The scheduler that leads crashes. In the same second you create a pod. When will the pod have a node?",
        (
            "at once: two other schedulers are ready",
            "after 2 to 5 seconds",
            "after 10 to 20 seconds",
            "when the scheduler is back",
        ),
        _class_of_the_gap,
        "The dead one holds the Lease until it runs out: 15 seconds after the last renewal. Nobody can know that it is "
        "dead.",
    ),
    Prediction(
        "13-backup",
        "Three members hold a copy of everything. Somebody deletes the Deployment `web` by mistake. Can you take it "
        "from one of the copies?",
        (
            "yes, from a member that has not heard of it yet",
            "yes: restart a member, and it comes back with the old state",
            "no: the delete was copied like any other write",
        ),
        _copies_of_the_deleted,
        "Copies follow each other within milliseconds, mistakes included. What helps is a snapshot taken before.",
    ),
)


# -- exercises -----------------------------------------------------------------------------------------------------

LONGEST_MS = 120_000
GAP_MS = 5_000


def _gentle_script(cluster: Cluster, answer: Any) -> Verdict:
    if not isinstance(answer, str | FaultScript):
        return Verdict(False, 'This exercise wants the text of a fault script: `check("13-script", script)`.')
    try:
        script = availability.read(answer)
    except ValueError as wrong:
        return Verdict(False, f"The script cannot be read: {wrong}", "Which lines does the lesson show?")
    if script.end_ms > LONGEST_MS:
        said = f"The last fault is at {format_duration(script.end_ms)}; two minutes are enough."
        return Verdict(False, said, "How long does a machine have to be away to count?", "Restart it after 15 seconds.")
    copy = Cluster(control_planes=3, workers=1, seed=cluster.seed)
    report = availability.measure(copy, script, until=script.end_ms + 10_000)
    missing = [host for host in copy.layout.hosts if not _fell(copy, host)]
    if missing:
        said = f"I played it on a fresh cluster of three. {' and '.join(missing)} never crashed."
        return Verdict(False, said, "Which line makes a whole machine go?", f"`at 10s crash {missing[0]}`")
    gap_ms = int(report.figures["write_gap_ms"])
    if gap_ms > GAP_MS:
        since = next(begin for begin, end, ok in report.strips["write"] if not ok and end - begin == gap_ms)
        said = (
            f"I played it on a fresh cluster of three: all three crashed, but from {seconds(since - report.start_ms)} "
            f"on nothing could be written for {seconds(gap_ms)}."
        )
        hint = "Never let two machines be away at once, and give one that is back ten seconds before the next one goes."
        return Verdict(False, said, "How many members of the store ran at that moment?", hint)
    return Verdict(
        True,
        f"I played it on a fresh cluster of three: all three crashed, and writes were never away for more than "
        f"{seconds(gap_ms)}. Of {report.figures['acknowledged_writes']:g} acknowledged writes none was lost.",
    )


def _fell(cluster: Cluster, host: str) -> bool:
    return any(record.verb == "crash" for record in cluster.trace.about(f"nodes/{host}"))


def seconds(time_ms: int) -> str:
    """A time as people say it: `2.5 s`."""
    return f"{time_ms / 1000:g} s"


TIMES = ("2 s", "5 s", "10 s", "13 to 20 s", "15 s", "40 s")
_ASKED = {
    "A": "how long a Lease counts after it was renewed for the last time",
    "B": "how long a leader that cannot renew its Lease goes on before it stops by itself",
    "C": "how often a leader renews its Lease",
    "D": "how long the pod `late` waited for its node",
}


def times(cluster: Cluster) -> dict[str, str]:
    """The right answers, read off the Lease, the code that elects, and the trace.

    Raises:
        LookupError: there is no pod `late` that has a node.
    """
    election = Election()
    held = cluster.get(f"lease/{SCHEDULER}", "kube-system")["spec"]
    gap_ms = scheduling_gap_ms(cluster, "late")
    return {
        "A": f"{held['leaseDurationSeconds']} s",
        "B": seconds(election.renew_deadline_ms),
        "C": seconds(election.retry_ms),
        "D": "13 to 20 s" if 13_000 <= gap_ms <= 20_000 else seconds(gap_ms),
    }


def form(_cluster: Cluster) -> tuple[dict[str, str], tuple[str, ...]]:
    """(what each letter stands for, the times to choose from)."""
    return dict(_ASKED), TIMES


_QUESTIONS = {
    "A": "What does `kubectl get lease kube-scheduler -n kube-system -o yaml` say?",
    "B": "It has to stop before another one may begin. Is that earlier or later than the end of the Lease?",
    "C": "How much time lies between two values of renewTime?",
    "D": "Look at the line of the Leases: when did the old holder end, and when did the new one begin?",
}


def _explains_the_gap(cluster: Cluster, answer: Any) -> Verdict:
    if not isinstance(answer, dict) or not answer:
        return Verdict(False, "This exercise wants a time for each letter.")
    try:
        truth = times(cluster)
    except LookupError as missing:
        said = f"I cannot tell yet: {missing}."
        return Verdict(False, said, "Has the leading scheduler crashed, and was a pod called late created then?")
    said_of = {str(letter).upper(): str(time).strip() for letter, time in answer.items()}
    wrong = [letter for letter, time in truth.items() if said_of.get(letter) != time]
    if not wrong:
        return Verdict(
            True,
            "All four are right. The dead one's Lease counts for 15 s after the last renewal, which was up to 2 s "
            "before the crash; then it takes up to 4 s until one of the others looks again.",
        )
    told = f"{len(truth) - len(wrong)} of {len(truth)} are right. Look at {wrong[0]} again."
    return Verdict(False, told, _QUESTIONS[wrong[0]], f"Choose from: {', '.join(TIMES)}.")


def _lead_on_the_third(cluster: Cluster, _answer: Any) -> Verdict:
    wanted = f"{SCHEDULER}-control-plane-3"
    if not cluster.layout.replicated:
        said = "This cluster has one control plane."
        return Verdict(
            False, said, "Who can lead where there is only one?", "cluster = Cluster(control_planes=3, seed=7)"
        )
    leader = cluster.leader_of(SCHEDULER)
    if leader != wanted:
        said = f"The Lease is held by {leader}." if leader else "At the moment nobody holds the Lease."
        question = "What makes a holder lose it?" if leader else "How long does it take until somebody takes it?"
        return Verdict(False, said, question)
    away = [process.name for process in cluster.processes.of(SCHEDULER) if process.state != "running"]
    if away:
        said = f"{wanted} leads, but {' and '.join(away)} {'does' if len(away) == 1 else 'do'} not run."
        hint = f'cluster.restart("{away[0]}")'
        return Verdict(False, said, "Will the lead go back when the others are started again?", hint)
    return Verdict(True, f"{wanted} leads, and all three run. Nobody takes the lead from a holder that renews.")


EXERCISES = (
    Exercise(
        "13-script",
        "Everybody falls, and nobody notices",
        "Write a fault script of at most two minutes for three control planes: each of the three machines crashes once "
        "(and may come back), and writes are never away for more than 5 seconds. I play it on a fresh cluster.",
        _gentle_script,
        "How many machines may be away at the same time?",
        "One after the other: crash, restart after 15 s, wait, next.",
        'script = """\n'
        "at 10s crash control plane 1\n"
        "at 25s restart control plane 1\n"
        "at 45s crash control plane 2\n"
        "at 60s restart control plane 2\n"
        "at 80s crash control plane 3\n"
        "at 95s restart control plane 3\n"
        '"""\n'
        'check("13-script", script)',
        "That is how a cluster is upgraded: one machine after the other, and each waits until the last one is back.",
        answer="script",
    ),
    Exercise(
        "13-fifteen",
        "Explain the gap",
        f"In `ha` the pod `late` had to wait. Which time is which? Choose from: {', '.join(TIMES)}.",
        _explains_the_gap,
        "Which of these times does the Lease itself show?",
        "The three settings of an election are 15 s, 10 s and 2 s.",
        '# A: 15 s · B: 10 s · C: 2 s · D: 13 to 20 s\ncheck("13-fifteen", {"A": "…", "B": "…", "C": "…", "D": "…"})',
        "Shorter times would close the gap sooner, and depose leaders that were only slow for a moment.",
        form,
        variable="ha",
    ),
    Exercise(
        "13-lead",
        "Move the lead",
        "In `cluster` (three control planes) bring the lead of the schedulers to `control-plane-3`. At the end all "
        "three schedulers run.",
        _lead_on_the_third,
        "What makes a holder lose its Lease, and who may take it then?",
        "Crash the schedulers of the other two, let 30 seconds pass, and start them again.",
        "for number in (1, 2):\n"
        '    cluster.crash(f"scheduler@control-plane-{number}")\n'
        'cluster.run("30s")\n'
        "for number in (1, 2):\n"
        '    cluster.restart(f"scheduler@control-plane-{number}")\n'
        'cluster.run("5s")\n'
        'check("13-lead")',
        "The lead does not go home. Whoever holds the Lease keeps it, as long as it renews.",
    ),
)

LESSON = Lesson("13-high-availability", "Lesson 13: what is high availability, then?", PREDICTIONS, EXERCISES)
