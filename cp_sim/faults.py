"""Faults as data with a time: scripts that people can read and write, for one control plane or five.

    at 30s crash etcd leader
    at 90s restart etcd leader
    at 2m  partition control plane 1 from the rest
    at 3m  heal

What a fault is aimed at is a role, found when its time has come (`etcd leader`, `scheduler leader`, `an API server`,
`control plane 2`, `load balancer`, ...), or the name of a machine or a process.  `restart` and `resume` of a role mean
whoever was struck under that name.  A role that a cluster does not have is no mistake: nothing happens, and the report
says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from cp_sim import targets
from cp_sim.sim import Chance, format_duration, immutable, parse_duration

# Action: how it reads, with what it needs.
ACTIONS = {
    "crash": "crash TARGET",
    "kill": "kill TARGET",
    "restart": "restart TARGET",
    "pause": "pause TARGET",
    "resume": "resume TARGET",
    "partition": "partition TARGET from TARGET [one way]",
    "heal": "heal",
    "slow disk": "slow disk of TARGET to 500ms",
    "fill disk": "fill disk of TARGET",
    "mend disk": "mend disk of TARGET",
    "jump clock": "jump clock of TARGET by 30s",
    "mend everything": "mend everything",
}
_PATTERNS = (
    (re.compile(r"(crash|kill|restart|pause|resume)\s+(?P<target>.+)"), ""),
    (re.compile(r"(partition)\s+(?P<target>.+?)\s+from\s+(?P<other>.+?)(?P<one_way>\s+one way)?"), ""),
    (re.compile(r"(heal)(\s+(the network|all links))?"), ""),
    (re.compile(r"(slow disk)\s+of\s+(?P<target>.+?)\s+to\s+(?P<amount>\S+)"), ""),
    (re.compile(r"(fill disk|mend disk)\s+of\s+(?P<target>.+)"), ""),
    (re.compile(r"(jump clock)\s+of\s+(?P<target>.+?)\s+by\s+(?P<amount>\S+)"), ""),
    (re.compile(r"(mend everything)"), ""),
)


class ScriptError(ValueError):
    """A fault script cannot be read; the message names the line."""


@immutable
class Fault:
    """One fault: at `at_ms` after the script has begun, `action` (see `ACTIONS`) is done to `target`."""

    at_ms: int
    action: str
    target: str = ""
    other: str = ""
    amount: str = ""
    one_way: bool = False

    @property
    def words(self) -> str:
        """What happens, in the words of a script."""
        match self.action:
            case "partition":
                return f"partition {self.target} from {self.other}{' one way' if self.one_way else ''}"
            case "slow disk":
                return f"slow disk of {self.target} to {self.amount}"
            case "jump clock":
                return f"jump clock of {self.target} by {self.amount}"
            case "fill disk" | "mend disk":
                return f"{self.action} of {self.target}"
        return f"{self.action} {self.target}".strip()

    def __str__(self) -> str:
        return f"at {format_duration(self.at_ms)} {self.words}"


@immutable
class FaultScript:
    """Faults in the order of their times, under a title.  Its text is what `parse` reads."""

    faults: tuple[Fault, ...]
    title: str = "faults"

    @property
    def end_ms(self) -> int:
        """When the last fault happens."""
        return max((fault.at_ms for fault in self.faults), default=0)

    def __str__(self) -> str:
        return "\n".join([f"# {self.title}", *map(str, self.faults)])


@immutable
class Happened:
    """What became of a fault when its time came: `words` name who was struck; `struck` is empty if nobody was."""

    time_ms: int
    words: str
    fault: Fault
    struck: tuple[str, ...] = ()


def parse(text: str, title: str = "") -> FaultScript:
    """The script that a text describes, a fault on each line; a first line `# title` names it.

    YAML is read as well: a list of `{at: 30s, do: crash etcd leader}`.

    Raises:
        ScriptError: a line cannot be read; says which, and what can stand there.
    """
    if isinstance(text, str) and text.lstrip().startswith(("-", "[")):
        return FaultScript(_in_order(_from_yaml(text)), title or "faults")
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        said, _, comment = line.partition("#")
        if not said.strip():
            title = title or comment.strip()
            continue
        found = re.fullmatch(r"\s*(?:at\s+)?(\S+)\s+(.+?)\s*", said)
        if found is None:
            raise ScriptError(f"line {number}: {line.strip()!r}: write it like `at 30s crash etcd leader`")
        faults.append(_fault(found[1], found[2], f"line {number}"))
    return FaultScript(_in_order(faults), title or "faults")


def _from_yaml(text: str) -> list[Fault]:
    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScriptError(f"this is not YAML: {error}") from None
    faults = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or set(entry) != {"at", "do"}:
            raise ScriptError(f"entry {number}: write it like {{at: 30s, do: crash etcd leader}}")
        faults.append(_fault(str(entry["at"]), str(entry["do"]), f"entry {number}"))
    return faults


def _fault(at: str, said: str, where: str) -> Fault:
    try:
        at_ms = parse_duration(at)
    except ValueError as error:
        raise ScriptError(f"{where}: {error}") from None
    words = " ".join(said.split())
    for pattern, _ in _PATTERNS:
        found = pattern.fullmatch(words)
        if found is not None:
            named = {name: value or "" for name, value in found.groupdict().items()}
            fault = Fault(
                at_ms,
                found[1],
                named.get("target", ""),
                named.get("other", ""),
                named.get("amount", ""),
                bool(named.get("one_way")),
            )
            if fault.amount:
                _check_amount(fault, where)
            return fault
    raise ScriptError(f"{where}: {words!r} is no fault; write one of: {'; '.join(ACTIONS.values())}")


def _check_amount(fault: Fault, where: str) -> None:
    try:
        parse_duration(fault.amount.lstrip("+-"))
    except ValueError as error:
        raise ScriptError(f"{where}: {error}") from None


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: fault.at_ms))


# -- doing it ----------------------------------------------------------------------------------------------------------


def play(cluster: Any, script: FaultScript, until_ms: int | None = None) -> tuple[Happened, ...]:
    """Let the script happen to `cluster` from now on, and time pass until `until_ms` after its beginning."""
    begin_ms = cluster.clock.now_ms
    struck: dict[str, tuple[str, ...]] = {}
    happened = []
    for fault in script.faults:
        cluster.run(max(0, begin_ms + fault.at_ms - cluster.clock.now_ms))
        happened.append(strike(cluster, fault, struck))
    end_ms = script.end_ms + 60_000 if until_ms is None else until_ms
    cluster.run(max(0, begin_ms + end_ms - cluster.clock.now_ms))
    return tuple(happened)


def strike(cluster: Any, fault: Fault, struck: dict[str, tuple[str, ...]]) -> Happened:
    """Let one fault happen now; `struck` remembers who was struck under which name."""
    now_ms = cluster.clock.now_ms
    if fault.action == "heal":
        cluster.heal()
        return Happened(now_ms, "heal all links", fault, ("links",))
    if fault.action == "mend everything":
        mend(cluster)
        struck.clear()
        return Happened(now_ms, "mend everything", fault, ("everything",))
    again = fault.action in ("restart", "resume", "mend disk")
    names = struck.get(fault.target, ()) if again else ()
    names = names or targets.find(cluster, fault.target)
    if not names:
        return Happened(now_ms, f"{fault.words}: there is no {fault.target} here", fault)
    struck[fault.target] = names
    done = [name for name in names if _done(cluster, fault, name, names)]
    called = fault.target if tuple(names) == (fault.target,) else f"{', '.join(names)} ({fault.target})"
    words = Fault(0, fault.action, called, fault.other, fault.amount, fault.one_way).words
    return Happened(now_ms, words if done else f"{words}: nothing to do", fault, tuple(done))


def _done(cluster: Any, fault: Fault, name: str, names: tuple[str, ...]) -> bool:
    """Do it to one target; whether there was anything to do."""
    try:
        match fault.action:
            case "partition":
                left = targets.machine_of(cluster, name)
                right = [host for host in targets.machines(cluster, fault.other, names) if host != left]
                if not right:
                    return False
                cluster.partition([left], right, one_way=fault.one_way)
            case "slow disk":
                cluster.slow_disk(name, parse_duration(fault.amount))
            case "fill disk":
                cluster.fill_disk(name)
            case "mend disk":
                cluster.mend_disk(name)
            case "jump clock":
                cluster.jump_clock(targets.machine_of(cluster, name), fault.amount)
            case "kill" if name in targets.machines(cluster, "everything", ()) or name.startswith("kubelet"):
                cluster.crash(name)
            case _:
                getattr(cluster, fault.action)(name)
    except ValueError:
        return False  # it is down already, or its machine is
    return True


def mend(cluster: Any) -> None:
    """Undo every fault: links whole, disks fast and empty, clocks right, everything running."""
    cluster.heal()
    for member in targets.find(cluster, "all etcd members"):
        cluster.mend_disk(member)
    for host in list(cluster.processes.off):
        cluster.restart(host)
    for process in [*cluster.processes.all.values(), *cluster.processes.kubelets.values()]:
        if process.state == "paused":
            cluster.resume(process.name)
        elif process.state in ("crashed", "exited"):
            cluster.restart(process.name)


# -- scripts -----------------------------------------------------------------------------------------------------------

NAMED: dict[str, str] = {
    "lose one control plane": (
        "at 30s crash the control plane of the etcd leader\nat 3m restart the control plane of the etcd leader"
    ),
    "kill the etcd leader": "at 30s crash etcd leader\nat 90s restart etcd leader",
    "lose the quorum": "at 30s crash a majority of etcd\nat 90s restart a majority of etcd",
    "partition the leader": "at 30s partition etcd leader from the rest\nat 90s heal",
    "slow disk": "at 30s slow disk of etcd leader to 800ms\nat 90s mend disk of etcd leader",
    "full disk": "at 30s fill disk of etcd leader\nat 90s mend disk of etcd leader\nat 91s restart etcd leader",
    "lose the scheduler": "at 30s crash scheduler leader\nat 2m restart scheduler leader",
    "pause the scheduler": "at 30s pause scheduler leader\nat 90s resume scheduler leader",
    "lose an API server": "at 30s crash an API server\nat 2m restart an API server",
    "lose the balancer": "at 30s crash load balancer\nat 60s restart load balancer",
}


def named(title: str) -> FaultScript:
    """One of the scripts that lessons use.

    Raises:
        ValueError: there is none of that name; the message lists them.
    """
    if title not in NAMED:
        raise ValueError(f"there is no script {title!r}; there are {', '.join(NAMED)}")
    return parse(NAMED[title], title)


# Fault, what mends it (empty: `mend everything` at the end does), and how often it is drawn.
_DRAWN = (
    ("crash etcd leader", "restart etcd leader", 3),
    ("crash an etcd follower", "restart an etcd follower", 2),
    ("pause etcd leader", "resume etcd leader", 1),
    ("crash a majority of etcd", "restart a majority of etcd", 1),
    ("crash the control plane of the etcd leader", "restart the control plane of the etcd leader", 2),
    ("crash control plane 1", "restart control plane 1", 1),
    ("crash an API server", "restart an API server", 2),
    ("kill an API server", "", 1),
    ("crash scheduler leader", "restart scheduler leader", 2),
    ("pause scheduler leader", "resume scheduler leader", 1),
    ("kill controller manager leader", "", 1),
    ("pause controller manager leader", "resume controller manager leader", 1),
    ("partition etcd leader from the rest", "heal", 2),
    ("partition etcd leader from the rest one way", "heal", 1),
    ("partition control plane 2 from the rest", "heal", 1),
    ("slow disk of etcd leader to 300ms", "mend disk of etcd leader", 1),
    ("crash load balancer", "restart load balancer", 1),
    ("crash worker 1", "restart worker 1", 1),
)


def random_script(seed: int, faults: int = 4, span: str | int = "2m") -> FaultScript:
    """A script drawn from `seed`: so many faults within `span`, each mended some time later, all at the end."""
    chance = Chance(seed).stream("faults")
    span_ms = parse_duration(span)
    choices = [(fault, mended) for fault, mended, weight in _DRAWN for _ in range(weight)]
    drawn = []
    for _ in range(faults):
        said, mended = choices[chance.randrange(len(choices))]
        at_ms = chance.randrange(span_ms)
        drawn.append(_fault(f"{at_ms}ms", said, "drawn"))
        if mended:
            lasts_ms = chance.randrange(1_000, 45_000)
            drawn.append(_fault(f"{at_ms + lasts_ms}ms", mended, "drawn"))
    last_ms = max([span_ms, *(fault.at_ms for fault in drawn)])
    drawn.append(Fault(last_ms + 1_000, "mend everything"))
    return FaultScript(_in_order(drawn), f"drawn from seed {seed}")
