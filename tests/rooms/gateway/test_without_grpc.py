"""Where the extra is not installed, a sentence says so."""

import subprocess
import sys

import pytest

from cp_sim import Cluster


@pytest.fixture(params=["grpc", "google.protobuf"])
def _without(request, monkeypatch):
    for name in [
        name for name in sys.modules if name.startswith(("cp_sim.gateway.", "cp_sim.etcd.wire", "cp_sim.etcd.real"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, request.param, None)


@pytest.mark.usefixtures("_without")
def test_a_sentence_names_the_mend():
    cluster = Cluster(workers=0, components=("etcd", "apiserver"))
    with pytest.raises(ModuleNotFoundError, match=r'pip install "cp-sim\[etcd\]"'):
        cluster.serve_etcd(port=0)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "cp-sim\[etcd\]"'):
        Cluster(store="etcd://127.0.0.1:2379")


def test_nobody_else_needs_it():
    code = (
        "import sys\n"
        "from cp_sim import Cluster\n"
        "Cluster(workers=1).etcd.put('a', 'b')\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('grpc', 'google')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
