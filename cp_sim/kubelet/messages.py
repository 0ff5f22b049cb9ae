"""What kubelets are told from outside: by whoever has the machines in hand, and by their own timers."""

from __future__ import annotations

from cp_sim.kubelet.spec import NodeSpec
from cp_sim.sim import immutable


@immutable
class Join:
    """A machine was started; `number` is its own among all machines, 0: the next one here."""

    spec: NodeSpec
    number: int = 0


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
class PowerOff:
    """The machine of a node is off, and everything that ran on it has ended."""

    name: str


@immutable
class PowerOn:
    """The machine of a node has booted, its kubelet starts."""

    name: str


@immutable
class CutOff:
    """The machine of a node is cut off from the API server, or (`off` false) no longer."""

    name: str
    off: bool


@immutable
class JumpClock:
    """The clock of a node's machine jumps."""

    name: str
    by_ms: int


@immutable
class StaticPod:
    """What has become of the process behind a static pod: it runs, or it has ended with `exit_code` and waits."""

    node: str
    component: str
    running: bool
    exit_code: int = 0
    restarts: int = 0
    reason: str = ""  # why it waits, e.g. CrashLoopBackOff; empty: it is not started again for now
    message: str = ""


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
