"""A play with members of the store: clients that write, read and watch while members and links fail, and the judge.

Everything that a client saw is kept as history. At the end all faults are mended; what the members then agree on is the
one true order, and the history is held against it.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.lease_api import LeaseKeepAliveRequest
from cp_sim.etcd.proposal import Settings
from cp_sim.etcd.store import Delete, Get, Grant, Put, StoreAnswer, WatchProgress
from cp_sim.sim import Chance
from tests.rooms.etcd.group import Group

KEYS = ("/a", "/b", "/c")
WATCHES = (1000, 1001, 1002)
TTL_S = 5
STORM_UNITS = 20_000


class Violation(AssertionError):
    """A promise of the store was broken; the text names it, and the seed."""


class Operation:
    """What a client asked, and what it heard; `began` and `ended` count what clients did and heard."""

    def __init__(self, kind: str, key: str, value: Any, began: int, linearizable: bool = True) -> None:
        self.kind = kind
        self.key = key
        self.value = value
        self.began = began
        self.linearizable = linearizable
        self.ended: int | None = None
        self.ended_ms = 0
        self.answer: StoreAnswer | None = None

    @property
    def done(self) -> bool:
        """Whether it succeeded, as far as its client knows."""
        return self.answer is not None and not self.answer.error and self.answer.succeeded

    def __repr__(self) -> str:
        said = None if self.answer is None else (self.answer.error or (self.answer.succeeded, self.answer.revision))
        return f"{self.kind} {self.key} {self.value} [{self.began}, {self.ended}]: {said}"


class Play:
    """`count` members and their clients."""

    def __init__(self, count: int = 3, seed: int = 1, member: type[Etcd] = Etcd, fsync_ms: int = 5) -> None:
        self.seed = seed
        settings = Settings(snapshot_count=8, catch_up_entries=2)
        self.group = Group(count, seed, settings, member, fsync_ms)
        self.chance = Chance(seed).stream("play")
        self.operations: dict[int, Operation] = {}
        self.watched: dict[int, tuple[str, int]] = {}  # token of a watch -> where it is open, since which revision
        self.streams: dict[int, list[Any]] = {token: [] for token in WATCHES}
        self.leases: dict[int, int] = {}  # lease -> until when it may not end
        self.moment = 0
        self._heard = 0
        self._told = 0
        self.group.elect()

    def fail(self, law: str, what: str) -> None:
        """Say which promise was broken."""
        members = "\n".join(one.node.describe() for one in self.group.up)
        raise Violation(f"{law}: {what} (seed {self.seed})\n{members}")

    # -- what clients do ------------------------------------------------------------------------------------------

    def name(self, number: int) -> str:
        """A member, by number."""
        return self.group.names[number % len(self.group.names)]

    def _ask(
        self, number: int, kind: str, key: str, operation: Any, value: Any = None, linearizable: bool = True
    ) -> int:
        self.moment += 1
        token = self.group.send(self.name(number), operation)
        self.operations[token] = Operation(kind, key, value, self.moment, linearizable)
        return token

    def put(self, number: int, key: str) -> None:
        """Write a value that nobody else writes."""
        value = f"v{len(self.operations)}"
        self._ask(number, "put", key, Put(key, value), value)

    def put_if(self, number: int, key: str) -> None:
        """Write on condition of the revision that a client knows: the last it heard of."""
        known = [one.answer.kv.mod_revision for one in self.operations.values() if one.key == key and _kv(one)]
        value = f"v{len(self.operations)}"
        self._ask(number, "put if", key, Put(key, value, expect=known[-1] if known else 0), value)

    def delete(self, number: int, key: str) -> None:
        """Delete a key."""
        self._ask(number, "delete", key, Delete(key))

    def put_two(self, number: int) -> None:
        """Write two keys as one revision."""
        value = f"v{len(self.operations)}"
        both = api.TxnRequest((), (api.PutRequest("/a", value), api.PutRequest("/b", value)))
        self._ask(number, "put two", "/a", both, value)

    def get(self, number: int, key: str, serializable: bool = False) -> None:
        """Read."""
        self._ask(number, "get", key, Get(key, serializable=serializable), linearizable=not serializable)

    def grant(self, number: int) -> None:
        """Make a lease."""
        self._ask(number, "grant", "", Grant(TTL_S))

    def keep_alive(self, number: int) -> None:
        """Keep the lease alive that was granted last."""
        if self.leases:
            lease = list(self.leases)[-1]
            self._ask(number, "keep alive", "", LeaseKeepAliveRequest(lease), lease)

    def put_with_lease(self, number: int) -> None:
        """Hang a key on the lease that was granted last."""
        if self.leases:
            lease = list(self.leases)[-1]
            self._ask(number, "lease put", f"/lease/{lease}", Put(f"/lease/{lease}", lease, lease=lease), lease)

    def watch(self, number: int, token: int) -> None:
        """Watch at a member, from after what this watcher was told; it leaves the member where it watched before."""
        self._hear()
        told = [message.revision for message in self.streams[token]]
        from_ = max(told) + 1 if told else 2
        if token in self.watched:
            self.group.asker.told = [one for one in self.group.asker.told if one[1].token != token]
        fresh = token + 10 * (1 + sum(1 for one in self.watched if one % 10 == token % 10))
        for old in [one for one in self.watched if one % 10 == token % 10]:
            self.watched[old] = ("", 0)
        self.watched[fresh] = (self.name(number), from_)
        self.group.watch(self.name(number), "/", from_, fresh, require_leader=False)

    def ask_progress(self, number: int) -> None:
        """Ask each open watch how far it is."""
        for token, (name, _) in self.watched.items():
            if name:
                self.group.loop.send(name, WatchProgress("asker", token))

    # -- what fails -------------------------------------------------------------------------------------------------

    def crash(self, number: int) -> None:
        """Let a member die, if it lives."""
        name = self.name(number)
        if name in self.group.loop.actors:
            self.group.crash(name)

    def restart(self, number: int) -> None:
        """Let a dead member live again."""
        name = self.name(number)
        if name not in self.group.loop.actors:
            self.group.restart(name)

    def cut_off(self, number: int, one_way: bool = False) -> None:
        """Cut a member off from the others."""
        others = [f"host-{name}" for name in self.group.names if name != self.name(number)]
        self.group.links.partition([f"host-{self.name(number)}"], others, one_way=one_way)

    def lose(self, loss: float, duplicate: float, reorder: float, delay_ms: int) -> None:
        """Let every link between members be bad."""
        hosts = [f"host-{name}" for name in self.group.names]
        for place, host in enumerate(hosts):
            for other in hosts[place + 1 :]:
                self.group.links.set(
                    host, other, loss=loss, duplicate=duplicate, reorder=reorder, delay_ms=delay_ms, jitter_ms=delay_ms
                )

    def mend(self) -> None:
        """Mend the links."""
        self.group.links.heal()

    def slow(self, number: int, fsync_ms: int) -> None:
        """Let a disk be slow."""
        self.group.disks[self.name(number)].fsync_ms = fsync_ms

    def run(self, duration_ms: int) -> None:
        """Let time pass; members that answer each other without end are stopped."""
        loop = self.group.loop
        until_ms, limit = loop.clock.now_ms + duration_ms, loop.units + STORM_UNITS
        loop.run_until(lambda: loop.units > limit, duration_ms)
        if loop.units > limit:
            self.fail("quiet", f"more than {STORM_UNITS} units of work in {duration_ms} ms")
        loop.run(until_ms - loop.clock.now_ms)
        self._hear()

    def _hear(self) -> None:
        answers = list(self.group.asker.answers.items())
        for token, (at_ms, answer) in answers[self._heard :]:
            self.moment += 1
            operation = self.operations[token]
            operation.ended, operation.ended_ms, operation.answer = self.moment, at_ms, answer
            self._note_lease(operation)
        self._heard = len(answers)
        for at_ms, message in self.group.asker.told:
            where = self.watched.get(message.token, ("", 0))[0]
            stream = self.streams[1000 + message.token % 10]
            if where:
                stream.append(message)
                self._judge_lease_ends(message, at_ms)
        self.group.asker.told.clear()

    def _note_lease(self, operation: Operation) -> None:
        # What the client may rely on: the time to live counts from when it asked; that is before the leader took it up.
        answer = operation.answer
        if answer is None or answer.error:
            return
        if operation.kind == "grant":
            self.leases[answer.lease] = operation.ended_ms + 1000 * TTL_S - 500
        elif operation.kind == "keep alive" and answer.response.ttl:
            self.leases[operation.value] = max(self.leases[operation.value], operation.ended_ms + 1000 * TTL_S - 500)

    # -- judging ----------------------------------------------------------------------------------------------------

    def _judge_lease_ends(self, message: Any, at_ms: int) -> None:
        for change in message.changes:
            if change.kv is None and change.key.startswith("/lease/"):
                until_ms = self.leases.get(int(change.key.removeprefix("/lease/")), 0)
                if at_ms < until_ms:
                    self.fail("leases", f"{change.key} vanished at {at_ms}, though its lease lives until {until_ms}")

    def finish(self) -> None:
        """Mend everything, wait, and judge."""
        self.mend()
        for number, name in enumerate(self.group.names):
            self.group.disks[name].fsync_ms = 1
            self.restart(number)
        self.run(1_000)
        self.group.elect()
        for token in WATCHES:
            self.watch(token, token)
        self.run(12_000)
        self.put(0, "/a")
        self.run(3_000)
        self.get(0, "/a")
        self.run(1_000)
        self._judge_agreement()
        self._judge_history()
        self._judge_reads()
        for token in WATCHES:
            self._judge_watch(token)

    def _judge_agreement(self) -> None:
        up = self.group.up
        if len(up) != len(self.group.names):
            self.fail("healing", f"{[one.name for one in up]} run, {self.group.names} should")
        leaders = [one.name for one in up if one.node.role == "leader"]
        if len(leaders) != 1:
            self.fail("one leader", f"{leaders} lead")
        for one in up[1:]:
            if _state(one) != _state(up[0]):
                self.fail("equal members", f"{up[0].name} and {one.name} hold different data")
        if any(one.mvcc.lessor.leases for one in up):
            self.fail("leases", "a lease that nobody keeps alive never ends")

    @property
    def truth(self) -> Any:
        """What the members agree on."""
        return self.group.up[0].mvcc

    def _judge_history(self) -> None:
        """Every acknowledged write is there, once, and in an order that real time allows."""
        changes = self.truth.changes_from(2)
        revisions: dict[Any, list[int]] = {}
        for change in changes:
            if change.kv is not None:
                revisions.setdefault((change.key, change.kv.value), []).append(change.revision)
        writes = []
        for operation in self.operations.values():
            if operation.kind not in ("put", "put if", "put two"):
                continue
            found = revisions.get((operation.key, operation.value), [])
            if len(found) > 1:
                self.fail("exactly once", f"{operation} is there {len(found)} times")
            if operation.done and not found:
                self.fail("durability", f"{operation} was acknowledged and is lost")
            if operation.done:
                told = _revision(operation)
                if told != found[0]:
                    self.fail("revisions", f"{operation} was acknowledged as {told} and is {found[0]}")
                writes.append((operation, found[0]))
            if (
                operation.kind == "put if"
                and operation.answer
                and not operation.answer.error
                and not operation.done
                and found
            ):
                self.fail("conditions", f"{operation} was refused and is there")
        for one, revision in writes:
            for other, later in writes:
                if one.ended is not None and one.ended < other.began and not revision < later:
                    self.fail(
                        "real-time order",
                        f"{one} ended before {other} began, but is revision {revision}, not before {later}",
                    )

    def _judge_reads(self) -> None:
        """A linearizable read sees what was acknowledged before it began, and nothing that began after it ended."""
        written = [(one, _revision(one)) for one in self.operations.values() if one.done and _revision(one)]
        reads = [one for one in self.operations.values() if one.kind == "get" and one.done]
        for read in reads:
            assert read.answer is not None
            at = read.answer.revision
            true = self.truth.get_at(read.key, at)
            if (true.value if true else None) != (read.answer.kv.value if read.answer.kv else None):
                self.fail("true reads", f"{read} saw {read.answer.kv}, but at revision {at} it was {true}")
            if not read.linearizable:
                continue
            for write, revision in written:
                if write.ended is not None and write.ended < read.began and revision > at:
                    self.fail(
                        "linearizable reads", f"{read} does not see {write}, which was acknowledged before it began"
                    )
            for other in reads:
                earlier = other.ended is not None and other.ended < read.began
                if earlier and other.linearizable and other.answer.revision > at:  # type: ignore[union-attr]
                    self.fail("linearizable reads", f"{read} sees less than {other}, which ended before it began")

    def _judge_watch(self, token: int) -> None:
        """Ordered, unique, reliable, atomic, resumable, and its bookmarks are true."""
        true = [(change.revision, change.key) for change in self.truth.changes_from(2)]
        told: list[tuple[int, str]] = []
        for message in self.streams[token]:
            if message.error:
                self.fail("watches", f"watch {token} ended with {message.error}")
            now = [(change.revision, change.key) for change in message.changes]
            if told and now and now[0][0] <= told[-1][0]:
                self.fail(
                    "watches", f"watch {token} was told {now} after {told[-1]}: not ordered, not unique, or not whole"
                )
            told += now
            missing = [one for one in true[: len(told) + 1] if one[0] <= message.revision and one not in told]
            if missing:
                self.fail("watches", f"watch {token} was told up to {message.revision}, but not {missing[0]}")
        if told != true[: len(told)] or len(told) != len(true):
            place = next((n for n, (x, y) in enumerate(zip(told, true)) if x != y), min(len(told), len(true)))
            self.fail("watches", f"watch {token}: {told[place : place + 2]} in place of {true[place : place + 2]}")


def _kv(operation: Operation) -> bool:
    return operation.answer is not None and operation.answer.kv is not None


def _revision(operation: Operation) -> int:
    """The revision that a write was acknowledged with."""
    answer = operation.answer
    assert answer is not None
    if operation.kind == "put two":
        return int(answer.response.revision)
    return answer.kv.mod_revision if operation.kind in ("put", "put if") and answer.kv is not None else 0


def _state(one: Etcd) -> Any:
    mvcc = one.mvcc
    keys = [(kv.key, kv.value, kv.create_revision, kv.mod_revision, kv.version, kv.lease) for kv in mvcc.range_at("")]
    return mvcc.revision, keys, [(c.revision, c.key) for c in mvcc.changes_from(2)], sorted(mvcc.lessor.leases)


def random_play(seed: int, member: type[Etcd] = Etcd, steps: int = 60, count: int = 3) -> Play:
    """A play whose steps are drawn from the seed, played to its end and judged."""
    play = Play(count, seed, member)
    draw = play.chance
    for token in WATCHES:
        play.watch(draw.randrange(count), token)
    for _ in range(steps):
        number, key = draw.randrange(count), KEYS[draw.randrange(len(KEYS))]
        take_step(play, draw.randrange(100), number, key, draw.randrange(1 << 16))
    play.finish()
    return play


def take_step(play: Play, what: int, number: int, key: str, detail: int) -> None:
    """One step: mostly what clients do, sometimes a fault, and then some time."""
    if what < 25:
        for more in range(1 + detail % 3):
            play.put(number + more, key)
    elif what < 33:
        play.put_if(number, key)
    elif what < 37:
        play.delete(number, key)
    elif what < 42:
        play.put_two(number)
    elif what < 58:
        for more in range(1 + detail % 3):
            play.get(number + more, key)
    elif what < 62:
        play.get(number, key, serializable=True)
    elif what < 64:
        play.grant(number)
        play.run(50)
        play.put_with_lease(number)
    elif what < 71:
        play.keep_alive(number)
    elif what < 74:
        play.watch(number, WATCHES[detail % len(WATCHES)])
    elif what < 76:
        play.ask_progress(number)
    elif what < 81:
        play.crash(number)
    elif what < 88:
        play.restart(number)
    elif what < 91:
        play.cut_off(number, one_way=bool(detail & 1))
    elif what < 93:
        play.lose((0.1, 0.4)[detail & 1], 0.1, 0.2, detail % 20)
    elif what < 97:
        play.mend()
    else:
        play.slow(number, (0, 1, 5, 50, 300)[detail % 5])
    play.run((0, 1, 3, 20, 200, 900, 2_500)[(detail >> 4) % 7])


def _leader_number(play: Play) -> int:
    leader = play.group.leader
    assert leader is not None
    return play.group.names.index(leader.name)


def lease_scene(seed: int, member: type[Etcd]) -> Play:
    """A lease is kept alive shortly before its leader dies, longer than its first time to live."""
    play = Play(3, seed, member)
    play.watch(_leader_number(play) + 1, WATCHES[0])
    play.grant(0)
    play.run(50)
    play.put_with_lease(0)
    play.run(4_000)
    play.keep_alive(_leader_number(play))
    play.run(100)
    play.crash(_leader_number(play))
    play.run(2_800)
    play.finish()
    return play


def disk_scene(seed: int, member: type[Etcd]) -> Play:
    """Followers with slow disks die while these write; later the leader dies, and they live again without it."""
    play = Play(3, seed, member)
    play.run(100)
    leader = _leader_number(play)
    for number in (leader + 1, leader + 2):
        play.slow(number, 600)
    play.put(leader, "/a")
    play.run(100)
    for number in (leader + 1, leader + 2, leader):
        play.crash(number)
    for number in (leader + 1, leader + 2):
        play.slow(number, 1)
        play.restart(number)
    play.run(5_000)
    play.put(leader + 1, "/b")
    play.run(100)
    play.finish()
    return play


SCENES = (lease_scene, disk_scene)
