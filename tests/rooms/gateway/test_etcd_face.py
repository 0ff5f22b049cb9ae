"""The real etcdctl speaks to the simulated store, while the cluster goes on."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from cp_sim import Cluster
from cp_sim.etcd.api import PutRequest
from cp_sim.etcd.cluster_api import member_id
from cp_sim.etcd.maintenance import ACTIVATE, NOSPACE, AlarmRequest, CompactionRequest
from cp_sim.etcd.snapshot import Snapshot
from cp_sim.etcd.wire.messages import make
from cp_sim.etcd.wire.services import Client
from tests.rooms.etcd.real_etcd import ETCDCTL, etcdctl, needs_etcdctl, until

SMALL = ("etcd", "apiserver")


def config_map(name: str, **data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


@pytest.fixture
def cluster():
    return Cluster(workers=0, components=SMALL)


@pytest.fixture
def server(cluster):
    with cluster.serve_etcd(port=0) as server:
        yield server


@pytest.fixture
def client(server):
    with grpc.insecure_channel(server.endpoint) as channel:
        yield Client(channel)


def told(server, *words: str, stdin: str = "") -> str:
    """What etcdctl prints; it must succeed."""
    done = etcdctl(server.endpoint, *words, stdin=stdin)
    assert done.returncode == 0, f"etcdctl {' '.join(words)}: {done.stderr}"
    return done.stdout


def refused(server, *words: str) -> str:
    """The last line of etcdctl's complaint; it must fail."""
    done = etcdctl(server.endpoint, *words)
    assert done.returncode != 0, f"etcdctl {' '.join(words)} succeeded: {done.stdout}"
    return done.stderr.strip().splitlines()[-1]


@contextmanager
def watching(server, *words: str) -> Iterator[list[str]]:
    """The lines of `etcdctl watch`, as they come."""
    command = ["etcdctl", "--endpoints", server.endpoint, "watch", *words]
    process = subprocess.Popen(command, env=ETCDCTL, stdout=subprocess.PIPE, text=True)
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def _read(stream, lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip("\n"))


# -- keys ------------------------------------------------------------------------------------------------------------


@needs_etcdctl
def test_the_clusters_keys_are_there_and_change_while_the_notebook_goes_on(cluster, server):
    assert "/registry/namespaces/kube-system\n" in told(server, "get", "/registry", "--prefix", "--keys-only")
    cluster.apply(config_map("a", x="1"))
    assert json.loads(told(server, "get", "/registry/configmaps/default/a", "--print-value-only"))["data"] == {"x": "1"}
    cluster.delete("configmap/a")
    assert told(server, "get", "/registry/configmaps/default/a") == ""


@needs_etcdctl
def test_an_object_that_is_put_is_one_for_the_api_server(cluster, server):
    assert told(server, "put", "/registry/configmaps/default/b", json.dumps(config_map("b", y="2"))) == "OK\n"
    path = "/api/v1/namespaces/default/configmaps/b"
    assert cluster.request("GET", path).body["data"] == {"y": "2"}
    cluster.request("PATCH", path, headers={"content-type": "application/merge-patch+json"}, body={"data": {"z": "3"}})
    assert [record.actor for record in cluster.explain("configmap/b").history] == ["etcdctl", "kube-apiserver"]
    assert '"z":"3"' in told(server, "get", "/registry/configmaps/default/b", "--print-value-only")
    assert told(server, "del", "/registry/configmaps/default/b") == "1\n"
    assert cluster.request("GET", path).status == 404


@needs_etcdctl
def test_a_value_that_is_no_object_does_not_stop_the_api_server(cluster, server):
    cluster.apply(config_map("a"))
    told(server, "put", "/registry/configmaps/default/a", "no object")
    told(server, "put", "/registry/configmaps/default/b", "none either")
    cluster.settle()
    answer = cluster.request("GET", "/api/v1/namespaces/default/configmaps/a")
    assert (answer.status, "is no object" in answer.body["message"]) == (500, True)
    assert cluster.request("GET", "/api/v1/namespaces/default/configmaps").body["items"] == []
    assert cluster.get("configmaps") == []


@needs_etcdctl
def test_foreign_keys_of_any_bytes_come_back_as_they_went(server):
    told(server, "put", "grüße", "wert ä")
    assert told(server, "get", "grüß", "--prefix") == "grüße\nwert ä\n"
    found = json.loads(told(server, "get", "grüße", "-w", "json"))
    assert found["kvs"][0]["version"] == 1
    assert found["header"]["raft_term"] >= 1


def test_bytes_that_are_no_text_come_back_as_they_went(client):
    client.Put(make("PutRequest", key=b"\xff\x00", value=b"\x80\x81"))
    found = client.Range(make("RangeRequest", key=b"\xff", range_end=b"\0"))
    assert [(kv.key, kv.value) for kv in found.kvs] == [(b"\xff\x00", b"\x80\x81")]


@needs_etcdctl
def test_errors_have_etcds_own_words(server):
    for value in "abc":
        told(server, "put", "k", value)
    revision = json.loads(told(server, "get", "k", "-w", "json"))["header"]["revision"]
    assert told(server, "compaction", str(revision)) == f"compacted revision {revision}\n"
    compacted = "Error: etcdserver: mvcc: required revision has been compacted"
    assert refused(server, "get", "k", "--rev", str(revision - 1)) == compacted
    assert refused(server, "compaction", str(revision)) == compacted
    assert refused(server, "get", "k", "--rev", "100000").endswith("required revision is a future revision")
    assert refused(server, "put", "k", "v", "--lease", "1234").endswith("requested lease not found")
    assert refused(server, "put", "", "v").endswith("etcdserver: key is not provided")


def test_a_request_that_is_too_large_is_refused_by_the_store(client):
    with pytest.raises(grpc.RpcError) as refusal:
        client.Put(make("PutRequest", key=b"k", value=b"x" * (3 * 512 * 1024)))
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.value.details() == "etcdserver: request is too large"


def test_what_the_store_does_not_have_is_unimplemented(client):
    with pytest.raises(grpc.RpcError) as refusal:
        client.Authenticate(make("AuthenticateRequest", name="root", password="x"))
    assert refusal.value.code() == grpc.StatusCode.UNIMPLEMENTED


@needs_etcdctl
def test_a_transaction_takes_one_branch(server):
    script = 'version("q") = "0"\n\nput q first\nget q\n\nput q again\n\n'
    assert told(server, "txn", stdin=script).split() == ["SUCCESS", "OK", "q", "first"]
    assert told(server, "txn", stdin=script).split() == ["FAILURE", "OK"]


# -- leases ----------------------------------------------------------------------------------------------------------


@needs_etcdctl
def test_a_lease_lives_in_virtual_time(cluster, server):
    lease = told(server, "lease", "grant", "60").split()[1]
    told(server, "put", "k", "v", "--lease", lease)
    cluster.run("40s")
    assert "remaining(20s), attached keys([k])" in told(server, "lease", "timetolive", lease, "--keys")
    assert told(server, "lease", "keep-alive", lease, "--once") == f"lease {lease} keepalived with TTL(60)\n"
    cluster.run("40s")
    assert lease in told(server, "lease", "list")
    cluster.run("30s")
    assert told(server, "get", "k") == ""
    assert "already expired" in told(server, "lease", "timetolive", lease)
    other = told(server, "lease", "grant", "60").split()[1]
    assert told(server, "lease", "revoke", other) == f"lease {other} revoked\n"
    assert refused(server, "lease", "revoke", other).endswith("(etcdserver: requested lease not found)")


# -- watches ---------------------------------------------------------------------------------------------------------


@needs_etcdctl
def test_a_watch_sees_changes_as_they_happen(cluster, server):
    with watching(server, "/registry/configmaps/", "--prefix", "--rev", str(cluster.revision + 1)) as lines:
        cluster.apply(config_map("a", x="1"))
        until(lambda: "/registry/configmaps/default/a" in lines, "the watch was not told of the ConfigMap")
        cluster.delete("configmap/a")
        until(lambda: "DELETE" in lines, "the watch was not told of the end of the ConfigMap")
    assert [line for line in lines if line.isupper()] == ["PUT", "DELETE"]


@needs_etcdctl
def test_a_watch_from_the_past_is_told_the_past_first(server):
    told(server, "put", "k", "1")
    revision = json.loads(told(server, "get", "k", "-w", "json"))["header"]["revision"]
    told(server, "del", "k")
    told(server, "put", "k", "2")
    with watching(server, "k", "--rev", str(revision)) as lines:
        until(lambda: len(lines) == 9, "the watch was not told the past")
    assert lines == ["PUT", "k", "1", "DELETE", "k", "", "PUT", "k", "2"]


@needs_etcdctl
def test_a_watch_outlives_a_member_that_is_restarted(cluster, server):
    with watching(server, "k", "--rev", str(cluster.revision + 1)) as lines:
        told(server, "put", "k", "before")
        until(lambda: "before" in lines, "the watch was not told")
        cluster.crash("etcd")
        assert "is down" in etcdctl(server.endpoint, "endpoint", "health").stderr
        cluster.restart("etcd")
        told(server, "put", "k", "after")
        until(lambda: "after" in lines, "the watch did not go on")
    assert lines == ["PUT", "k", "before", "PUT", "k", "after"]


class Stream:
    """A watch stream of a client that sends what it is given and keeps what it is told."""

    def __init__(self, client: Client) -> None:
        self._asked: list = []
        self._more = threading.Condition()
        self.call = client.Watch(self._requests())

    def _requests(self):
        while True:
            with self._more:
                self._more.wait_for(lambda: self._asked)
                request = self._asked.pop(0)
            if request is None:
                return
            yield request

    def ask(self, request) -> None:
        with self._more:
            self._asked.append(request)
            self._more.notify()

    def create(self, key: bytes, **fields):
        self.ask(make("WatchRequest", create_request=make("WatchCreateRequest", key=key, **fields)))
        return next(self.call)

    def close(self) -> None:
        self.ask(None)
        self.call.cancel()


@pytest.fixture
def stream(client):
    stream = Stream(client)
    yield stream
    stream.close()


def put(client, key: bytes, value: bytes = b"v") -> int:
    return client.Put(make("PutRequest", key=key, value=value)).header.revision


def test_several_watches_share_a_stream(client, stream):
    first, second = stream.create(b"a"), stream.create(b"b", range_end=b"d", filters=[1])
    assert [(one.watch_id, one.created) for one in (first, second)] == [(0, True), (1, True)]
    put(client, b"a")
    put(client, b"c")
    client.DeleteRange(make("DeleteRangeRequest", key=b"c"))
    last = put(client, b"b")
    seen = [next(stream.call) for _ in range(3)]
    assert [(one.watch_id, [event.kv.key for event in one.events]) for one in seen] == [
        (0, [b"a"]),
        (1, [b"c"]),
        (1, [b"b"]),
    ]
    stream.ask(make("WatchRequest", progress_request=make("WatchProgressRequest")))
    progress = next(stream.call)
    assert (progress.watch_id, progress.header.revision, len(progress.events)) == (-1, last, 0)
    stream.ask(make("WatchRequest", cancel_request=make("WatchCancelRequest", watch_id=1)))
    cancelled = next(stream.call)
    assert (cancelled.watch_id, cancelled.canceled, cancelled.compact_revision) == (1, True, 0)
    put(client, b"b")
    put(client, b"a")
    assert next(stream.call).watch_id == 0


def test_watches_that_cannot_be_are_made_and_cancelled(client, stream):
    assert stream.create(b"a", watch_id=7).watch_id == 7
    twice = stream.create(b"a", watch_id=7)
    assert (twice.watch_id, twice.canceled, twice.cancel_reason) == (
        -1,
        True,
        "mvcc: duplicate watch ID provided on the WatchStream",
    )
    empty = stream.create(b"b", range_end=b"a")
    assert (empty.watch_id, empty.created, empty.cancel_reason) == (-1, True, "mvcc: watcher range is empty")
    revision = put(client, b"a")
    assert next(stream.call).events
    put(client, b"b")
    client.Compact(make("CompactionRequest", revision=revision + 1))
    created = stream.create(b"a", start_revision=revision)
    compacted = next(stream.call)
    assert (created.created, compacted.canceled, compacted.compact_revision) == (True, True, revision + 1)
    assert compacted.header.revision == 0
    put(client, b"a")
    assert next(stream.call).watch_id == 7


def test_a_watch_that_looks_away_while_its_past_is_compacted_ends(cluster, client, stream):
    stream.create(b"a")
    with cluster.turn:  # all of this is one turn: the stream sees nothing of it before it is over
        for value in "12":
            cluster.ask_store(PutRequest("a", value))
        last = cluster.revision
        cluster.ask_store(CompactionRequest(last))
        cluster.settle()
    ended = next(stream.call)
    assert (ended.canceled, ended.compact_revision, len(ended.events)) == (True, last, 0)


# -- maintenance -----------------------------------------------------------------------------------------------------


@needs_etcdctl
def test_status_members_alarms_and_room(cluster, server):
    row = told(server, "endpoint", "status").strip().split(", ")
    number = f"{member_id('etcd'):x}"
    assert row[:2] + row[4:6] == [server.endpoint, number, "true", "false"]
    assert f"{server.endpoint} is healthy" in etcdctl(server.endpoint, "endpoint", "health").stderr
    listed = f"{number}, started, etcd, https://etcd:2380, http://{server.endpoint}, false\n"
    assert told(server, "member", "list") == listed
    assert told(server, "alarm", "list") == ""
    cluster.ask_store(AlarmRequest(ACTIVATE, "etcd", NOSPACE))
    raised = f"memberID:{member_id('etcd')} alarm:NOSPACE \n"
    assert told(server, "alarm", "list") == raised
    assert raised.strip() in told(server, "endpoint", "status")
    assert refused(server, "put", "a", "b") == "Error: etcdserver: mvcc: database space exceeded"
    assert told(server, "alarm", "disarm") == raised
    assert told(server, "put", "a", "b") == "OK\n"
    assert told(server, "defrag") == f"Finished defragmenting etcd member[{server.endpoint}]\n"


@needs_etcdctl
def test_a_snapshot_is_saved_as_the_store_saves_it(cluster, server, tmp_path):
    cluster.apply(config_map("kept"))
    told(server, "snapshot", "save", str(tmp_path / "snapshot.db"))
    snapshot = Snapshot.from_bytes((tmp_path / "snapshot.db").read_bytes())
    assert snapshot.revision == cluster.revision
    assert "/registry/configmaps/default/kept" in [kv.key for kv in snapshot.versions]
    assert told(server, "endpoint", "hashkv") == f"{server.endpoint}, {snapshot.hash}\n"


@needs_etcdctl
def test_several_members_have_an_endpoint_each():
    cluster = Cluster(3, workers=0, components=SMALL)
    with cluster.serve_etcd(port=0) as server:
        everybody = ",".join(server.endpoints)
        rows = [line.split(", ") for line in etcdctl(everybody, "endpoint", "status").stdout.splitlines()]
        assert len(rows) == 3
        leaders = [row for row in rows if row[4] == "true"]
        assert len(leaders) == 1
        other = next(row for row in rows if row[4] == "false")
        moved = etcdctl(everybody, "move-leader", other[1])
        assert moved.stdout == f"Leadership transferred from {leaders[0][1]} to {other[1]}\n"
        assert etcdctl(server.endpoints[2], "put", "k", "v").stdout == "OK\n"
        assert {etcdctl(one, "get", "k", "--print-value-only").stdout for one in server.endpoints} == {"v\n"}
        cluster.crash("etcd-control-plane-2")
        assert "is unhealthy" in etcdctl(server.endpoints[1], "endpoint", "health").stderr
        assert etcdctl(everybody, "get", "k", "--print-value-only").stdout == "v\n"


# -- taking turns ------------------------------------------------------------------------------------------------------


def test_clients_and_the_notebook_take_turns(cluster, server):
    problems: list[BaseException] = []

    def writes(number: int) -> None:
        try:
            with grpc.insecure_channel(server.endpoint) as channel:
                client = Client(channel)
                for place in range(25):
                    put(client, f"client-{number}/{place}".encode())
        except BaseException as problem:
            problems.append(problem)

    before = cluster.revision
    threads = [threading.Thread(target=writes, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for place in range(25):
        cluster.apply(config_map(f"notebook-{place}"))
    for thread in threads:
        thread.join()
    assert problems == []
    assert cluster.revision == before + 4 * 25
    assert len(cluster.etcd.range_at("client-")) == 75
    assert len(cluster.get("configmaps")) == 25


def test_a_fork_is_served_by_nobody(cluster, server):
    twin = cluster.fork()
    twin.apply(config_map("only-there"))
    with grpc.insecure_channel(server.endpoint) as channel:
        client = Client(channel)
        key = b"/registry/configmaps/default/only-there"
        assert client.Range(make("RangeRequest", key=key)).count == 0
        put(client, b"only here")
    assert twin.etcd.get_at("only here") is None
    assert type(twin.turn) is not type(cluster.turn)
    with twin.serve_etcd(port=0) as other:
        assert other.endpoint != server.endpoint


def test_what_clients_asked_is_replayed(cluster, server, client):
    put(client, b"k")
    again = cluster.replay()
    assert again.etcd.get_at("k").mod_revision == cluster.etcd.get_at("k").mod_revision


def test_a_port_that_is_taken_is_named(cluster, server):
    port = int(server.endpoint.rpartition(":")[2])
    with pytest.raises(ValueError, match=f"port {port} of 127.0.0.1 is taken: choose another one"):
        cluster.serve_etcd(port)


def test_a_server_that_has_stopped_says_so(cluster):
    server = cluster.serve_etcd(port=0)
    assert server.command in repr(server)
    server.stop()
    assert repr(server) == "<the store's server, stopped>"
    cluster.apply(config_map("a"))


def test_a_program_with_open_watches_ends():
    code = (
        "import grpc, cp_sim, itertools\n"
        "from cp_sim.etcd.wire.messages import make\n"
        "from cp_sim.etcd.wire.services import Client\n"
        "server = cp_sim.Cluster(workers=0, components=('etcd', 'apiserver')).serve_etcd(port=0)\n"
        "create = make('WatchRequest', create_request=make('WatchCreateRequest', key=b'a'))\n"
        "client = Client(grpc.insecure_channel(server.endpoint))\n"
        "print(next(client.Watch(itertools.chain([create], iter(lambda: __import__('time').sleep(60), 1)))).created)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
