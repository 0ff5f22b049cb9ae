"""A real etcd as the store of a cluster: it is killed, shared, locked, encrypted, and nothing is lost."""

import random
import subprocess
import sys
import threading

import pytest

from cp_sim import Cluster
from cp_sim.etcd import api
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.real.connection import Connection, StoreAway
from cp_sim.etcd.real.operations import answer_of
from cp_sim.etcd.real.options import StoreOptions, parse
from cp_sim.etcd.real.watcher import Watcher, range_of
from cp_sim.etcd.store import Delete, KeyValue, Put
from cp_sim.etcd.wire.messages import make
from tests.rooms.etcd.real_etcd import RealEtcd, etcdctl, free_ports, needs_etcd, needs_etcdctl, until

pytestmark = needs_etcd
SMALL = ("etcd", "apiserver")
PATH = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, **data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


def deployment(replicas: int) -> dict:
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def cached(cluster: Cluster) -> list[str]:
    """The ConfigMaps from the API server's watch cache, once it has seen all that the store had when it was asked."""
    listed = cluster.request("GET", PATH)
    assert listed.ok, listed.body
    return names(listed.body["items"])


def stored(cluster: Cluster) -> list[str]:
    return names(cluster.get("configmaps"))


def names(items: list[dict]) -> list[str]:
    """Those of the ConfigMaps that a test has made."""
    return [item["metadata"]["name"] for item in items if item["metadata"]["name"] != "kube-root-ca.crt"]


@pytest.fixture(scope="module")
def etcd(tmp_path_factory):
    with RealEtcd(tmp_path_factory.mktemp("etcd")) as etcd:
        yield etcd


@pytest.fixture
def store(etcd, request):
    """The address of the shared etcd, with a prefix for this test alone."""
    return f"{etcd.url}?prefix=/{request.node.name}"


@pytest.fixture
def clusters():
    """Makes clusters and closes them in the end."""
    made: list[Cluster] = []

    def make_cluster(store, **options) -> Cluster:
        made.append(Cluster(**{"workers": 0, "components": SMALL, "store": store, **options}))
        return made[-1]

    yield make_cluster
    for cluster in made:
        cluster.close()


# -- one cluster -------------------------------------------------------------------------------------------------------


def test_a_whole_cluster_runs_on_it(clusters, store):
    cluster = clusters(store, workers=2, components=("etcd", "apiserver", "scheduler", "controller-manager", "kubelet"))
    cluster.apply(deployment(3))
    cluster.settle()
    pods = cluster.get("pods")
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 3
    assert "kube-scheduler schedule" in str(cluster.explain(f"pod/{pods[0]['metadata']['name']}"))
    revision = cluster.revision
    cluster.scale("deployment/web", 1)
    cluster.settle()
    assert len(cluster.get("pods")) == 1
    assert len(cluster.at(revision).get("pods")) == 3


def test_an_earlier_run_is_taken_up(clusters, store):
    first = clusters(store, workers=1, components=("etcd", "apiserver", "cloud-controller-manager", "kubelet"))
    first.apply(config_map("kept", x="1"))
    uid = first.get("configmap/kept")["metadata"]["uid"]
    first.close()
    second = clusters(store, workers=1, components=("etcd", "apiserver", "cloud-controller-manager", "kubelet"))
    assert second.get("configmap/kept")["metadata"]["uid"] == uid
    assert [node["metadata"]["name"] for node in second.get("nodes")] == ["control-plane-1", "worker-1"]


@needs_etcdctl
def test_keys_lie_below_the_prefix_as_json(clusters, store, etcd):
    clusters(store).apply(config_map("a", x="1"))
    prefix = parse(store).prefix
    value = etcdctl(etcd.addresses[0], "get", f"{prefix}/registry/configmaps/default/a", "--print-value-only").stdout
    assert value.startswith('{"apiVersion":"v1","kind":"ConfigMap"')


def test_another_prefix_is_another_cluster(clusters, store):
    one, other = clusters(store), clusters(store + "-other")
    one.apply(config_map("a"))
    other.apply(config_map("b"))
    assert (stored(one), stored(other)) == (["a"], ["b"])
    assert (cached(one), cached(other)) == (["a"], ["b"])


def test_a_fork_has_a_store_of_its_own(clusters, store):
    cluster = clusters(store)
    cluster.apply(config_map("a"))
    twin = cluster.fork()
    twin.apply(config_map("b"))
    twin.delete("configmap/a")
    assert (stored(cluster), cached(cluster)) == (["a"], ["a"])
    assert (stored(twin), cached(twin)) == (["b"], ["b"])
    assert isinstance(twin.store_actor, Etcd)
    assert stored(twin.fork()) == ["b"]
    with pytest.raises(ValueError, match="cannot be replayed"):
        cluster.replay()


def test_the_gateway_leaves_a_real_etcd_to_its_own_clients(clusters, store):
    with pytest.raises(ValueError, match="point etcdctl to that one"):
        clusters(store).serve_etcd(port=0)


def test_it_is_asked_as_etcdctl_asks(clusters, store):
    ask = clusters(store).etcd
    lease = ask.lease_grant(100)
    ask.put("/mine/a", "1", lease=lease.id)
    assert ask.get("/mine/", prefix=True).kvs[0].value == "1"
    assert ask.txn('value("/mine/a") = "1"', "put /mine/b 2", "").succeeded
    assert str(ask.lease_keep_alive(lease.id)).endswith("keepalived with TTL(100)")
    assert ask.lease_timetolive(lease.id, keys=True).keys == ("/mine/a",)
    assert lease.id in ask.lease_list().leases
    watch = ask.watch("/mine/", prefix=True)
    ask.lease_revoke(lease.id)
    assert [kv.key for kv in ask.get("/mine/", prefix=True).kvs] == ["/mine/b"]
    assert "DELETE" in str(watch)
    assert [row.version[0] for row in ask.status()] == ["3"]
    assert [info.name for info in ask.member_list()] == ["etcd-1"]
    assert ask.hash_kv()
    assert len(ask.history("/mine/b")) == 1
    with pytest.raises(api.EtcdError, match="ask it with etcdctl"):
        ask.snapshot_save()


def test_several_control_planes_share_one_adapter(clusters, store):
    cluster = clusters(store, control_planes=2)
    cluster.apply(config_map("a"))
    assert [list(server.caches["configmaps"].objects) for server in cluster.apiservers.values()] == [["default/a"]] * 2
    assert cached(cluster) == ["a"]
    with pytest.raises(ValueError, match="leave out etcd, etcd_members and etcd_flags"):
        clusters(store, etcd_members=3)


# -- two processes on one etcd -----------------------------------------------------------------------------------------


def test_two_api_servers_see_each_others_writes(clusters, store):
    one, other = clusters(store), clusters(store)
    one.apply(config_map("a", x="1"))
    assert cached(other) == ["a"]
    other.apply(config_map("a", x="2"))
    other.apply(config_map("b"))
    one.delete("configmap/b")
    assert (cached(one), cached(other)) == (["a"], ["a"])
    assert one.request("GET", f"{PATH}/a").body["data"] == {"x": "2"}


def test_a_conflict_between_two_api_servers_is_a_409(clusters, store):
    one, other = clusters(store), clusters(store)
    one.apply(config_map("a", x="1"))
    seen = other.request("GET", f"{PATH}/a").body
    one.apply(config_map("a", x="2"))
    answer = other.request("PUT", f"{PATH}/a", body={**seen, "data": {"x": "3"}})
    assert (answer.status, answer.body["reason"]) == (409, "Conflict")
    assert other.request("POST", PATH, body=config_map("a")).body["reason"] == "AlreadyExists"
    assert one.get("configmap/a")["data"] == {"x": "2"}


def test_the_same_seed_does_not_draw_the_same_names_twice(clusters, store):
    one, other, third = clusters(store), clusters(store), clusters(f"{store}&seed=mine")
    body = {"metadata": {"generateName": "a-"}}
    made = [cluster.request("POST", PATH, body=body).body["metadata"] for cluster in (one, other, third)]
    assert len({each["name"] for each in made}) == len({each["uid"] for each in made}) == 3


OTHER_PROCESS = """
import sys
from cp_sim import Cluster
cluster = Cluster(workers=0, components=("etcd", "apiserver"), store=sys.argv[1])
for name in sys.stdin:
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name.strip()}})
    print(" ".join(item["metadata"]["name"] for item in cluster.request("GET", sys.argv[2]).body["items"]), flush=True)
cluster.close()
"""


def test_another_process_is_an_api_server_of_the_same_cluster(clusters, store):
    command = [sys.executable, "-c", OTHER_PROCESS, store, PATH]
    cluster = clusters(store)
    cluster.apply(config_map("a-here"))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        try:
            other.stdin.write("b-there\n")
            other.stdin.flush()
            assert other.stdout.readline() == "a-here b-there\n"
            assert cached(cluster) == ["a-here", "b-there"]
            cluster.delete("configmap/a-here")
            other.stdin.write("c-there\n")
            other.stdin.flush()
            assert other.stdout.readline() == "b-there c-there\n"
        finally:
            other.stdin.close()
            other.kill()
    assert cached(cluster) == ["b-there", "c-there"]


def test_a_controller_here_acts_on_what_was_asked_there(clusters, store):
    here = clusters(store, workers=1, components=("etcd", "apiserver", "scheduler", "controller-manager", "kubelet"))
    there = clusters(store)
    there.apply(deployment(2))
    here.settle()
    assert [pod["status"]["phase"] for pod in there.get("pods")] == ["Running"] * 2
    there.request("DELETE", "/apis/apps/v1/namespaces/default/deployments/web")
    here.settle()
    assert there.request("GET", "/api/v1/namespaces/default/pods").body["items"] == there.get("pods") == []


# -- etcd goes away ----------------------------------------------------------------------------------------------------


def test_killed_in_mid_run_it_loses_nothing(tmp_path, clusters):
    with RealEtcd(tmp_path) as etcd:
        cluster = clusters(
            f"{etcd.url}?timeout=30s",
            workers=2,
            components=("etcd", "apiserver", "scheduler", "controller-manager", "kubelet"),
        )
        cluster.apply(deployment(6))
        acknowledged = [config_map(f"before-{number}") for number in range(5)]
        for obj in acknowledged:
            cluster.apply(obj)
        for _ in range(12):
            cluster.step()
        etcd.kill()
        back = threading.Timer(0.7, etcd.start)
        back.start()
        cluster.settle()
        back.join()
        assert [pod["status"]["phase"] for pod in cluster.get("pods")] == ["Running"] * 6
        assert set(stored(cluster)) >= {obj["metadata"]["name"] for obj in acknowledged}
        assert sorted(cached(cluster)) == sorted(stored(cluster))


def test_away_it_is_named_and_back_it_goes_on_without_a_gap(tmp_path, clusters):
    with RealEtcd(tmp_path) as etcd:
        store = f"{etcd.url}?timeout=300ms"
        cluster, other = clusters(store), clusters(store)
        cluster.apply(config_map("a"))
        etcd.kill()
        refused = cluster.request("POST", PATH, body=config_map("b"))
        assert refused.status == 500
        assert f"dial tcp {etcd.addresses[0]}: connect: connection refused" in refused.body["message"]
        sentence = f"etcd at {etcd.addresses[0]} does not answer (connection refused): start it"
        with pytest.raises(StoreAway) as away:
            cluster.get("configmaps")
        assert str(away.value).startswith(sentence)
        with pytest.raises(StoreAway):
            cluster.apply(config_map("b"))
        with pytest.raises(StoreAway) as away:
            clusters(store)
        assert str(away.value).startswith(sentence)
        etcd.start()
        until(lambda: other.request("POST", PATH, body=config_map("b")).ok, "the other API server did not go on")
        assert cached(cluster) == ["a", "b"]
        cluster.delete("configmap/a")
        assert cached(other) == ["b"]


def test_what_is_compacted_during_an_outage_is_read_afresh(tmp_path, clusters):
    with RealEtcd(tmp_path) as etcd:
        cluster, other = clusters(etcd.url, components=(*SMALL, "controller-manager")), clusters(etcd.url)
        cluster.apply(config_map("a"))
        cluster.apply(config_map("gone"))
        _cut(cluster)
        other.delete("configmap/gone")
        other.apply(config_map("b"))
        revision = other.revision
        Connection(parse(etcd.url)).call("Compact", make("CompactionRequest", revision=revision))
        _mend(cluster)
        until(lambda: cluster.request("GET", PATH).ok, "the API server did not read the store afresh")
        assert cached(cluster) == ["a", "b"]
        cluster.apply(config_map("c"))
        assert (cached(cluster), cached(other)) == (["a", "b", "c"], ["a", "b", "c"])
        other.apply(deployment(2))  # whoever watches at the first API server has read everything afresh, too
        cluster.settle()
        assert len(other.get("pods")) == 2


def _cut(cluster: Cluster) -> None:
    """Let the watch of a cluster break, and keep it from coming back."""
    connection = cluster.store_actor.connection
    connection.client, connection.kept = _nobody, connection.client
    for watcher in cluster.store_actor.watchers.values():
        watcher._call.cancel()


def _mend(cluster: Cluster) -> None:
    connection = cluster.store_actor.connection
    connection.client = connection.kept


def _nobody():
    raise ValueError("the line is cut")


def test_three_members_fail_over(tmp_path, clusters):
    with RealEtcd(tmp_path, members=3) as etcd:
        cluster = clusters(f"{etcd.url}?timeout=1s")
        for number in range(3):
            cluster.apply(config_map(f"before-{number}"))
        etcd.kill(0)
        until(lambda: cluster.request("POST", PATH, body=config_map("one-down")).ok, "two of three did not suffice")
        etcd.kill(1)
        refused = cluster.request("POST", PATH, body=config_map("two-down"))
        assert not refused.ok
        etcd.start(0)
        until(lambda: cluster.request("POST", PATH, body=config_map("back")).ok, "two of three did not suffice again")
        kept = stored(cluster)
        assert {"before-0", "before-1", "before-2", "one-down", "back"} <= set(kept)
        assert cached(cluster) == kept


# -- a watch, whatever breaks ------------------------------------------------------------------------------------------


class Forgetful(Watcher):
    """A watcher with a planted bug: when its stream breaks it goes on from now, not from where it was."""

    def _stream(self):
        if self._call is not None:
            self._next_revision = 0
        return super()._stream()


def missed(watcher_class, store: str, seed: int, patience_s: float = 5) -> list[bytes]:
    """The keys that a watcher was not told of, or told twice, while its stream is broken again and again."""
    chance = random.Random(seed)
    connection, writer = Connection(parse(store)), Connection(parse(store))
    prefix = f"/watched-{watcher_class.__name__}-{seed}/"
    first, end = range_of(prefix)
    start = writer.call("Range", make("RangeRequest", key=first)).header.revision + 1
    watcher = watcher_class(connection, first, end, start)
    written, told = [], []
    until(lambda: watcher._call is not None, "the watch was not opened")
    for number in range(40):
        written.append(f"{prefix}{number:03}".encode())
        revision = writer.call("Put", make("PutRequest", key=written[-1])).header.revision
        if chance.random() < 0.2:
            watcher._call.cancel()
        if chance.random() < 0.2:
            watcher.wait_for(revision, patience_s)
    watcher.wait_for(revision, 2)
    for piece in watcher.take():
        told += [event.kv.key for event in piece.events]
    watcher.close()
    connection.close()
    writer.close()
    return [key for key in written if told.count(key) != 1] + [key for key in told if key not in written]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_watch_is_told_everything_once_whatever_breaks(etcd, seed):
    assert missed(Watcher, etcd.url, seed) == [], f"seed {seed}"


def test_control_a_watch_that_does_not_resume_loses_changes(etcd):
    assert missed(Forgetful, etcd.url, 1, patience_s=0.1) != []


def test_progress_is_asked_for_where_nothing_is_told(clusters, store, etcd):
    cluster = clusters(store)
    Connection(parse(etcd.url)).call("Put", make("PutRequest", key=b"/not-ours"))
    assert cached(cluster) == []  # a consistent read waits for a revision of which no change tells
    assert cluster.request("GET", PATH).body["items"] == []


def test_a_write_that_was_put_twice_recognizes_itself():
    kv = KeyValue("/registry/configmaps/default/a", config_map("a"), 7, 7, 1)
    failed = api.TxnResponse(9, False, (api.RangeResponse(9, (kv,), False, 1),))
    put = Put(kv.key, config_map("a"), expect=0)
    assert answer_of(put, failed, 1, asked_again=True).succeeded
    assert not answer_of(put, failed, 1, asked_again=False).succeeded
    assert not answer_of(Put(kv.key, config_map("a", x="1"), expect=0), failed, 1, asked_again=True).succeeded
    gone = api.TxnResponse(9, False, (api.RangeResponse(9),))
    assert not answer_of(Delete(kv.key, expect=7), gone, 1, asked_again=True).succeeded


# -- locked and encrypted ----------------------------------------------------------------------------------------------


@needs_etcdctl
def test_with_users_it_asks_for_a_token(tmp_path, clusters):
    with RealEtcd(tmp_path) as etcd:
        address = etcd.addresses[0]
        for words in (
            ("user", "add", "root:s3cret"),
            ("user", "grant-role", "root", "root"),
            ("role", "add", "kube"),
            ("role", "grant-permission", "kube", "readwrite", "/mine", "--prefix"),
            ("user", "add", "kube:p@ss"),
            ("user", "grant-role", "kube", "kube"),
            ("auth", "enable"),
        ):
            done = etcdctl(address, *words)
            assert done.returncode == 0, done.stderr
        store = f"etcd://kube:p%40ss@{address}?prefix=/mine"
        cluster, other = clusters(store), clusters(store)
        cluster.apply(config_map("a"))
        assert cached(other) == ["a"]
        etcd.kill()
        etcd.start()  # tokens of before are worth nothing now
        until(lambda: cluster.request("POST", PATH, body=config_map("b")).ok, "no new token was asked for")
        assert cached(other) == ["a", "b"]
        for wrong, words in (
            (f"etcd://kube:wrong@{address}?prefix=/mine", "invalid user ID or password"),
            (f"etcd://kube:p%40ss@{address}?prefix=/theirs", "permission denied"),
            (f"etcd://{address}?prefix=/mine", "user name is empty"),
        ):
            with pytest.raises(api.EtcdError, match=words):
                clusters(wrong)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate authority, and certificates for the server and for a client."""
    directory = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        try:
            done = subprocess.run(["openssl", *words], cwd=directory, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("openssl is not installed; on Debian: apt install openssl")
        assert done.returncode == 0, done.stderr

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=course")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (directory / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-out", f"{name}.pem", "-extfile", f"{name}.ext"),
        )
    return directory


def test_with_tls_both_sides_show_who_they_are(tmp_path, certificates, clusters):
    files = {
        name: str(certificates / name) for name in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")
    }
    tls = ["--cert-file", files["server.pem"], "--key-file", files["server.key"]]
    tls += ["--client-cert-auth", "--trusted-ca-file", files["ca.pem"]]
    with RealEtcd(tmp_path, tls=tls) as etcd:
        options = {"ca": files["ca.pem"], "cert": files["client.pem"], "key": files["client.key"]}
        one = clusters(StoreOptions(tuple(etcd.addresses), **options))
        url = f"etcds://{etcd.addresses[0]}?" + "&".join(f"{name}={file}" for name, file in options.items())
        other = clusters(url)
        one.apply(config_map("a"))
        assert cached(other) == ["a"]
        with pytest.raises(StoreAway):
            clusters(f"etcds://{etcd.addresses[0]}?ca={files['ca.pem']}&timeout=300ms")  # shows no certificate
        with pytest.raises(ValueError, match=r"nowhere\.pem cannot be read"):
            clusters(f"etcds://{etcd.addresses[0]}?ca=nowhere.pem")


def test_where_nobody_listens_a_sentence_says_so():
    port = free_ports(1)[0]
    with pytest.raises(StoreAway, match=f"etcd at 127.0.0.1:{port} does not answer"):
        Cluster(store=f"etcd://127.0.0.1:{port}?timeout=200ms")
