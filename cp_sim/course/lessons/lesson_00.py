"""Lesson 00: what is a control plane?"""

from __future__ import annotations

import hashlib
from typing import Any

from cp_sim.cluster import COMPONENTS, Cluster
from cp_sim.course.lesson import Exercise, Lesson, Prediction, Verdict
from cp_sim.course.looking import arrows, ripple_of
from cp_sim.objects import meta

WEB = "deployments/default/web"
ACTORS = ("you", "deployment-controller", "replicaset-controller", "kube-scheduler", "kubelet")
_QUESTIONS = {
    "you": "Which of these arrows had to be there before anything else could happen?",
    "deployment-controller": "A Deployment does not make pods. Who reads it, and what does that one make?",
    "replicaset-controller": "Who counts pods and asks for the missing ones?",
    "kube-scheduler": "Which arrow says nothing but 'this pod belongs to that node'? Who knows all nodes?",
    "kubelet": "Who can tell that a container really runs? Who stands next to it?",
}


def _writes(cluster: Cluster) -> int:
    """In which class the number of writes falls."""
    count = sum(record.revision is not None for record in ripple_of(cluster, WEB))
    return 1 if count == 1 else 2 if count <= 4 else 3 if count <= 15 else 4


def _answer_of_a_quiet_cluster(cluster: Cluster) -> int:
    """What the API server says to a Deployment that nobody works on."""
    if "controller-manager" in cluster.components:
        raise LookupError("this is about the cluster in which only etcd and the API server run")
    cluster.get("deployment/web")
    return 3


PREDICTIONS = (
    Prediction(
        "00-writes",
        "You send ONE request: make a Deployment of 3 pods. How often will something be written before all is quiet?",
        (
            "once: my Deployment",
            "four times: the Deployment and three pods",
            "five to fifteen times",
            "more than fifteen times",
        ),
        _writes,
        "Every step is a write of its own, and each write wakes whoever waits for that kind of object.",
    ),
    Prediction(
        "00-quiet",
        "Only the API server and the store run, nobody else. You create a Deployment. What do you see?",
        ("an error: there is nobody to do it", "it waits until somebody comes", "deployment.apps/web created"),
        _answer_of_a_quiet_cluster,
        "The API server checks and stores. That somebody acts on it later is not its business.",
    ),
)


def letters(cluster: Cluster) -> dict[str, Any]:
    """The arrows of the ripple under letters, in an order that depends on the cluster's seed."""
    wanted = {
        ("create", "deployments"),
        ("create", "replicasets"),
        ("create", "pods"),
        ("create binding", "pods"),
        ("patch status", "pods"),
    }
    found = [write for write in arrows(cluster, WEB) if (write.verb, write.plural) in wanted]
    found.sort(key=lambda write: hashlib.sha256(f"{cluster.seed}/{write.verb}/{write.plural}".encode()).hexdigest())
    return dict(zip("ABCDE", found))


def form(cluster: Cluster) -> tuple[dict[str, str], tuple[str, ...]]:
    """(what each letter stands for, the actors to choose from)."""
    return {letter: write.what() for letter, write in letters(cluster).items()}, ACTORS


def _actor(write: Any) -> str:
    if write.component == "user":
        return "you"
    return "kubelet" if write.component == "kubelet" else str(write.asker)


def _name_the_actors(cluster: Cluster, answer: Any) -> Verdict:
    try:
        asked = letters(cluster)
    except LookupError:
        return Verdict(False, "There is no Deployment called web in this cluster yet: run the experiment first.")
    if not isinstance(answer, dict) or not answer:
        return Verdict(False, "This exercise wants an answer: one actor for each letter.")
    aliases = {"user": "you", "admin": "you", "kubectl": "you", "kubelets": "kubelet", "scheduler": "kube-scheduler"}
    said = {str(letter).upper(): aliases.get(str(actor), str(actor)) for letter, actor in answer.items()}
    wrong = [letter for letter, write in asked.items() if said.get(letter) != _actor(write)]
    if not wrong:
        return Verdict(True, "All five are right.")
    right = len(asked) - len(wrong)
    first = wrong[0]
    hint = f"Arrow {first} is `{asked[first].what()}`. Look at the picture of the ripple: whose box does it leave?"
    return Verdict(
        False, f"{right} of {len(asked)} are right. Look at {first} again.", _QUESTIONS[_actor(asked[first])], hint
    )


def _pods_without_a_node(cluster: Cluster, _answer: Any) -> Verdict:
    deployments = [meta.name(obj) for obj in cluster.get("deployments")]
    pods = cluster.get("pods")
    if not deployments:
        return Verdict(
            False,
            "There is no Deployment in this cluster.",
            "Did `use(other)` come before the create, so that %kubectl spoke to it?",
        )
    if len(pods) < 3:
        said = f"The Deployment is stored, but there are {len(pods)} pods."
        return Verdict(False, said, "Who makes pods? Does that one run in your cluster?")
    bound = [meta.name(pod) for pod in pods if meta.node_name(pod)]
    if bound:
        return Verdict(
            False, f"{len(bound)} of {len(pods)} pods have a node.", "Who wrote the node's name into the pod?"
        )
    if "scheduler" in cluster.components:
        return Verdict(
            False,
            "The pods have no node, but somebody is there who will soon choose one.",
            "Who chooses nodes, and does it run here?",
        )
    return Verdict(True, f"{len(pods)} pods exist, none has a node, and nobody will ever choose one.")


def _stopped_half_way(cluster: Cluster, _answer: Any) -> Verdict:
    missing = [name for name in COMPONENTS if name not in cluster.components]
    if missing:
        return Verdict(False, f"In this cluster {missing[0]} does not run. This time everybody shall be there.")
    try:
        cluster.get("deployment/api")
    except Exception:
        return Verdict(
            False, "There is no Deployment called api.", "How can a command return before the cluster has come to rest?"
        )
    pods = [pod for pod in cluster.get("pods") if meta.name(pod).startswith("api-")]
    if not pods:
        said = "Its pod is not stored yet: the ripple has not come so far."
        return Verdict(False, said, "What makes the next thing happen?")
    if any(meta.node_name(pod) for pod in pods):
        return Verdict(
            False,
            "The pod already has a node: you went too far.",
            "How can you look after every single step, and stop in time?",
            "Delete the Deployment, and begin again; stop the loop as soon as there is a pod of api.",
        )
    said = "The pod is stored, the scheduler is awake, and no node is written down yet. Time stands still."
    return Verdict(True, said)


EXERCISES = (
    Exercise(
        "00-arrows",
        "Name the actor of each arrow",
        "Below are five requests from the ripple of your Deployment, in a mixed order. Who sent each? "
        f"Choose from: {', '.join(ACTORS)}.",
        _name_the_actors,
        "Who needed to know what, to send this request?",
        "Draw the picture again with show(control_plane(cluster)) and follow the numbers.",
        "asked = letters(cluster)                # the arrows under their letters\n"
        'check("00-arrows", {letter: "…" for letter in asked})\n'
        "# create deployments: you · create replicasets: deployment-controller · create pods: replicaset-controller\n"
        "# create binding: kube-scheduler · patch status: kubelet",
        "Nobody gave an order to anybody. Each one saw a change and wrote the next one.",
        form,
    ),
    Exercise(
        "00-no-node",
        "Pods without a node",
        "Build a second cluster, called `other`, in which a Deployment of 3 leads to three pods, and none of "
        "them ever gets a "
        "node. Nothing may be broken; somebody is just not there.",
        _pods_without_a_node,
        "Which of the boxes chooses nodes?",
        "Cluster(components=(…)) names who runs. Leave out exactly one of: etcd, apiserver, scheduler, "
        "controller-manager, "
        "kubelet.",
        'other = Cluster(workers=2, seed=7, components=("etcd", "apiserver", "controller-manager", "kubelet"))\n'
        "use(other)\n"
        "%kubectl create deployment web --image=nginx --replicas=3\n"
        "use()\n"
        'check("00-no-node")',
        "Every other component worked as always. It simply had nothing to do.",
        variable="other",
    ),
    Exercise(
        "00-freeze",
        "Stop time inside the ripple",
        "In `cluster`, create a Deployment called `api` with one replica, and stop the world at a moment when its pod "
        "is stored and has no node yet.",
        _stopped_half_way,
        "Which option of %kubectl returns before the cluster has come to rest?",
        "Use %kubectl --no-settle, then call cluster.step() again and again while no pod of api is stored.",
        "%kubectl --no-settle create deployment api --image=nginx\n"
        'while not any(pod["metadata"]["name"].startswith("api-") for pod in cluster.get("pods")):\n'
        "    cluster.step()\n"
        'check("00-freeze")',
        "Now run cluster.settle() and look again: the ripple goes on from where it stood.",
    ),
)

LESSON = Lesson("00-start", "Lesson 00: what is a control plane?", PREDICTIONS, EXERCISES)
