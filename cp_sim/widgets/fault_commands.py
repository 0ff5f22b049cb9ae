"""The dashboard's hand that pulls plugs: commands that break and mend parts of the cluster, and what there is to break.

A fault is not followed by settling, also where changes are: one wants to watch what follows.
"""

from __future__ import annotations

from typing import Any

from cp_sim.views.quorum import natural
from cp_sim.widgets.fields import Fields, WrongField, needed, number

OTHERS = "all others"
FAULTS = (
    "crash", "kill", "restart", "pause", "resume", "partition", "heal", "slow_disk", "fill_disk", "mend_disk",
    "jump_clock", "play_script",
)  # fmt: skip


class FaultCommands:
    """The commands on processes, machines, links, disks and clocks, and scripts of all of these."""

    cluster: Any

    def do_crash(self, fields: Fields) -> str:
        """Let a process or a machine end at once; it stays away."""
        return self._strike("crash", fields, "choose what to crash", "has crashed; it stays away until you restart it")

    def do_kill(self, fields: Fields) -> str:
        """Let a process end; its kubelet starts it again."""
        return self._strike("kill", fields, "choose a process", "was killed; its kubelet starts it again")

    def do_restart(self, fields: Fields) -> str:
        """Start a process or a machine again."""
        return self._strike("restart", fields, "choose what to restart", "starts again")

    def do_pause(self, fields: Fields) -> str:
        """Let a process or a machine stand still."""
        return self._strike("pause", fields, "choose what to pause", "stands still")

    def do_resume(self, fields: Fields) -> str:
        """Let what was paused go on."""
        return self._strike("resume", fields, "choose what to resume", "goes on")

    def _strike(self, method: str, fields: Fields, hint: str, became: str) -> str:
        what = needed(fields, "target", hint)
        getattr(self.cluster, method)(what)
        return f"{what} {became}"

    def do_partition(self, fields: Fields) -> str:
        """Cut the links between a machine and another one, or all others."""
        left = needed(fields, "left", "choose a machine")
        right = needed(fields, "right", "choose the machine that it is cut off from")
        if left == right:
            raise WrongField("right", f"{left} has no link to itself: choose another machine")
        others = [name for name in machines(self.cluster) if name != left] if right == OTHERS else [right]
        one_way = bool(fields.get("one_way"))
        self.cluster.partition([left], others, one_way=one_way)
        return f"{'from ' if one_way else ''}{left} {'nothing reaches' if one_way else 'is cut off from'} {right}"

    def do_heal(self, fields: Fields) -> str:
        """Make all links whole."""
        self.cluster.heal()
        return "all links are whole"

    def do_slow_disk(self, fields: Fields) -> str:
        """Let each write to the disk of a member of the store take long."""
        member = needed(fields, "member", "choose a member of the store")
        fsync_ms = number(fields, "fsync_ms")
        try:
            self.cluster.slow_disk(member, fsync_ms)
        except ValueError as wrong:
            raise WrongField("fsync_ms", str(wrong)) from wrong
        return f"each write to the disk of {member} takes {fsync_ms} ms"

    def do_fill_disk(self, fields: Fields) -> str:
        """Fill the disk of a member of the store."""
        member = needed(fields, "member", "choose a member of the store")
        self.cluster.fill_disk(member)
        return f"the disk of {member} is full: at its next write it ends"

    def do_mend_disk(self, fields: Fields) -> str:
        """Let the disk of a member be as fast as at first, with room on it."""
        member = needed(fields, "member", "choose a member of the store")
        self.cluster.mend_disk(member)
        return f"the disk of {member} is fast and has room"

    def do_jump_clock(self, fields: Fields) -> str:
        """Let the clock of a machine jump."""
        machine = needed(fields, "clock", "choose a machine")
        by = needed(fields, "by", 'say how far, such as "+30s" or "-5m"')
        try:
            self.cluster.jump_clock(machine, by)
        except ValueError as wrong:
            raise WrongField("by", str(wrong)) from wrong
        return f"the clock of {machine} has jumped by {by}"

    def do_play_script(self, fields: Fields) -> str:
        """Let a script of faults happen from now on, and the minute after it."""
        script = needed(fields, "script", 'write a script, such as "at 5s crash etcd leader"')
        try:
            happened = self.cluster.play(script)
        except ValueError as wrong:
            raise WrongField("script", str(wrong)) from wrong
        return "; ".join(one.words for one in happened) or "nothing was to happen"


# -- what there is to break -----------------------------------------------------------------------------------------


def machines(cluster: Any) -> list[str]:
    """The machines between which there are links, the control planes first."""
    processes = getattr(cluster, "processes", None)
    if processes is None:
        return []
    hosts = [host for host in processes.hosts() if host != "user"]
    return list(dict.fromkeys([*sorted(hosts, key=natural), *sorted(processes.kubelets, key=natural)]))


def breakables(cluster: Any) -> dict[str, Any]:
    """What the panel of faults offers: (name, state) of machines and processes, the machines, the store's members."""
    processes = getattr(cluster, "processes", None)
    if processes is None:
        return {"targets": [], "machines": [], "members": []}
    off = processes.off
    hosts = machines(cluster)
    nodes = [name for name in hosts if name in processes.kubelets or name.startswith(("control-plane", "etcd-"))]
    targets = [[name, "off" if name in off else "machine"] for name in nodes if name not in processes.all]
    targets += [[process.name, process.state] for process in processes.all.values()]
    targets += [[f"kubelet@{node}", process.state] for node, process in processes.kubelets.items()]
    members = [process.name for process in processes.of("etcd")]
    return {"targets": targets, "machines": hosts, "members": members}
