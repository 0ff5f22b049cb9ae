"""Measure what a newcomer waits: clone, `./course lab` with an empty package cache, then a second start.

Run by hand or by CI: `python3 tests/house/fresh_start.py`.  It fails if the server does not answer in 90 seconds the
first time; the second start is only reported, for other work on the machine may slow it down.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST_START_LIMIT_S = 90


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers_after(folder: Path, environment: dict[str, str], limit_s: float) -> float:
    """Start the course in `folder`; the seconds until its page answers.  The server is ended by SIGTERM.

    Raises:
        SystemExit: the server ended by itself, did not answer in time, or did not end on SIGTERM.
    """
    port = free_port()
    command = ["./course", "lab", "--no-browser", f"--port={port}"]
    started = time.monotonic()
    with open(folder / "server.log", "a") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/lab", timeout=5) as page:
                    if page.status == 200:
                        return time.monotonic() - started
            except OSError:
                pass
            waited = time.monotonic() - started
            if server.poll() is not None or waited > limit_s:
                sys.exit(f"no answer after {waited:.0f} s:\n{(folder / 'server.log').read_text()[-3000:]}")
            time.sleep(0.05)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            sys.exit("the server did not end on SIGTERM")


def main() -> None:
    """Clone, start twice, print the seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
        environment |= {"UV_CACHE_DIR": str(Path(scratch, "uv")), "PIP_CACHE_DIR": str(Path(scratch, "pip"))}
        environment |= {f"JUPYTER_{what}_DIR": str(Path(scratch, what)) for what in ("DATA", "CONFIG", "RUNTIME")}
        first = answers_after(clone, environment, FIRST_START_LIMIT_S)
        print(f"first start, empty package cache: {first:.1f} s (limit {FIRST_START_LIMIT_S})", flush=True)
        second = [answers_after(clone, environment, FIRST_START_LIMIT_S) for _ in range(3)]
        print("second start: " + ", ".join(f"{seconds:.1f} s" for seconds in second) + " (aim 5)", flush=True)
        shutil.rmtree(clone / ".venv", ignore_errors=True)


if __name__ == "__main__":
    main()
