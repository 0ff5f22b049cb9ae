"""A real etcd for tests: members on free ports of the loopback, each a process that is ended by its pid."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 30

needs_etcd = pytest.mark.skipif(
    not shutil.which("etcd"), reason="the real etcd is not installed; on Debian: apt install etcd-server"
)
needs_etcdctl = pytest.mark.skipif(
    not shutil.which("etcdctl"), reason="the real etcdctl is not installed; on Debian: apt install etcd-client"
)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def until(what: Any, why: str, patience_s: float = PATIENCE_S) -> Any:
    """The first true answer of `what()`; fails, saying `why`, if it does not come."""
    last = time.monotonic() + patience_s
    while not (found := what()):
        if time.monotonic() > last:
            raise AssertionError(f"{why} (waited {patience_s:.0f} s)")
        time.sleep(0.02)
    return found


class RealEtcd:
    """A cluster of real etcd members; a context manager that ends every process it has started.

    `tls` are further options for client traffic over TLS, e.g. `("--cert-file", "a.pem", "--key-file", "a.key")`.
    """

    def __init__(self, directory: Path, members: int = 1, tls: Sequence[str] = (), options: Sequence[str] = ()) -> None:
        self.directory = directory
        self.names = [f"etcd-{number}" for number in range(1, members + 1)]
        ports = free_ports(3 * members)
        self.client_ports, self.peer_ports, self.health_ports = (ports[place::3] for place in range(3))
        self.scheme = "https" if tls else "http"
        self.options = [*tls, *options]
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def addresses(self) -> list[str]:
        """host:port of every member, for clients."""
        return [f"127.0.0.1:{port}" for port in self.client_ports]

    @property
    def url(self) -> str:
        """The cluster as a store: `etcd://127.0.0.1:1,127.0.0.1:2`."""
        return ("etcds://" if self.scheme == "https" else "etcd://") + ",".join(self.addresses)

    def __enter__(self) -> RealEtcd:
        try:
            for number in range(len(self.names)):
                self.start(number, wait=False)
            for number in range(len(self.names)):
                self.wait_ready(number)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        for number in list(self.processes):
            self.kill(number)

    def start(self, number: int = 0, wait: bool = True) -> None:
        """Start a member, anew with the data it had if it ran before."""
        name, peer = self.names[number], f"http://127.0.0.1:{self.peer_ports[number]}"
        client = f"{self.scheme}://{self.addresses[number]}"
        cluster = ",".join(f"{other}=http://127.0.0.1:{port}" for other, port in zip(self.names, self.peer_ports))
        data = self.directory / name
        data.mkdir(parents=True, exist_ok=True)
        command = ["etcd", "--name", name, "--data-dir", str(data / "data")]
        command += ["--listen-client-urls", client, "--advertise-client-urls", client]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", cluster]
        command += ["--listen-metrics-urls", f"http://127.0.0.1:{self.health_ports[number]}"]
        command += ["--logger", "zap", "--log-level", "warn", "--log-outputs", str(data / "log"), *self.options]
        self.processes[number] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if wait:
            self.wait_ready(number)

    def wait_ready(self, number: int) -> None:
        """Wait until the member takes writes."""
        until(lambda: self._is_healthy(number), f"{self.names[number]} did not become healthy: {self._log(number)}")

    def kill(self, number: int = 0) -> None:
        """End a member at once, as a loss of power does."""
        self._end(number, signal.SIGKILL)

    def stop(self, number: int = 0) -> None:
        """End a member in order."""
        self._end(number, signal.SIGTERM)

    def _end(self, number: int, how: signal.Signals) -> None:
        process = self.processes.pop(number)
        process.send_signal(how)
        process.wait(PATIENCE_S)

    def _is_healthy(self, number: int) -> bool:
        if self.processes[number].poll() is not None:
            raise AssertionError(f"{self.names[number]} ended: {self._log(number)}")
        with contextlib.suppress(OSError, ValueError):
            address = f"http://127.0.0.1:{self.health_ports[number]}/health"
            with urllib.request.urlopen(address, timeout=2) as answer:
                return json.load(answer)["health"] == "true"
        return False

    def _log(self, number: int) -> str:
        with contextlib.suppress(OSError):
            return (self.directory / self.names[number] / "log").read_text()[-2000:]
        return "no log"


# For etcdctl on a busy machine.
ETCDCTL = {
    "ETCDCTL_API": "3",
    "ETCDCTL_DIAL_TIMEOUT": f"{PATIENCE_S}s",
    "ETCDCTL_COMMAND_TIMEOUT": f"{PATIENCE_S}s",
    "PATH": "/usr/bin:/bin:/usr/local/bin",
}


def etcdctl(endpoint: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """What the real etcdctl says when asked `words` at `endpoint` (a URL or host:port)."""
    return subprocess.run(
        ["etcdctl", "--endpoints", endpoint, *words],
        env=ETCDCTL,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
