"""Stories: transcripts of Raft that are read by people and checked by tests.

A story is a text.  Lines with `#` explain, lines with `>` say what happens, and the indented lines after them tell
what came of it: first what was said and what clients heard, then the members that changed, one a line.  `tell(text)`
plays the lines with `>` and writes everything else anew, so a story that is true is equal to what `tell` makes of it.

    > members s1 s2 s3                    begins; also `learner s4`, `without pre-vote`, `without check quorum`,
                                          `one entry a message`, `seed 7`, each after a comma
    > s1 stands for election              > 10 ticks pass
    > a client writes x at s1             > a client reads r at s2
    > s1 crashes     > s1 restarts        > s1 pauses      > s1 goes on
    > cut s1 from s2 s3                   nothing passes in either direction
    > cut the way from s1 to s2           nothing passes in this direction
    > heal the links                      > the disk of s3 needs 2 ticks
    > a message needs 1 tick              (0: it arrives at once, as in the beginning)
    > s1 hands over to s2                 > s1 compacts its log     (`..., keeping 2`: entries)
    > s4 arrives                          a machine that is not a member yet
    > add learner s4 | add voter s4 | promote s4 | remove s4     (` at s2`, else at the leader)
    > look                                shows all members
    > show messages | show heartbeats | hide messages | show members
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

from cp_sim.raft.messages import Change, Dropped
from cp_sim.raft.stage import Stage
from cp_sim.raft.telling import member_line, message_line

# What may stand after `>`, and the method of `Story` that does it.
COMMANDS = (
    (r"members (.+)", "members"),
    (r"(\w+) stands? for election", "campaign"),
    (r"(\d+) ticks? pass(?:es)?", "ticks"),
    (r"a client writes (\S+) at (\w+)", "write"),
    (r"a client reads (\S+) at (\w+)", "read"),
    (r"(\w+) crashes", "crash"),
    (r"(\w+) restarts", "restart"),
    (r"(\w+) (pauses|goes on)", "pause"),
    (r"cut (\w+) from ([\w ]+)", "cut"),
    (r"cut the way from (\w+) to (\w+)", "cut_way"),
    (r"heal the links", "heal"),
    (r"the disk of (\w+) needs (\d+) ticks?", "slow"),
    (r"a message needs (\d+) ticks?", "transit"),
    (r"(\w+) hands over to (\w+)", "transfer"),
    (r"(\w+) compacts its log(?:, keeping (\d+))?", "compact"),
    (r"(\w+) arrives", "arrive"),
    (r"(add learner|add voter|promote|remove) (\w+)(?: at (\w+))?", "change"),
    (r"look", "look"),
    (r"(show|hide) (messages|heartbeats|members)", "show"),
)


class Story:
    """A story while it is played: the stage, and the lines told so far."""

    def __init__(self, stage: type[Stage] = Stage, **options: Any) -> None:
        self.stage_class, self.options = stage, options
        self.stage = stage(())
        self.lines: list[str] = []
        self.shown: dict[str, str] = {}
        self.shows: dict[str, bool] = {}

    def play(self, command: str) -> None:
        """Do what `command` says, and tell what came of it.

        *Raises* ValueError if it says nothing that can be done.
        """
        for pattern, method in COMMANDS:
            found = re.fullmatch(pattern, command)
            if found is not None:
                getattr(self, method)(*found.groups())
                self.report()
                return
        raise ValueError(f"{command!r} is no line of a story; cp_sim.raft.story lists what may be said")

    def known(self, *names: str) -> None:
        """Nobody may be named who is not on stage, so that a slip of the pen is not taken for a story."""
        for name in names:
            if name not in self.stage.hosts:
                raise ValueError(f"there is no member {name}; there are {', '.join(self.stage.hosts) or 'none yet'}")

    def report(self) -> None:
        """Tell what was said, what clients heard, and where the members are now."""
        stage = self.stage
        for message in stage.sent or ():
            beat = message.kind.startswith("heartbeat") and message.context is None
            if self.shows.get("messages") and (not beat or self.shows.get("heartbeats")):
                self.lines.append(f"        {message_line(message)}")
        stage.sent = []
        self.lines += [f"        {note}" for note in stage.notes]
        stage.notes = []
        width = max((len(name) for name in stage.hosts), default=0)
        now = {name: member_line(host, width, self.shows.get("members", False)) for name, host in stage.hosts.items()}
        self.lines += [f"    {line}" for name, line in now.items() if self.shown.get(name) != line]
        self.shown = now

    # ---- what may be said

    def members(self, words: str) -> None:
        """A new group."""
        names, *rest = [part.strip() for part in words.split(",")]
        learners = tuple(part.removeprefix("learner ") for part in rest if part.startswith("learner "))
        limits: dict[str, Any] = {"max_entries": 1} if "one entry a message" in rest else {}
        seeds = [int(part.removeprefix("seed ")) for part in rest if part.startswith("seed ")]
        self.stage = self.stage_class(
            tuple(names.split()),
            seed=seeds[0] if seeds else 0,
            learners=learners,
            pre_vote="without pre-vote" not in rest,
            check_quorum="without check quorum" not in rest,
            **limits,
            **self.options,
        )
        self.shown = {}

    def campaign(self, name: str) -> None:
        """A member stands for election at once."""
        self.known(name)
        self.stage.campaign(name)

    def ticks(self, count: str) -> None:
        """Time passes, a tenth of a second each."""
        self.stage.tick(int(count))

    def write(self, value: str, name: str) -> None:
        """A client proposes a value."""
        self.known(name)
        self.stage.propose(name, value)

    def read(self, context: str, name: str) -> None:
        """A client reads, linearizably."""
        self.known(name)
        self.stage.read(name, context)

    def crash(self, name: str) -> None:
        """A member loses all but what its disk has written."""
        self.known(name)
        self.stage.crash(name)

    def restart(self, name: str) -> None:
        """A member comes back with what its disk holds."""
        self.known(name)
        self.stage.restart(name)

    def pause(self, name: str, how: str) -> None:
        """A member stands still, or goes on."""
        self.known(name)
        self.stage.pause(name, how == "pauses")

    def cut(self, name: str, others: str) -> None:
        """Links are cut in both directions."""
        self.known(name, *others.split())
        for other in others.split():
            self.stage.links.cut(name, other)

    def cut_way(self, name: str, other: str) -> None:
        """A link is cut in one direction."""
        self.known(name, other)
        self.stage.links.cut(name, other, both=False)

    def heal(self) -> None:
        """All links work."""
        self.stage.links.cuts.clear()

    def slow(self, name: str, ticks: str) -> None:
        """A disk becomes slow, or fast again with 0 ticks."""
        self.known(name)
        self.stage.hosts[name].write_ticks = int(ticks)

    def transit(self, ticks: str) -> None:
        """Every message takes its time from now on."""
        self.stage.links.transit_ticks = int(ticks)

    def transfer(self, name: str, to: str) -> None:
        """A leader hands over."""
        self.known(name, to)
        node = self.stage.node(name)
        if node is not None:
            try:
                node.transfer_leader(to)
            except Dropped as dropped:
                self.lines.append(f"        {dropped}")
            self.stage.settle()

    def compact(self, name: str, keep: str | None) -> None:
        """A member replaces applied entries by a snapshot."""
        self.known(name)
        self.stage.hosts[name].compact(int(keep or 0))

    def arrive(self, name: str) -> None:
        """A machine comes on stage that knows the group, but does not belong to it yet."""
        self.stage.enter(name)

    def change(self, kind: str, member: str, at: str | None) -> None:
        """Somebody proposes a change of the group."""
        leader = self.stage.leader()
        where = at or (leader.id if leader is not None else next(iter(self.stage.hosts)))
        self.known(where)
        self.stage.change(where, Change(kind, member))

    def look(self) -> None:
        """All members are told, changed or not."""
        self.shown = {}

    def show(self, how: str, what: str) -> None:
        """What is told from now on."""
        self.shows[what] = how == "show"
        if how == "show" and what == "heartbeats":
            self.shows["messages"] = True
        if how == "hide" and what == "messages":
            self.shows["heartbeats"] = False


def tell(text: str, stage: type[Stage] = Stage, **options: Any) -> str:
    """Play the story in `text`, and give it back as it truly goes.

    `stage` and `options` may put it on another stage, or let other machines play (`machine=...`).

    *Raises* ValueError, with the number of the line, if a line says nothing that can be done.
    """
    story = Story(stage, **options)
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(">"):
            story.lines.append(line.rstrip())
            try:
                story.play(line[1:].strip())
            except ValueError as wrong:
                raise ValueError(f"line {number}: {wrong}") from wrong
        elif not line.startswith(" "):
            story.lines.append(line.rstrip())
    return "\n".join(story.lines) + "\n"


def record(path: Path) -> bool:
    """Write the story in the file `path` anew, as it truly goes; whether that changed it."""
    before = path.read_text()
    after = tell(before)
    path.write_text(after)
    return before != after


def names() -> list[str]:
    """The stories that come with the package, for example `figure-8`."""
    folder = resources.files("cp_sim.raft") / "stories"
    return sorted(item.name.removesuffix(".story") for item in folder.iterdir() if item.name.endswith(".story"))


def read(name: str) -> str:
    """The text of one of the stories that come with the package.

    *Raises* ValueError if there is none of this name.
    """
    if name not in names():
        raise ValueError(f"no story {name!r}; there are {', '.join(names())}")
    return (resources.files("cp_sim.raft") / "stories" / f"{name}.story").read_text()
