"""Lesson 02: what is in the store?"""

from __future__ import annotations

import hashlib
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Exercise, Lesson, Prediction, Verdict
from cp_sim.course.lessons.checks_02 import catches_up
from cp_sim.etcd.store import KeyValue
from cp_sim.objects import edit

TEA = "/registry/configmaps/default/tea"
NOTE = "/registry/configmaps/default/note"
SHOP = "/registry/deployments/default/shop"
SEAT, LOST = "/course/seat", "/course/lost"
MAPS = "/api/v1/namespaces/default/configmaps"

# -- predictions ---------------------------------------------------------------------------------------------------


def _growth_of_the_number(cluster: Cluster) -> int:
    versions = cluster.etcd.history(TEA)
    if len(versions) < 2:
        raise LookupError("the config map tea has not been changed yet")
    grown = versions[1].mod_revision - versions[0].mod_revision
    return 1 if grown == 0 else 2 if grown == 1 else 3


def _after_the_delete(cluster: Cluster) -> int:
    versions = cluster.etcd.history(NOTE)
    if not versions or versions[-1].version:
        raise LookupError("the config map note has not been deleted yet")
    return 3 if len(versions) > 1 else 1


def _after_two_writers(cluster: Cluster) -> int:
    tried = [record for record in cluster.trace.about("configmaps/default/tea") if record.verb == "update"]
    if len(tried) < 2:
        raise LookupError("the two have not written yet")
    stored = [record.revision is not None for record in tried]
    return 2 if stored[:2] == [True, False] else 1


def _after_the_compaction(cluster: Cluster) -> int:
    compacted = cluster.etcd.compact_revision
    if not compacted:
        raise LookupError("nothing has been compacted yet")
    older = [kv for kv in cluster.etcd.range_at("/registry/") if kv.mod_revision < compacted]
    return 2 if older else 1


PREDICTIONS = (
    Prediction(
        "02-count",
        "`tea` was written once. Now you create a Deployment of 3 pods, and after that you change `tea` for the "
        "first time. By how much will its resourceVersion have grown?",
        ("not at all", "by 1: it is the second version of this object", "by 30 or more"),
        _growth_of_the_number,
        "There is one count for the whole store. Everything that was written in between took a number, too.",
    ),
    Prediction(
        "02-delete",
        "The config map `note` was created and then deleted. What does the store hold under its key now?",
        ("nothing at all", "the key, with an empty value", "what it was, and a mark that it ended"),
        _after_the_delete,
        "A delete is a write like any other. It adds a tombstone; what was there before can still be read.",
    ),
    Prediction(
        "02-two-writers",
        "Ann and Bob have both read the same version of `tea`. Ann stores her change. Then Bob stores his, which is "
        "based on what he read. What happens to Bob?",
        ("his text replaces Ann's", "he is refused, and nothing of his is stored", "the two texts are merged"),
        _after_two_writers,
        "His write said 'only if it is still the version that I read'. It was not, and so nothing happened.",
    ),
    Prediction(
        "02-compact",
        "The store is compacted: its history up to now is forgotten. Most objects were written long before. What is "
        "lost?",
        (
            "every object that was written before",
            "what one could only see by looking back",
            "nothing: it takes effect at the next restart",
        ),
        _after_the_compaction,
        "The newest version of every key stays, however old it is. Only older versions and tombstones go.",
    ),
)

# -- where did it become five? -------------------------------------------------------------------------------------


def busy_morning(cluster: Cluster) -> Cluster:
    """Let a Deployment `shop` be scaled up and down, in an order that depends on the cluster's seed; it is 5 once."""
    cluster.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "shop"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "shop"}},
                "template": {
                    "metadata": {"labels": {"app": "shop"}},
                    "spec": {"containers": [{"name": "shop", "image": "nginx"}]},
                },
            },
        }
    )
    others = sorted((1, 3, 4, 6, 7), key=lambda count: hashlib.sha256(f"{cluster.seed}/{count}".encode()).hexdigest())
    place = 1 + cluster.seed % 3
    for count in (*others[:place], 5, *others[place:]):
        cluster.settle()
        cluster.scale("deployment/shop", count)
    return cluster.settle()


def became_five(cluster: Cluster) -> int:
    """The revision in which the shop's `spec.replicas` became 5.

    Raises:
        LookupError: there is no such revision that can be read.
    """
    for kv in cluster.etcd.history(SHOP):
        if _wanted(kv) == 5:
            return kv.mod_revision
    raise LookupError("there is no revision in which the shop's spec.replicas became 5: begin with busy_morning()")


def _wanted(kv: KeyValue | None) -> Any:
    return edit.get(kv.value, "spec.replicas") if kv is not None and kv.version else None


def _where_it_became_five(cluster: Cluster, answer: Any) -> Verdict:
    try:
        truth = became_five(cluster)
    except LookupError as missing:
        return Verdict(False, f"{str(missing)[0].upper()}{str(missing)[1:]}.")
    if not isinstance(answer, int) or isinstance(answer, bool):
        return Verdict(False, "This exercise wants a revision: a number.")
    if answer == truth:
        return Verdict(True, f"Revision {truth} wrote spec.replicas: 5.")
    if not 1 <= answer <= cluster.revision:
        said = f"There is no revision {answer}: the store is at {cluster.revision}."
        return Verdict(False, said, "Which numbers can be revisions of this store?")
    written = {kv.mod_revision: kv for kv in cluster.etcd.history(SHOP)}
    if answer in written:
        return _another_version(written[answer], answer)
    record = cluster.trace.of_revision(answer)
    about = f"wrote {record.subject}" if record else "did not write the Deployment shop"
    if record and record.subject.startswith("replicasets/default/shop-"):
        return Verdict(
            False,
            f"Revision {answer} {about}.",
            "The ReplicaSet was told by somebody. By whom, and in which revision?",
            "Look at the versions of the Deployment's own key.",
        )
    return Verdict(False, f"Revision {answer} {about}.", "Which key holds the Deployment shop, and who lists its past?")


def _another_version(kv: KeyValue, answer: int) -> Verdict:
    """What to say about a version of the Deployment that is not the one."""
    shown = edit.get(kv.value, "status.replicas")
    if _wanted(kv) == 5:
        return Verdict(
            False,
            f"At revision {answer} spec.replicas is 5, but it was 5 before.",
            "Who else writes into a Deployment, besides you?",
            "A version tells of one write; compare spec.replicas with that of the version before.",
        )
    if shown == 5:
        return Verdict(
            False,
            f"At revision {answer} status.replicas is 5, and spec.replicas is {_wanted(kv)}.",
            "Which of the two is what you asked for, and which is what there was?",
            "Look at spec.replicas.",
        )
    return Verdict(False, f"At revision {answer} the shop wants {_wanted(kv)}.", "What was wanted before and after?")


# -- the seat ------------------------------------------------------------------------------------------------------


def _one_seat(cluster: Cluster, _answer: Any) -> Verdict:
    seat, lost = cluster.etcd.history(SEAT), cluster.etcd.history(LOST)
    if not seat:
        return Verdict(False, f"There is no key {SEAT} yet.", "Which condition is true only while a key is missing?")
    if len(seat) > 1:
        said = f"The seat was written {len(seat)} times; the last to come has it now."
        return Verdict(
            False,
            said,
            "What must be true of the key, so that nobody sits on it yet?",
            f"A key that is missing has the version 0. Begin anew with cluster.etcd.delete({SEAT!r}) and other keys, "
            "or a new cluster.",
        )
    if text_of(seat[0]) != "ann":
        return Verdict(False, f"On the seat sits {text_of(seat[0])!r}.", "Who was to ask first?")
    if not lost:
        said = "Ann has the seat. Nobody has written down that Bob did not get it."
        return Verdict(False, said, "What does a txn do when its condition does not hold?")
    if text_of(lost[-1]) != "bob" or lost[-1].mod_revision < seat[0].mod_revision:
        return Verdict(False, f"{LOST} says {text_of(lost[-1])!r}.", "Who came second, and does he have a seat?")
    return Verdict(True, f"Ann sits since revision {seat[0].mod_revision}. Bob came too late, and nothing was lost.")


def text_of(kv: KeyValue) -> str:
    """A value as text."""
    return kv.value.decode() if isinstance(kv.value, bytes) else str(kv.value)


EXERCISES = (
    Exercise(
        "02-five",
        "When did it become five?",
        "`busy_morning(cluster)` has scaled the Deployment `shop` up and down. In one revision somebody asked for 5 "
        "replicas. Which one?",
        _where_it_became_five,
        "Which key holds the Deployment, and which of its versions differ in spec.replicas?",
        "Go through cluster.etcd.history(key) and print mod_revision and spec.replicas of each version.",
        'for kv in cluster.etcd.history("/registry/deployments/default/shop"):\n'
        '    print(kv.mod_revision, kv.value["spec"]["replicas"])\n'
        "# the first revision with a 5 is the answer",
        "On a real cluster such a question can be answered for some minutes only: then the past is compacted.",
        answer="revision",
    ),
    Exercise(
        "02-catch-up",
        "Get a 410, and recover",
        "Your program last saw the config maps at revision `seen`. Write `catch_up(cluster, seen)`: it watches them "
        "from there; if it is told 410, it lists them and watches on from the list. I try it on copies of your "
        "cluster, on one of which the past is gone.",
        catches_up,
        "How does a watch say that the past is gone?",
        'Its only change has the type "ERROR". Then ask for the list, and take the resourceVersion of the list itself.',
        "def catch_up(cluster, seen):\n"
        '    ask = {"watch": 1, "resourceVersion": seen, "timeoutSeconds": 1}\n'
        f'    answer = cluster.request("GET", "{MAPS}", ask)\n'
        '    if any(change["type"] == "ERROR" for change in answer.body):\n'
        f'        listed = cluster.request("GET", "{MAPS}")\n'
        '        ask["resourceVersion"] = listed.body["metadata"]["resourceVersion"]\n'
        f'        answer = cluster.request("GET", "{MAPS}", ask)\n'
        "    return answer\n"
        'check("02-catch-up", catch_up)',
        "Every controller, every kubelet and every `kubectl get -w` does just this: list, then watch.",
        answer="catch_up",
    ),
    Exercise(
        "02-seat",
        "One seat for two",
        f"There is one seat, the key `{SEAT}`. Send the same txn twice, first for `ann`, then for `bob`: if nobody "
        f"sits there, write the name to `{SEAT}`; else write it to `{LOST}`.",
        _one_seat,
        "Which condition is true only while a key is missing?",
        "A key that is missing has the version 0. cluster.etcd.txn takes a condition, what to do if it holds, and what "
        "to do if not.",
        'for name in ("ann", "bob"):\n'
        "    cluster.etcd.txn(\n"
        f'        \'version("{SEAT}") = "0"\', success=f"put {SEAT} {{name}}", failure=f"put {LOST} {{name}}"\n'
        "    )\n"
        'check("02-seat")',
        "That is how a leader is elected, too: whoever writes first holds the seat. You meet it again in lesson 13.",
    ),
)

LESSON = Lesson("02-etcd", "Lesson 02: what is in the store?", PREDICTIONS, EXERCISES)
