"""How components talk to the API server: client-go's part of the house.

A `Client` sends calls and hands the answers to a method of its actor; `Informers` keep caches of what a component
watches; a `WorkQueue` holds the keys that need attention, each once; a `Controller` turns keys into `Plan`s and
carries them out; an `EventRecorder` writes Kubernetes Events, counting repeated ones up; a `LeaderElector` sees to it
that of several equal processes one works; a `LoadBalancer` stands in front of several API servers.

When nobody answers, a call is answered with status 0 and the words of Go's network library, a watch ends, and everybody
tries again with client-go's pauses.

*In Kubernetes:* k8s.io/client-go (`tools/cache`, `util/workqueue`, `tools/record`) and the habits shared by all
controllers. *Simplified:* no client-side rate limit (`--kube-api-qps`), no protobuf.
"""

from cp_sim.client.client import Client, Component, ProcessExited
from cp_sim.client.controller import Controller, Manager
from cp_sim.client.expectations import Expectations
from cp_sim.client.informer import Informer, Informers
from cp_sim.client.leader_election import Election, LeaderElector
from cp_sim.client.load_balancer import LoadBalancer
from cp_sim.client.network import ClusterNetwork
from cp_sim.client.plan import (
    NOTHING,
    Action,
    Create,
    Delete,
    Emit,
    Later,
    Patch,
    Plan,
    SlowStart,
    Together,
    Update,
)
from cp_sim.client.recorder import EventRecorder
from cp_sim.client.workqueue import WorkQueue

__all__ = [
    "NOTHING",
    "Action",
    "Client",
    "ClusterNetwork",
    "Component",
    "Controller",
    "Create",
    "Delete",
    "Election",
    "Emit",
    "EventRecorder",
    "Expectations",
    "Informer",
    "Informers",
    "Later",
    "LeaderElector",
    "LoadBalancer",
    "Manager",
    "Patch",
    "Plan",
    "ProcessExited",
    "SlowStart",
    "Together",
    "Update",
    "WorkQueue",
]
