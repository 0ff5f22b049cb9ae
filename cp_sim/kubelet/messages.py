"""What kubelets are told from outside: by whoever has the machines in hand, and by their own timers."""

from __future__ import annotations

from cp_sim.kubelet.spec import NodeSpec
from cp_sim.sim import immutable


@immutable
class Join:
    """A machine was started."""

    spec: NodeSpec


@immutable
class Leave:
    """A machine is gone."""

    name: str


@immutable
class Stop:
    """The kubelet of a node stops; its containers go on, nobody looks after them."""

    name: str


@immutable
class Start:
    """The kubelet of a node works again."""

    name: str


@immutable
class PostReady:
    """The kubelet of a node finds its node (not) ready."""

    name: str
    ready: bool
    reason: str
    message: str


@immutable
class Probe:
    """The readiness probes of a pod (`namespace/name`) begin to succeed or to fail."""

    pod: str
    ready: bool


@immutable
class Finish:
    """The containers of a pod (`namespace/name`) end by themselves."""

    pod: str
    exit_code: int


@immutable
class Beat:
    """The timer message for the heartbeats of one tenth of the nodes."""

    number: int


@immutable
class Again:
    """The timer message that says that a kubelet tries `method` once more."""

    name: str
    method: str
