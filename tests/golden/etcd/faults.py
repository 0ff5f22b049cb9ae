"""One script of faults, played by three members of a real etcd and by three of ours: who answers what, and how late.

`python -m tests.golden.etcd.faults` (from the top of the repository, with etcd installed) plays it on real processes
and writes `faults.json`. Members are named by what they are when a step begins: the leader, a follower, one that is
down.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.cluster_api import MemberAddRequest, MemberPromoteRequest, MemberRemoveRequest, MoveLeaderRequest
from cp_sim.etcd.lease_api import LeaseGrantRequest, LeaseKeepAliveRequest, LeaseTimeToLiveRequest
from cp_sim.etcd.maintenance import CompactionRequest

GOLDEN = Path(__file__).parent / "faults.json"
Step = tuple[Any, ...]

# (verb, member, ...); "all" are steps asked at one instant. A patient write is asked again until it succeeds.
SCRIPT: tuple[Step, ...] = (
    ("put", "leader", "a", "1"),
    ("watch", "follower 2", "all keys", ""),
    ("put", "follower 1", "a", "2"),
    ("get", "leader", "a"),
    ("get", "follower 1", "a"),
    ("get serializable", "follower 2", "a"),
    ("compare and put", "follower 1", "a", 2, "3"),
    ("compare and put", "follower 2", "a", 2, "4"),
    ("delete", "follower 1", "a"),
    ("compact", "follower 1", 4),
    ("get at", "follower 2", "a", 3),
    ("get at", "follower 2", "a", 99),
    ("move leader", "follower 1", "follower 2"),
    ("member remove unknown", "follower 1"),
    ("grant", "follower 1", 60, 77),
    ("put with lease", "leader", "b", "1", 77),
    ("keep alive", "follower 2", 77),
    ("keep alive", "follower 2", 78),
    ("put with lease", "leader", "b", "1", 78),
    # The leader dies: for a while nobody can write, old reads go on, the watch lives.
    ("wait", 1500),
    ("kill", "leader 1"),
    ("get serializable", "left", "a"),
    ("patient put", "left", "c", "1"),
    ("get", "follower 1", "c"),
    ("get", "leader", "c"),
    ("time to live", "follower 1", 77),
    ("member add", "leader"),
    ("start", "leader 1"),
    ("get", "leader 1", "c"),
    ("get serializable", "leader 1", "c"),
    ("watched", "all keys"),
    # Two die, a follower is left: nothing can be agreed on.
    ("wait", 6000),
    ("kill", "all but a follower"),
    ("wait", 3000),
    ("all", ("put", "left", "d", "1"), ("get", "left", "c"), ("delete", "left", "c")),
    ("get serializable", "left", "c"),
    ("get with leader", "left", "c"),
    ("put with leader", "left", "d", "1"),
    ("watch with leader", "left"),
    ("start", "down"),
    ("patient put", "left", "e", "1"),
    ("get", "left", "d"),
    ("start", "down"),
    ("get", "leader", "e"),
    # Both followers die, the leader is left, with a write that only it has.
    ("wait", 6000),
    ("kill", "all but the leader"),
    ("all", ("put", "left", "f", "1"), ("get", "left", "e")),
    ("get serializable", "left", "f"),
    ("start", "down"),
    ("patient put", "left", "g", "1"),
    ("get", "left", "f"),
    ("start", "down"),
    ("wait", 1000),
    ("get", "follower 1", "g"),
    ("get", "follower 2", "g"),
    ("get", "leader", "g"),
)
PATIENCE_S = 20.0


class Arena:
    """Three members that can be asked, killed and started; times are seconds."""

    def __init__(self) -> None:
        self.first_leader = ""
        self.followers: list[str] = []
        self.left = ""

    def play(self) -> list[dict[str, Any]]:
        """Play the script; returns what each step came to."""
        self.first_leader = self.leader()
        self.followers = [name for name in self.up() if name != self.first_leader]
        return [{"step": list(step), **self.take(step)} for step in SCRIPT]

    def take(self, step: Step) -> dict[str, Any]:
        """Take one step."""
        verb, *rest = step
        if verb == "wait":
            self.wait(rest[0] / 1000)
            return {}
        if verb == "kill":
            for name in self.whom(rest[0]):
                self.kill(name)
            return {}
        if verb == "start":
            self.start(self.whom(rest[0])[0])
            return {}
        if verb == "watched":
            self.wait(1)
            return {"events": self.events(rest[0])}
        if verb == "watch":
            self.watch(self.one(rest[0]), rest[1])
            return {}
        if verb == "all":
            return {"answers": self.ask_all([(one[0], self.one(one[1]), *one[2:]) for one in rest])}
        if verb == "patient put":
            return self.patiently(rest)
        if verb == "move leader":
            rest = [rest[0], self.one(rest[1])]
        return self.ask_all([(verb, self.one(rest[0]), *rest[1:])])[0]

    def patiently(self, rest: list[Any]) -> dict[str, Any]:
        """A write that is asked again until it succeeds, half a second after each refusal."""
        began = self.now()
        name = self.one(rest[0])
        while True:
            answer = self.ask_all([("put briefly", name, *rest[1:])])[0]
            if "error" not in answer:
                return {"answer": answer["answer"], "seconds": round(self.now() - began, 1)}
            assert self.now() - began < 60, f"{name} takes no writes"
            self.wait(0.1)

    def one(self, word: str) -> str:
        """The one member that `word` means now."""
        return self.whom(word)[0]

    def whom(self, word: str) -> list[str]:
        """The members that `word` means now."""
        up = self.up()
        if word == "leader 1":
            self.left = self.followers[0]
            return [self.first_leader]
        if word == "down":
            return [name for name in self.names() if name not in up]
        if word == "left":
            return [self.left]
        leader = self.leader()
        if word == "leader":
            return [leader]
        if word == "all but the leader":
            self.left = leader
            return [name for name in up if name != leader]
        followers = [name for name in up if name != leader]
        if word == "all but a follower":
            self.left = followers[0]
            return [name for name in up if name != self.left]
        if word == "follower 2":
            # The follower that outlives the first leader; the watch is there.
            return [self.followers[1] if self.followers[1] in followers else followers[-1]]
        assert word == "follower 1", word
        return [followers[0]]

    # -- what an arena can do --------------------------------------------------------------------------------------

    def names(self) -> list[str]: ...
    def up(self) -> list[str]: ...
    def leader(self) -> str: ...
    def now(self) -> float: ...
    def wait(self, seconds: float) -> None: ...
    def kill(self, name: str) -> None: ...
    def start(self, name: str) -> None: ...
    def watch(self, name: str, watch: str) -> None: ...
    def events(self, watch: str) -> list[list[Any]]: ...
    def ask_all(self, questions: list[Step]) -> list[dict[str, Any]]: ...


def request_of(verb: str, rest: tuple[Any, ...]) -> Any:
    """The request of etcd's API behind a step."""
    match verb.removesuffix(" with leader").removesuffix(" briefly"), *rest:
        case "put", key, value:
            return api.PutRequest(key, value)
        case "put with lease", key, value, lease:
            return api.PutRequest(key, value, lease=lease)
        case "get", key:
            return api.RangeRequest(key)
        case "get serializable", key:
            return api.RangeRequest(key, serializable=True)
        case "get at", key, revision:
            return api.RangeRequest(key, revision=revision)
        case "delete", key:
            return api.DeleteRangeRequest(key)
        case "compare and put", key, revision, value:
            compare = api.Compare("MOD", "EQUAL", key, operand=revision)
            return api.TxnRequest((compare,), (api.PutRequest(key, value),), (api.RangeRequest(key),))
        case "compact", revision:
            return CompactionRequest(revision)
        case "grant", ttl, lease:
            return LeaseGrantRequest(ttl, lease)
        case "keep alive", lease:
            return LeaseKeepAliveRequest(lease)
        case "time to live", lease:
            return LeaseTimeToLiveRequest(lease)
        case "move leader", target:
            return MoveLeaderRequest(target)
        case ("member remove unknown",):
            return MemberRemoveRequest("nobody")
        case ("member add",):
            return MemberAddRequest("etcd-9", ("http://127.0.0.1:9",))
        case "member promote", name:
            return MemberPromoteRequest(name)
    raise AssertionError(verb)


def words_of(response: Any) -> list[Any]:
    """What a response says, without what differs from cluster to cluster."""
    match response:
        case api.RangeResponse():
            return ["range", *[[kv.key, str(kv.value), kv.mod_revision, kv.version] for kv in response.kvs]]
        case api.TxnResponse():
            return ["txn", response.succeeded, response.revision]
        case api.DeleteRangeResponse():
            return ["deleted", response.deleted, response.revision]
        case api.PutResponse():
            return ["put", response.revision]
    named = {name: getattr(response, name) for name in ("id", "ttl") if hasattr(response, name)}
    return [type(response).__name__, *([named["id"], near(named["ttl"])] if named else [])]


def near(ttl: int) -> int:
    """A time to live in steps of ten seconds: how much of the last one has passed depends on the machine."""
    return -(-ttl // 10) * 10 if ttl > 0 else ttl


class Ours(Arena):
    """Three members of ours."""

    def __init__(self, seed: int = 1) -> None:
        from tests.rooms.etcd.group import Group

        super().__init__()
        self.group = Group(3, seed)
        self.group.elect()
        self.watches: dict[str, int] = {}

    def names(self) -> list[str]:
        return self.group.names

    def up(self) -> list[str]:
        return [one.name for one in self.group.up]

    def leader(self) -> str:
        return self.group.elect().name

    def now(self) -> float:
        return self.group.now_ms / 1000

    def wait(self, seconds: float) -> None:
        self.group.loop.run(round(seconds * 1000))

    def kill(self, name: str) -> None:
        self.group.crash(name)

    def start(self, name: str) -> None:
        self.group.restart(name)
        self.group.elect()
        self.group.loop.run(500)

    def watch(self, name: str, watch: str) -> None:
        self.watches[watch] = 1000 + len(self.watches)
        self.group.watch(name, "", 1, self.watches[watch], require_leader=False)
        self.group.loop.run(100)

    def events(self, watch: str) -> list[list[Any]]:
        told = [message for _, message in self.group.asker.told if message.token == self.watches[watch]]
        changes = [change for message in told for change in message.changes]
        return [["PUT" if change.kv else "DELETE", change.key, change.revision] for change in changes]

    def ask_all(self, questions: list[Step]) -> list[dict[str, Any]]:
        began_ms = self.group.now_ms
        if questions[0][0] == "watch with leader":
            self.group.watch(questions[0][1], "", 0, 999)
            self.group.loop.run(100)
            return [{"error": told.error} for _, told in self.group.asker.told if told.token == 999]
        tokens = []
        for verb, name, *rest in questions:
            leads = verb.endswith(" with leader")
            tokens.append(self.group.send(name, request_of(verb, tuple(rest)), require_leader=leads))
        answers = self.group.asker.answers
        patience_ms = 1_000 if questions[0][0] == "put briefly" else 20_000
        self.group.loop.run_until(lambda: all(token in answers for token in tokens), patience_ms)
        return [self.said(answers.get(token), began_ms) for token in tokens]

    def said(self, answered: Any, began_ms: int) -> dict[str, Any]:
        if answered is None:
            return {"error": "no answer"}
        at_ms, answer = answered
        late = {"seconds": round((at_ms - began_ms) / 1000, 1)} if at_ms - began_ms > 500 else {}
        if answer.error:
            return {"error": answer.error, "code": answer.code, **late}
        return {"answer": words_of(answer.response), **late}


class Real(Arena):
    """Three processes of a real etcd on the loopback, asked over gRPC."""

    def __init__(self, directory: Path) -> None:
        import grpc

        from cp_sim.etcd.wire.services import Client
        from tests.rooms.etcd.real_etcd import RealEtcd

        super().__init__()
        self.cluster = RealEtcd(directory, 3)
        self.cluster.__enter__()
        self.channels = [grpc.insecure_channel(address) for address in self.cluster.addresses]
        self.clients = [Client(channel) for channel in self.channels]
        self.told: dict[str, list[list[Any]]] = {}
        self.ids = {
            self.cluster.names[number]: client.Status(self.make("StatusRequest"), timeout=5).header.member_id
            for number, client in enumerate(self.clients)
        }

    def make(self, kind: str, **fields: Any) -> Any:
        from cp_sim.etcd.wire.messages import make

        return make(kind, **fields)

    def close(self) -> None:
        """End everything that was started."""
        for channel in self.channels:
            channel.close()
        self.cluster.__exit__()

    def client(self, name: str) -> Any:
        return self.clients[self.cluster.names.index(name)]

    def names(self) -> list[str]:
        return list(self.cluster.names)

    def up(self) -> list[str]:
        return [self.cluster.names[number] for number in sorted(self.cluster.processes)]

    def leader(self) -> str:
        import grpc

        by_id = {number: name for name, number in self.ids.items()}
        last = time.monotonic() + PATIENCE_S
        while time.monotonic() < last:
            said = []
            for name in self.up():
                try:
                    said.append(self.client(name).Status(self.make("StatusRequest"), timeout=2).leader)
                except grpc.RpcError:
                    said.append(0)
            if said[0] and len(set(said)) == 1 and by_id[said[0]] in self.up():
                return by_id[said[0]]
            time.sleep(0.05)
        raise AssertionError("nobody leads")

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def kill(self, name: str) -> None:
        self.cluster.kill(self.cluster.names.index(name))

    def start(self, name: str) -> None:
        from tests.rooms.etcd.real_etcd import until

        number = self.cluster.names.index(name)
        self.cluster.start(number, wait=False)
        until(lambda: self.reached(name), f"{name} does not answer")
        self.leader()
        time.sleep(0.5)

    def reached(self, name: str) -> bool:
        import grpc

        try:
            return bool(self.client(name).Status(self.make("StatusRequest"), timeout=1, wait_for_ready=True).leader)
        except grpc.RpcError:
            return False

    def watch(self, name: str, watch: str) -> None:
        create = self.make("WatchCreateRequest", key=b"\0", range_end=b"\0", start_revision=1)
        told = self.told[watch] = []
        threading.Thread(target=self.listen, args=(name, create, told), daemon=True).start()
        time.sleep(0.1)

    def listen(self, name: str, create: Any, told: list[list[Any]]) -> None:
        import grpc

        try:
            for response in self.client(name).Watch(self.stay(create), wait_for_ready=True):
                for event in response.events:
                    told.append([("PUT", "DELETE")[event.type], event.kv.key.decode(), event.kv.mod_revision])
        except (grpc.RpcError, ValueError):
            pass  # the member was killed, or all is over

    def stay(self, create: Any) -> Any:
        yield self.make("WatchRequest", create_request=create)
        time.sleep(300)

    def events(self, watch: str) -> list[list[Any]]:
        return list(self.told[watch])

    def ask_all(self, questions: list[Step]) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = [{}] * len(questions)

        def ask(place: int, question: Step) -> None:
            answers[place] = self.ask(*question)

        threads = [threading.Thread(target=ask, args=(place, one)) for place, one in enumerate(questions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def ask(self, verb: str, name: str, *rest: Any) -> dict[str, Any]:
        import grpc

        began = time.monotonic()
        metadata = (("hasleader", "true"),) if verb.endswith(" with leader") else ()
        timeout = 1 if verb.endswith("briefly") else PATIENCE_S
        try:
            if verb == "watch with leader":
                create = self.make("WatchCreateRequest", key=b"\0", range_end=b"\0")
                stream = self.client(name).Watch(self.stay(create), metadata=metadata, wait_for_ready=True)
                next(stream)
                return {"answer": ["watching"]}
            answer = self.call(name, request_of(verb, rest), timeout, metadata)
        except grpc.RpcError as refused:
            seconds = time.monotonic() - began
            late = {"seconds": round(seconds, 1)} if seconds > 0.5 else {}
            if verb == "watch with leader":
                return {"error": refused.details()}
            return {"error": refused.details(), "code": refused.code().name, **late}
        return {"answer": answer, **({"seconds": round(s, 1)} if (s := time.monotonic() - began) > 0.5 else {})}

    def call(self, name: str, request: Any, timeout: float, metadata: Any) -> list[Any]:
        client, make = self.client(name), self.make
        named = {"timeout": timeout, "metadata": metadata, "wait_for_ready": True}
        key = getattr(request, "key", "").encode()
        match request:
            case api.PutRequest():
                put = client.Put(
                    make("PutRequest", key=key, value=request.value.encode(), lease=request.lease), **named
                )
                return ["put", put.header.revision]
            case api.RangeRequest():
                asked = make("RangeRequest", key=key, revision=request.revision, serializable=request.serializable)
                kvs = client.Range(asked, **named).kvs
                return ["range", *[[kv.key.decode(), kv.value.decode(), kv.mod_revision, kv.version] for kv in kvs]]
            case api.DeleteRangeRequest():
                gone = client.DeleteRange(make("DeleteRangeRequest", key=key), **named)
                return ["deleted", gone.deleted, gone.header.revision]
            case api.TxnRequest():
                txn = client.Txn(self.txn(request), **named)
                return ["txn", txn.succeeded, txn.header.revision]
            case CompactionRequest():
                client.Compact(make("CompactionRequest", revision=request.revision), **named)
                return ["CompactionResponse"]
            case LeaseGrantRequest():
                lease = client.LeaseGrant(make("LeaseGrantRequest", TTL=request.ttl, ID=request.id), **named)
                return ["LeaseGrantResponse", lease.ID, near(lease.TTL)]
            case LeaseKeepAliveRequest():
                kept = next(client.LeaseKeepAlive(iter([make("LeaseKeepAliveRequest", ID=request.id)]), **named))
                return ["LeaseKeepAliveResponse", kept.ID, near(kept.TTL)]
            case LeaseTimeToLiveRequest():
                left = client.LeaseTimeToLive(make("LeaseTimeToLiveRequest", ID=request.id), **named)
                return ["LeaseTimeToLiveResponse", left.ID, near(left.TTL)]
            case MoveLeaderRequest():
                client.MoveLeader(make("MoveLeaderRequest", targetID=self.ids[request.target]), **named)
                return ["MoveLeaderResponse"]
            case MemberRemoveRequest():
                client.MemberRemove(make("MemberRemoveRequest", ID=1), **named)
                return ["MemberResponse"]
            case MemberAddRequest():
                client.MemberAdd(make("MemberAddRequest", peerURLs=list(request.peer_urls)), **named)
                return ["MemberResponse"]
        raise AssertionError(request)

    def txn(self, request: Any) -> Any:
        make, compare = self.make, request.compare[0]
        put, get = request.success[0], request.failure[0]
        return make(
            "TxnRequest",
            compare=[make("Compare", result=0, target=2, key=compare.key.encode(), mod_revision=compare.operand)],
            success=[make("RequestOp", request_put=make("PutRequest", key=put.key.encode(), value=put.value.encode()))],
            failure=[make("RequestOp", request_range=make("RangeRequest", key=get.key.encode()))],
        )


def record() -> list[dict[str, Any]]:
    """Play the script on a real etcd."""
    with tempfile.TemporaryDirectory() as directory:
        arena = Real(Path(directory))
        try:
            return arena.play()
        finally:
            arena.close()


if __name__ == "__main__":
    played = record()
    GOLDEN.write_text("[\n" + ",\n".join(json.dumps(step) for step in played) + "\n]\n")
