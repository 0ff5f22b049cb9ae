"""docs/etcd.md is run from top to bottom: its Python as a notebook, its command lines in a terminal."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rooms.etcd.real_etcd import ETCDCTL, free_ports, needs_etcd, needs_etcdctl, until

ROOT = Path(__file__).resolve().parents[3]
BLOCKS = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STAYS = ("etcd ", "cp-sim etcd ")  # what runs until it is interrupted


class Terminal:
    """Runs the document's command lines in a folder of its own, on ports that are free."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        simulated, real, peers = free_ports(3)
        self.ports = {"12379": str(simulated), "2379": str(real)}
        peer = f"http://127.0.0.1:{peers}"
        self.environment = {
            **os.environ,
            **{name: value for name, value in ETCDCTL.items() if name != "PATH"},
            "PYTHONPATH": str(ROOT),
            "ETCD_LISTEN_CLIENT_URLS": f"http://127.0.0.1:{real}",
            "ETCD_ADVERTISE_CLIENT_URLS": f"http://127.0.0.1:{real}",
            "ETCD_LISTEN_PEER_URLS": peer,
            "ETCD_INITIAL_ADVERTISE_PEER_URLS": peer,
            "ETCD_INITIAL_CLUSTER": f"default={peer}",
        }
        self.staying: list[subprocess.Popen[str]] = []

    def here(self, text: str) -> str:
        """The text with the ports of this test."""
        return re.sub(r"\b(12379|2379)\b", lambda port: self.ports[port.group()], text)

    def run(self, text: str) -> str:
        """Run a block; returns what it prints."""
        command = self.here(text).strip()
        if command.startswith(STAYS):
            self._start(command)
            return ""
        done = subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _start(self, command: str) -> None:
        words = command.split()
        if words[0] == "cp-sim":
            words[:1] = [sys.executable, "-m", "cp_sim"]
        process = subprocess.Popen(
            words,
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE if words[0] == sys.executable else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.staying.append(process)
        if process.stdout is not None:
            self._try_first_line(process)
            self.end(process)
        else:
            port = self.ports["2379"]
            healthy = ["etcdctl", "--endpoints", f"127.0.0.1:{port}", "endpoint", "health"]
            until(
                lambda: subprocess.run(healthy, env=self.environment, capture_output=True, check=False).returncode == 0,
                "the document's etcd does not answer",
            )

    def _try_first_line(self, process: subprocess.Popen[str]) -> None:
        """What `cp-sim etcd` tells to copy works."""
        assert process.stdout is not None
        assert "the store listens on" in process.stdout.readline()
        copied = process.stdout.readline().strip()
        assert "/registry/namespaces/kube-system" in self.run(copied)

    def end(self, process: subprocess.Popen[str]) -> None:
        """End a program that was started."""
        self.staying.remove(process)
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def terminal(tmp_path):
    terminal = Terminal(tmp_path)
    yield terminal
    for process in list(terminal.staying):
        terminal.end(process)


@needs_etcd
@needs_etcdctl
def test_the_document_is_true(terminal):
    notebook: dict = {}
    printed = []
    for language, text in BLOCKS.findall((ROOT / "docs" / "etcd.md").read_text()):
        if language == "sh":
            printed.append(terminal.run(text))
        else:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(terminal.here(text), "docs/etcd.md", "exec"), notebook)
            printed.append(out.getvalue())
    everything = "".join(printed)
    for words in (
        "/registry/namespaces/default\n",
        "| started |",
        '"text":"hello"',
        "granted with TTL(60s)",
        "Snapshot saved at cluster.snapshot",
        "other\n",
        "from-there\n",
    ):
        assert words in everything
