"""Lesson 12: what if etcd loses members?"""

from __future__ import annotations

from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Exercise, Lesson, Prediction, Verdict
from cp_sim.course.lessons.checks_12 import cases as cases
from cp_sim.course.lessons.checks_12 import form, thrown_away, which_side
from cp_sim.course.looking import running_on
from cp_sim.raft.story import read, tell
from cp_sim.sim import Record
from cp_sim.views.quorum import RUNNING, Group, group_of

MAPS = "/api/v1/namespaces/default/configmaps"
GIVE_UP_MS = 300_000  # after so long pods would be evicted from a node that is silent


def write(cluster: Cluster, name: str) -> str:
    """Try to store a config map; says in a line what became of it, and how long it took."""
    begun = cluster.clock.now_ms
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    answer = cluster.request("POST", MAPS, body=body)
    told = "stored" if answer.ok else f"{answer.status} {answer.body.get('message', '')}".strip()
    return f"{name}: {told} ({(cluster.clock.now_ms - begun) / 1000:.3f} s)"


# -- what happened -------------------------------------------------------------------------------------------------


def group(cluster: Cluster) -> Group:
    """The members of the store.  *Raises* LookupError: it has no members to speak of."""
    found = group_of(cluster)
    if found is None:
        raise LookupError("this store is not a group of members")
    return found


def up(cluster: Cluster) -> list[str]:
    """The members that run now."""
    return [one.name for one in group(cluster).members if one.state == RUNNING]


def _gap_after_the_leader(cluster: Cluster) -> int:
    """How long the store had no leader after the last crash of one, in a class of the prediction's answers."""
    lost = [record for record in _crashes(cluster) if _led(cluster, record)]
    if not lost:
        raise LookupError("no leader has crashed yet")
    later = [record for record in _elections(cluster) if record.id > lost[0].id]
    if not later:
        return 4
    gap_ms = later[0].time_ms - lost[0].time_ms
    return 1 if gap_ms < 100 else 2 if gap_ms <= 5_000 else 3


def _elections(cluster: Cluster) -> list[Record]:
    """The records of members that became leader."""
    return [
        record for record in cluster.trace if record.subject.startswith("members/") and record.verb == "become leader"
    ]


def _crashes(cluster: Cluster) -> list[Record]:
    """The records of crashes of members, whatever they are filed under."""
    names = tuple(cluster.members)
    return [record for record in cluster.trace if record.verb == "crash" and record.subject.endswith(names)]


def _led(cluster: Cluster, crash: Record) -> bool:
    """Whether it was the leader that crashed."""
    before = [record for record in _elections(cluster) if record.id < crash.id]
    return bool(before) and crash.subject.endswith(before[-1].subject.removeprefix("members/"))


def _pods_without_a_store(cluster: Cluster) -> int:
    known = group(cluster)
    if any(known.has_quorum(side) for side in known.sides()):
        raise LookupError("there still is a majority that can write")
    if cluster.clock.now_ms - _crashes(cluster)[-1].time_ms < GIVE_UP_MS:
        raise LookupError("let more time pass: five minutes at least")
    workers = [name for name in cluster.kubelets.nodes if not name.startswith("control-plane")]
    return 2 if any(running_on(cluster, name) for name in workers) else 1


def _side_that_goes_on(cluster: Cluster) -> int:
    known = group(cluster)
    sides = known.sides()
    if len(sides) < 2:
        raise LookupError("all members still reach each other")
    leader = known.leader
    able = [side for side in sides if known.has_quorum(side) and leader is not None and leader.name in side]
    if not able:
        return 4
    return 2 if len(able[0]) == 3 else 1


def _two_of_four(cluster: Cluster) -> int:
    known = group(cluster)
    if len(known.voters) != 4 or len(up(cluster)) != 2:
        raise LookupError("this is about four members of which two are gone")
    return 2 if known.leader is None or not known.has_quorum(up(cluster)) else 1


def _fate_of_x(_cluster: Cluster) -> int:
    """Whether x, the second entry of term 1, is still in the log of s2 at the end of the story."""
    last = [line for line in tell(read("figure-8")).splitlines() if line.strip().startswith("s2 ")][-1]
    return 1 if last.partition("log ")[2].split().count("1") > 1 else 2


PREDICTIONS = (
    Prediction(
        "12-four",
        "Three members survive the loss of one. A colleague adds a fourth, to be on the safe side. How many of the "
        "four may be lost?",
        ("two", "one, as before", "three"),
        _two_of_four,
        "More than half of four is three. With two gone there are only two left, and two are not more than half.",
    ),
    Prediction(
        "12-leader",
        "The leader of three members crashes. For how long can nothing be written?",
        (
            "not at all: the others have everything and go on",
            "for one to three seconds",
            "for about a minute",
            "until the leader is back",
        ),
        _gap_after_the_leader,
        "The others wait for about a second without a heartbeat before they elect. Nobody told them of the crash.",
    ),
    Prediction(
        "12-pods",
        "Two of three members are gone for six minutes, and nothing can be written. What becomes of the pods that run?",
        ("they stop, or are evicted after five minutes", "they run on", "they are moved to the other node"),
        _pods_without_a_store,
        "A kubelet keeps running what it has. To evict a pod is to write, and that is just what nobody can.",
    ),
    Prediction(
        "12-side",
        "Five members; the network breaks. On one side the leader and one more, on the other side three. Which side "
        "can write?",
        (
            "the two, because the leader is there",
            "the three",
            "both, each for itself",
            "neither, until the network is whole",
        ),
        _side_that_goes_on,
        "Only three of five are a majority. They elect a leader of their own, and the old one steps down.",
    ),
    Prediction(
        "12-figure-8",
        "The entry x is on the disks of three of five members, and s1, which has it, leads term 3. Is x safe now?",
        ("yes: a majority has it", "no: it may still be replaced"),
        _fate_of_x,
        "x is of term 1, and a leader counts only entries of its own term. s5 could win, because its last entry is of "
        "a later term than that of s3 and s4.",
    ),
)


# -- exercises -----------------------------------------------------------------------------------------------------


def _survivor(cluster: Cluster, _answer: Any) -> Verdict:
    known = group(cluster)
    count = len(known.members)
    if count != 5:
        said = f"This store has {count} members; this exercise is about five."
        return Verdict(
            False,
            said,
            "How is a store of five members made?",
            'cluster = Cluster(etcd="external", etcd_members=5, seed=7)',
        )
    gone = count - len(up(cluster))
    stored = [record for record in cluster.trace.about("configmaps/default/survivor") if record.revision]
    if not stored:
        if gone > 2:
            said = f"{gone} of 5 members are gone, and no config map survivor was stored."
            return Verdict(False, said, "How many of five are more than half?", "Restart one of them, and try again.")
        return Verdict(False, f"{gone} of 5 members are gone, and there is no config map called survivor yet.")
    down = _down_at(cluster, stored[0])
    if down < 2:
        said = f"survivor was stored with {down} of five members gone. It can bear more."
        again = "Delete it, crash more members, and create it again."
        return Verdict(False, said, "How many must be left?", again)
    return Verdict(True, f"survivor was stored in revision {stored[0].revision} with {down} of five members gone.")


def _down_at(cluster: Cluster, moment: Record) -> int:
    """How many members were down when something happened."""
    down: set[str] = set()
    for record in cluster.trace:
        if record.id >= moment.id:
            break
        name = record.subject.rpartition("/")[2]
        if record.verb == "crash":
            down |= {member for member in cluster.members if member == name or member.endswith(f"-{name}")}
        elif record.verb == "restart":
            down -= {member for member in cluster.members if member == name or member.endswith(f"-{name}")}
    return len(down)


EXERCISES = (
    Exercise(
        "12-survivor",
        "Write through the most crashes",
        "`cluster` has five members. Crash as many of them at once as it can bear, and then store a config map called "
        "`survivor`.",
        _survivor,
        "How many of five are more than half?",
        "Crash two: `cluster.crash(...)`, wait a few seconds with `cluster.run(...)`, then "
        '`write(cluster, "survivor")`. A third would be one too many.',
        'cluster.crash("etcd-1")\n'
        'cluster.crash("etcd-2")\n'
        'cluster.run("10s")\n'
        'print(write(cluster, "survivor"))\n'
        'check("12-survivor")',
        "Two of five. With seven members it would be three; but every write then waits for four disks.",
    ),
    Exercise(
        "12-sides",
        "Which side commits?",
        "The network falls into pieces, and some members have crashed. For each letter say which side can still write: "
        "its members, such as `1 2`, or `nobody`.",
        which_side,
        "How many are more than half of all the members that belong to the group, crashed ones included?",
        "Count the whole group first, then the running members on each side.",
        "asked = cases(cluster)                  # the cases under their letters\n"
        "# more than half of ALL members, and only those that run: "
        "5 members need 3 on one side, 4 need 3, 3 need 2\n"
        'check("12-sides", {letter: "…" for letter in asked})',
        "Crashed members still count as members. That is why a dead one should be removed.",
        form,
    ),
    Exercise(
        "12-thrown-away",
        "A write that nobody was told of",
        "Write a story: a client writes something, it stands in a leader's log, and at the end, when all members run "
        "and agree again, it is gone. Lines to use: `> cut s1 from s2 s3`, `> s2 stands for election`, "
        "`> heal the links`, `> 20 ticks pass`.",
        thrown_away,
        "How can a leader take a write that it cannot pass on?",
        "Cut the leader off before the client writes. Then let another one be elected, and heal the links.",
        'story = """\n'
        "> members s1 s2 s3\n"
        "> s1 stands for election\n"
        "> cut s1 from s2 s3\n"
        "> a client writes x at s1\n"
        "> s2 stands for election\n"
        "> 20 ticks pass\n"
        "> heal the links\n"
        "> 20 ticks pass\n"
        '"""\n'
        'check("12-thrown-away", story)',
        "That is the promise: what was *answered* is kept. What was never answered may be kept or lost.",
        answer="story",
    ),
)

LESSON = Lesson("12-quorum", "Lesson 12: what if etcd loses members?", PREDICTIONS, EXERCISES)
