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
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells below the window are in the page, too
}
LONG_MS = 40_000


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
    for name, chosen in SETTINGS.items():
        path = scratch / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(chosen))
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


# -- the dashboard -----------------------------------------------------------------------------------------------------

# Notes which controls were there and which were pressed, by their `data-do`, `data-tab`, `data-panel`, ... or label.
WATCH_CONTROLS = """root => {
    const nameOf = control => {
        const kinds = ['do', 'tab', 'panel', 'open'].filter(kind => control.dataset[kind]);
        if (kinds.length) return `${kinds[0]}:${control.dataset[kinds[0]]}`;
        return (control.ariaLabel ?? control.textContent).replace(/[0-9]+/g, 'N');
    };
    const note = () => root.querySelectorAll('button, select, input[type=checkbox], input[type=range]')
        .forEach(control => { if (!control.closest('.cp-log')) window.cpSeen.add(nameOf(control)); });
    window.cpSeen = new Set();
    window.cpPressed = new Set();
    note();
    const watched = {childList: true, subtree: true, attributes: true, attributeFilter: ['data-do']};
    new MutationObserver(note).observe(root, watched);
    const press = happening => {
        const control = happening.target.closest('button, select, input');
        if (control && !control.closest('.cp-log')) window.cpPressed.add(nameOf(control));
    };
    root.addEventListener('click', press, true);
    root.addEventListener('change', press, true);
    root.addEventListener('input', press, true);
}"""

# Where the boxes of a picture are, in pixels from the picture's own corner, once nothing moves any more.
PLACES = """async root => {
    const svg = root.querySelector('.cp-picture > svg');
    await Promise.allSettled(document.getAnimations().map(animation => animation.finished));
    const corner = svg.getBoundingClientRect();
    return Object.fromEntries([...svg.querySelectorAll('g.node[id], g.cluster[id]')].map(group => {
        const box = group.getBoundingClientRect();
        return [group.id, [box.x - corner.x, box.y - corner.y]];
    }));
}"""

# Milliseconds from a click to the first frame in which the new picture stands, and to its being in the page.
CLICK_TO_REDRAW = """([root, selector]) => new Promise(resolve => {
    const before = +root.dataset.seq, started = performance.now();
    const watch = new MutationObserver(() => {
        if (+root.dataset.seq > before && !root.hasAttribute('aria-busy')) {
            watch.disconnect();
            requestAnimationFrame(() => resolve([performance.now() - started, +root.dataset.ms]));
        }
    });
    watch.observe(root, {attributes: true});
    root.querySelector(selector).click();
})"""


class Desk:
    """The dashboard in a page: presses its controls and waits until their answer is shown."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.root = lab.page.locator(".cp-desk")
        self.root.locator(".cp-picture > svg").wait_for()
        self.root.evaluate(WATCH_CONTROLS)

    @property
    def seq(self) -> int:
        """The number of the frame that is shown."""
        return int(self.root.get_attribute("data-seq") or 0)

    def after(self, before: int) -> None:
        """Wait until a frame newer than `before` is shown and none is awaited."""
        self.lab.page.wait_for_function(
            "([root, seq]) => +root.dataset.seq > seq && !root.hasAttribute('aria-busy')",
            arg=[self.root.element_handle(), before],
        )

    def press(self, selector: str) -> None:
        """Click what `selector` names and wait for the answer."""
        before = self.seq
        self.root.locator(selector).first.click()
        self.after(before)

    def panel(self, name: str) -> None:
        """Open a panel of controls."""
        self.root.locator(f'[data-panel="{name}"]').click()

    def fill(self, form: str, **fields: str) -> None:
        """Write into the fields of a form."""
        for name, text in fields.items():
            self.root.locator(f'form[data-form="{form}"] [name="{name}"]').fill(text)

    @property
    def picture(self) -> str:
        """The text twin of the picture."""
        return self.root.locator(".cp-twin pre").text_content() or ""

    @property
    def outcome(self) -> str:
        """What became of the last command."""
        return self.root.locator(".cp-outcome").text_content() or ""

    @property
    def ok(self) -> bool:
        """Whether the last command was carried out."""
        return self.root.get_attribute("data-ok") == "true"

    @property
    def revision(self) -> int:
        """The revision that is shown."""
        return int(self.root.locator('[aria-label="revision"]').input_value())

    def ids(self, start: str = "") -> list[str]:
        """The ids of the picture's groups that begin with `start`."""
        found = self.root.evaluate(
            "root => [...root.querySelectorAll('.cp-picture > svg g[id]')].map(group => group.id)"
        )
        return sorted(name for name in found if name.startswith(start))

    def places(self) -> dict[str, tuple[float, float]]:
        """Where each box stands, once nothing moves any more."""
        return {name: (place[0], place[1]) for name, place in self.root.evaluate(PLACES).items()}

    def redraw_ms(self, selector: str) -> tuple[float, float]:
        """Click, and measure until the new picture is drawn; beside it the part until the answer had come."""
        drawn, answered = self.lab.page.evaluate(CLICK_TO_REDRAW, [self.root.element_handle(), selector])
        return float(drawn), float(answered)

    def unpressed(self) -> list[str]:
        """The controls that were shown and never pressed."""
        return sorted(self.root.evaluate("() => [...window.cpSeen].filter(name => !window.cpPressed.has(name))"))


@pytest.fixture
def desk_in() -> type[Desk]:
    """`desk_in(lab)`: the dashboard of the notebook that is open."""
    return Desk


@pytest.fixture
def open_desk(lab: Lab) -> Any:
    """`open_desk(code)`: a notebook that runs `code`, which makes `cluster`, and shows its dashboard."""

    def opened(code: str, name: str = "desk.ipynb") -> Desk:
        lab.open(lab.server.write_notebook(name, ["from cp_sim import Cluster\n" + code, "cluster.dashboard()"]))
        lab.run_all()
        assert lab.cell_errors() == []
        return Desk(lab)

    return opened


FIGURES: list[str] = []


@pytest.fixture
def figures() -> list[str]:
    """Measured figures, shown at the end of the run; nothing is asserted about them."""
    return FIGURES


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show the measured figures and keep them beside the screenshots."""
    if FIGURES:
        terminalreporter.section("measured in the browser")
        for line in FIGURES:
            terminalreporter.write_line(line)
        ARTEFACTS.mkdir(exist_ok=True)
        (ARTEFACTS / "figures.txt").write_text("\n".join(FIGURES) + "\n")
