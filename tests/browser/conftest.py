"""A JupyterLab of its own and a real Chromium, for the tests that press buttons.

The server works on a copy of the notebooks, with all of Jupyter's folders in a scratch directory; it is ended by its
process group.  Tests wait for facts (the kernel is idle, a counter in the page went up), never for a time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "test-artefacts"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = {"fetchNews": "false", "checkForUpdates": "false"}
LONG_MS = 60_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here need a browser."""
    for item in items:
        if ROOT / "tests" / "browser" in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on the PATH (Debian: apt install chromium)"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, speaking to nobody but us."""
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A window as on a small laptop."""
    return {**browser_context_args, "viewport": {"width": 1440, "height": 1000}}


class Server:
    """A running JupyterLab: its address and the folder it serves."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    def write_notebook(self, name: str, cells: list[str]) -> str:
        """Put a notebook of these code cells into the folder; its name."""
        code = [
            {
                "cell_type": "code",
                "id": f"cell-{place}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": cell,
            }
            for place, cell in enumerate(cells)
        ]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        text = json.dumps({"cells": code, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})
        (self.folder / name).write_text(text)
        return name


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab on a copy of the notebooks, with nothing of the user's settings."""
    scratch = tmp_path_factory.mktemp("jupyter")
    folder = scratch / "course"
    folder.mkdir()
    if (ROOT / "notebooks").exists():
        shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    settings = scratch / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(QUIET))
    environment = {key: value for key, value in os.environ.items() if key not in ("CP_STATIC", "JUPYTER_PATH")}
    environment |= {
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "HOME": str(scratch),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "PYTHONHASHSEED": "0",
    }
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password="),
        *(
            "--ServerApp.disable_check_xsrf=True",
            "--LabApp.expose_app_in_browser=True",
            f"--ServerApp.root_dir={folder}",
        ),
    ]
    log_path = scratch / "server.log"
    with open(log_path, "w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, process, log_path)
        yield Server(url, folder)
    finally:
        end(process)


def wait_for(url: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
    """Return as soon as the server answers."""
    deadline = time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(f"{url}/api", timeout=5).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"JupyterLab did not start:\n{log_path.read_text()[-3000:]}")
            time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its kernels: the process group that it was started in."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_number)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue


class Lab:
    """A page with JupyterLab in it, and what went wrong in it."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.page.set_default_timeout(LONG_MS)
        page.on("pageerror", lambda error: self.errors.append(f"page: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Any) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", "localhost", None):
            self.foreign.append(request.url)

    def open(self, notebook: str) -> None:
        """Open a notebook of the server's folder and wait until its kernel is ready."""
        self.page.goto(f"{self.server.url}/lab/tree/{notebook}?reset")
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until the notebook's kernel has nothing to do."""
        self.page.wait_for_function(
            """() => {
                const widget = window.jupyterapp?.shell?.currentWidget;
                const context = widget?.sessionContext;
                return widget?.content?.model && context?.isReady && context.session?.kernel?.status === 'idle';
            }"""
        )

    def run_all(self) -> None:
        """Run every cell and wait for the last one."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.wait_idle()

    def run(self, code: str) -> str:
        """Run `code` in the notebook's kernel, beside its cells; what it prints."""
        return str(
            self.page.evaluate(
                """async code => {
                    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                    const future = kernel.requestExecute({code, store_history: false});
                    let text = '';
                    future.onIOPub = message => {
                        if (message.header.msg_type === 'stream') text += message.content.text;
                        if (message.header.msg_type === 'error') text += message.content.traceback.join('\\n');
                    };
                    await future.done;
                    return text;
                }""",
                code,
            )
        )

    def cell_errors(self) -> list[str]:
        """The error outputs of the notebook's cells, as names and messages."""
        return list(
            self.page.evaluate(
                """() => window.jupyterapp.shell.currentWidget.content.widgets
                    .filter(cell => cell.model.type === 'code')
                    .filter(cell => !(cell.model.metadata?.tags ?? []).includes('raises-exception'))
                    .flatMap(cell => cell.model.outputs.toJSON())
                    .filter(output => output.output_type === 'error')
                    .map(output => `${output.ename}: ${output.evalue}`)"""
            )
        )

    def picture(self, name: str) -> Path:
        """Keep a screenshot in test-artefacts/."""
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def assert_clean(self) -> None:
        """Nothing went wrong in the page and nothing left the machine."""
        assert self.errors == []
        assert self.foreign == []


@pytest.fixture
def lab(page: Page, server: Server) -> Lab:
    """JupyterLab in a fresh page; `lab.open(...)` comes first."""
    return Lab(page, server)
