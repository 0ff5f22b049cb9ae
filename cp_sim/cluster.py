"""The public face: a cluster that people build, ask, break, rewind and fork.

What it is made of stands beside it: `world.py` joins the components and speaks for the one outside, `operations.py`
has the verbs of a user, `breaking.py` the hand that pulls plugs, `maintenance.py` an administrator.
"""

from __future__ import annotations

import copy
import importlib
from typing import Any

from cp_sim import faults
from cp_sim.apiserver.request import ApiError
from cp_sim.asking import outside
from cp_sim.faults import FaultScript, Happened
from cp_sim.maintenance import Maintaining
from cp_sim.scheduler.waiting_pods import WaitingPod
from cp_sim.sim import parse_duration
from cp_sim.world import COMPONENTS, CONTROL_PLANE_ROLE

__all__ = ["COMPONENTS", "CONTROL_PLANE_ROLE", "Cluster"]


class Cluster(Maintaining):
    """A Kubernetes cluster inside this process.

    Args:
        control_planes: how many control-plane nodes, named `control-plane-1`, ...; from 1 to 7. With several, each has
            an API server, a scheduler and the managers, which elect leaders; a `load-balancer` stands in front.
        workers: how many worker nodes, named `worker-1`, ...
        seed: of all chance (names, uids, ties, delays); the same seed tells the same story.
        components: which of `COMPONENTS` run; `("etcd", "apiserver")` is a cluster in which nobody acts.
        order: in which order messages of one instant arrive; `shuffled(7)` explores other interleavings.
        nodes: further nodes as `NodeSpec`s.
        scheduler_profiles: a `KubeSchedulerConfiguration` as YAML text, dict or `pathlib.Path`; or a tuple of plugins,
            `DEFAULT_PLUGINS + (NoFridays(),)`; see `scheduler/framework.py` for one's own.
        scheduler_plugins: plugins, or classes of plugins, that the configuration may name beside the default ones.
        callers: further user names and their groups, `{"carol": ("dev",)}`, for `request(..., user="carol")`.
        etcd: `"stacked"`, a member of the store on each control plane, or `"external"`, members on machines of their
            own.
        etcd_members: how many members the store has, where that is not the number of control planes: for `"external"`
            (there 3 unless given), or for one control plane on a replicated store.
        etcd_flags: flags of the etcd binary for all members, `{"quota-backend-bytes": 1048576,
            "auto-compaction-retention": "5m"}`; see `FLAGS` in `etcd/flags.py`.
        leader_election: whether scheduler and managers stand for election; by default where several of them run.
        store: where the objects are kept: None for the embedded store, `"etcd://127.0.0.1:2379"` or `StoreOptions` for
            a real etcd (see `docs/etcd.md`); several processes on one etcd are API servers of one cluster.
        restore: a snapshot (`cluster.etcd.snapshot_save()`) with which the store begins; the clock goes on from its
            time.

    Raises:
        ValueError: a size or a component that cannot be.
        StoreAway: the real etcd does not answer.
    """

    def fork(self) -> Cluster:
        """A second, independent cluster that begins in exactly this state; objects are shared, never copied.

        That of a cluster on a real etcd has an embedded store with the present data; the real one is left alone.
        """
        with self.turn:
            self.loop.poll(wait=True)
            memo: dict[int, Any] = {id(value): value for value in self.etcd.all_values()}
            adapter = self.assembly.adapter
            if adapter is None:
                return copy.deepcopy(self, memo)
            memo[id(adapter)] = embedded = adapter.embedded()
            made = copy.deepcopy(self, memo)
            embedded.loop = made.loop
            embedded.started()
            return made

    @outside
    def play(self, script: FaultScript | str, until: str | int | None = None) -> tuple[Happened, ...]:
        """Let a fault script happen from now on; returns what became of each fault.

        `script` is a `FaultScript`, its text, or the name of one of `faults.NAMED`. Time passes until `until` after the
        beginning, by default one minute more than the script takes.

        Raises:
            ScriptError: the text cannot be read; names the line.
            ValueError: nobody knows who is meant.
        """
        if isinstance(script, str):
            script = faults.named(script) if script in faults.NAMED else faults.parse(script)
        return faults.play(self, script, None if until is None else parse_duration(until))

    @outside
    def permit(self, pod: str, plugin: str) -> None:
        """Say for a Permit plugin of the scheduler that a waiting pod (`"web-1"`, `"shop/web-1"`) may be bound.

        *In Kubernetes:* `GetWaitingPod(uid).Allow(plugin)`, which a plugin does when what it waits for has come.

        Raises:
            LookupError: no such pod waits; names those that do.
            ValueError: the pod's profile has no such Permit plugin.
        """
        self._waiting_pod(pod).allow(plugin)

    @outside
    def refuse(self, pod: str, plugin: str, message: str = "") -> None:
        """Say for a Permit plugin of the scheduler that a waiting pod may not have its node; raises as `permit`."""
        self._waiting_pod(pod).reject(plugin, message)

    def _waiting_pod(self, pod: str) -> WaitingPod:
        waiting = self.waiting_pods
        name = pod.removeprefix("pod/")
        found = waiting.get(name if "/" in name else f"default/{name}")
        if found is None:
            raise LookupError(f"no pod {pod!r} waits for a Permit plugin; waiting: {', '.join(waiting) or 'nobody'}")
        return found

    def replay(self) -> Cluster:
        """A new cluster to which everything in the journal was done again; it ends in the same state.

        Raises:
            ValueError: the store is a real etcd, where everything would be done twice.
        """
        if self._made_with["store"] is not None:
            raise ValueError("a cluster on a real etcd cannot be replayed: its data would be there already")
        made_with = copy.deepcopy(self._made_with)
        again = Cluster(**made_with)
        for asked in self.journal:
            try:
                getattr(again, asked.method)(*asked.args, **dict(asked.kwargs))
            except (ApiError, ValueError, LookupError):
                continue  # it was refused then, too
        return again

    def close(self) -> None:
        """Hang up on a real etcd; the cluster cannot be used afterwards. An embedded store has nothing to close."""
        if hasattr(self.store_actor, "close"):
            self.store_actor.close()

    # -- seeing ----------------------------------------------------------------------------------------------------

    def dashboard(self, **options: Any) -> Any:
        """The dashboard, to be the last line of a cell: pictures, controls, the slider over revisions, the log."""
        # Widgets are above this room; the one door upward is opened by name, when somebody asks for a picture.
        return importlib.import_module("cp_sim.widgets").dashboard(self, **options)

    # -- real clients ----------------------------------------------------------------------------------------------

    def serve_etcd(self, port: int = 2379, host: str = "127.0.0.1") -> Any:
        """Let the real `etcdctl` speak to the store while this notebook goes on; returns the server.

        The server has an `endpoint` for `etcdctl --endpoints` and ends with `stop()` or a `with` block. `port=0` takes
        any free port; further members of the store listen on the ports that follow.

        *In Kubernetes:* the client port of etcd. *Simplified:* without TLS, for programs on this machine.

        Raises:
            ValueError: the port is taken.
            ModuleNotFoundError: the extra `cp-sim[etcd]` is not installed.
        """
        return importlib.import_module("cp_sim.gateway").serve_etcd(self, port, host)

    def __repr__(self) -> str:
        return (
            f"<Cluster of {len(self.get('nodes'))} nodes, {len(self.get('pods', '*'))} pods, "
            f"revision {self.revision}, {self.clock.timestamp()}>"
        )
