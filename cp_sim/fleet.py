"""The kubelets of a cluster with several control planes: one actor each, with connections of its own."""

from __future__ import annotations

from cp_sim.kubelet import Kubelets, NodeSpec
from cp_sim.kubelet.messages import Join
from cp_sim.kubelet.node import HollowNode
from cp_sim.sim import Loop


def actor_of(node: str) -> str:
    """The name of the actor that is the kubelet of a node."""
    return f"kubelet/{node}"


class Fleet:
    """All kubelets behind the face of one: what is said of a node goes to the kubelet of that node.

    With one control plane a single actor, `Kubelets`, is all of them at once, which is faster; here each has its own
    connection, as each kubelet has, so that it can lose it alone.
    """

    def __init__(self, loop: Loop, server: str) -> None:
        self._loop = loop
        self._server = server
        self._numbers: dict[str, int] = {}

    def number_of(self, name: str) -> int:
        """The number of a machine, from which its address is made; a new one's is the next."""
        return self._numbers.setdefault(name, len(self._numbers) + 1)

    @property
    def nodes(self) -> dict[str, HollowNode]:
        """What the kubelets know of their machines."""
        return {name: node for actor in self._actors() for name, node in actor.nodes.items()}

    def _actors(self) -> list[Kubelets]:
        return [actor for actor in self._loop.actors.values() if isinstance(actor, Kubelets)]

    def add(self, spec: NodeSpec) -> None:
        """Start a kubelet on a machine; it registers its Node."""
        name = actor_of(spec.name)
        if name not in self._loop.actors:
            kubelet = Kubelets(name, only=spec.name)
            kubelet.api.server = self._server
            self._loop.add(kubelet)
        self._loop.send(name, Join(spec, self.number_of(spec.name)))

    def remove(self, name: str) -> None:
        """The machine is gone, with everything that ran on it."""
        self._loop.remove(actor_of(name))

    def stop(self, name: str) -> None:
        """Stop the kubelet of a node: no more heartbeats and no more pod work."""
        self._of_node(name).stop(name)

    def start(self, name: str) -> None:
        """Let a stopped kubelet work again."""
        self._of_node(name).start(name)

    def power_off(self, name: str) -> None:
        """Switch a machine off: kubelet and containers are gone at once."""
        self._of_node(name).power_off(name)

    def power_on(self, name: str) -> None:
        """Let a machine boot: its kubelet starts, and starts its pods' containers again."""
        self._of_node(name).power_on(name)

    def jump_clock(self, name: str, by_ms: int) -> None:
        """Let the clock of a machine jump: the times that its kubelet posts are wrong from now on."""
        self._of_node(name).jump_clock(name, by_ms)

    def post_ready(self, name: str, ready: bool = True, reason: str = "", message: str = "") -> None:
        """Let the kubelet of a node post that it is ready, or not and why."""
        self._of_node(name).post_ready(name, ready, reason, message)

    def probe(self, pod: str, ready: bool) -> None:
        """Let the readiness probes of a pod (`namespace/name`) succeed or fail from now on."""
        for kubelet in self._of_pod(pod):
            kubelet.probe(pod, ready)

    def finish(self, pod: str, exit_code: int = 0) -> None:
        """Let all containers of a pod (`namespace/name`) end with `exit_code`."""
        for kubelet in self._of_pod(pod):
            kubelet.finish(pod, exit_code)

    def _of_node(self, name: str) -> Kubelets:
        kubelet = self._loop.actors[actor_of(name)]
        assert isinstance(kubelet, Kubelets)
        return kubelet

    def _of_pod(self, pod: str) -> list[Kubelets]:
        return [actor for actor in self._actors() if actor.pods.get(pod) is not None]
