"""A real etcd on this machine, asked the same as the embedded store, so that both figures stand beside each other."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

# A real etcd is slower; it is asked so many times at most.
MOST = {"put": 1_000, "txn": 1_000, "range": 20}
PATIENCE_S = 20.0
PREFIX = b"/registry/pods/default/"
VALUE = b"x" * 512


def beside(workload: str, keys: int, count: int) -> str:
    """What a real etcd of one member does in that workload, in words; why there is no figure where there is none."""
    if not shutil.which("etcd"):
        return "no real etcd beside it: etcd is not installed (Debian: apt install etcd-server)"
    try:
        connection = importlib.import_module("cp_sim.etcd.real.connection")
        options = importlib.import_module("cp_sim.etcd.real.options")
        make = importlib.import_module("cp_sim.etcd.wire.messages").make
    except ModuleNotFoundError as missing:
        return f'no real etcd beside it: {missing.name} is not installed (pip install "cp-sim[etcd]")'
    with tempfile.TemporaryDirectory() as directory:
        process = _start(directory)
        try:
            asked = connection.Connection(options.StoreOptions((f"unix:{directory}/client:1",)))
            _wait(asked, make)
            return _measure(asked, make, workload, keys, min(count, MOST[workload]))
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _start(directory: str) -> subprocess.Popen[bytes]:
    peer, client = "unix://peer:1", "unix://client:1"
    command = ["etcd", "--data-dir", str(Path(directory) / "data"), "--log-outputs", str(Path(directory) / "log")]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client, "--logger", "zap"]
    command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", "http://peer:1"]
    command += ["--initial-cluster", "default=http://peer:1", "--log-level", "error"]
    return subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait(asked: Any, make: Callable[..., Any]) -> None:
    last = time.monotonic() + PATIENCE_S
    while True:
        try:
            asked.call("Put", make("PutRequest", key=b"ready"))
            return
        except Exception:
            if time.monotonic() > last:
                raise
            time.sleep(0.1)


def _measure(asked: Any, make: Callable[..., Any], workload: str, keys: int, count: int) -> str:
    if workload == "range":
        for first in range(0, keys, 100):
            puts = [
                make("PutRequest", key=_key(number), value=VALUE) for number in range(first, min(first + 100, keys))
            ]
            asked.call("Txn", make("TxnRequest", success=[make("RequestOp", request_put=one) for one in puts]))
        question = "Range", make("RangeRequest", key=PREFIX, range_end=PREFIX[:-1] + b"0")
        seconds = _timed(lambda: asked.call(*question), count)
        return f"a real etcd beside it: {1000 * seconds / count:.1f} ms for a range of {keys:,} keys"
    numbers = iter(range(count))
    if workload == "put":
        seconds = _timed(lambda: asked.call("Put", _put(make, next(numbers) % keys)), count)
    else:
        seconds = _timed(lambda: asked.call("Txn", _txn(make, next(numbers) % keys)), count)
    return f"a real etcd beside it: {count / seconds:,.0f} {workload}s/s, one after the other, on disk"


def _timed(do: Callable[[], object], count: int) -> float:
    started = perf_counter()
    for _ in range(count):
        do()
    return perf_counter() - started


def _key(number: int) -> bytes:
    return PREFIX + f"web-{number:07}".encode()


def _put(make: Callable[..., Any], number: int) -> Any:
    return make("PutRequest", key=_key(number), value=VALUE)


def _txn(make: Callable[..., Any], number: int) -> Any:
    absent = make("Compare", target=2, key=_key(number), mod_revision=0)
    write = make("RequestOp", request_put=_put(make, number))
    read = make("RequestOp", request_range=make("RangeRequest", key=_key(number)))
    return make("TxnRequest", compare=[absent], success=[write], failure=[read])
