"""One kubectl: which cluster, user and namespace it speaks for, and one command after the other.

    >>> kubectl = Kubectl(cluster)
    >>> print(kubectl.run("get pods -o wide").text)

*In Kubernetes:* the program `kubectl` with its kubeconfig.
*Simplified:* what waits (`delete`, `rollout status`, `wait`, `drain`, `get -w`) moves the cluster's virtual time
instead of the learner's, and gives up after ten virtual minutes where the real one waits on.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_sim.course.kubectl import client as rest
from cp_sim.course.kubectl.config import Config
from cp_sim.course.kubectl.errors import KubectlError, failure
from cp_sim.course.kubectl.flags import Flags, parse
from cp_sim.sim import StillBusy

PATIENCE_MS = 600_000
USER_AGENT = "kubectl/v1.37.1 (linux/amd64) kubernetes/f78e722"


@dataclass
class Outcome:
    """What a command printed, piece by piece as (`stdout` or `stderr`, text), and its exit status."""

    code: int = 0
    pieces: list[tuple[str, str]] = field(default_factory=list)

    @property
    def stdout(self) -> str:
        """What went to standard output."""
        return "".join(text for stream, text in self.pieces if stream == "stdout")

    @property
    def stderr(self) -> str:
        """What went to standard error."""
        return "".join(text for stream, text in self.pieces if stream == "stderr")

    @property
    def text(self) -> str:
        """Both, in the order in which they were written."""
        return "".join(text for _, text in self.pieces)


Command = Callable[["Invocation"], None]
COMMANDS: dict[str, tuple[Command, str]] = {}
GROUPS: dict[str, str] = {}


def command(name: str, flags: str = "") -> Callable[[Command], Command]:
    """Register what carries out `kubectl name`; `flags` as `flags.specify` reads them."""

    def register(function: Command) -> Command:
        COMMANDS[name] = (function, flags)
        return function

    return register


class Kubectl:
    """Commands to one cluster.

    Args:
        cluster: what answers `request(method, path, query=…, headers=…, body=…, user=…)`.
        namespace: where commands look that name no other.
        user: who asks.
        files: names and texts of the files that `-f` may name, beside those on the disk.
        settle: whether the cluster runs until it is quiet after a command that changed something.
    """

    def __init__(
        self,
        cluster: Any,
        *,
        namespace: str = "default",
        user: str = "admin",
        files: Mapping[str, str] | None = None,
        settle: bool = True,
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.config = Config(namespace, user)
        self.files = dict(files) if files is not None else None
        self.settle = settle
        self.types = rest.Types()

    def run(self, line: str | list[str], stdin: str = "") -> Outcome:
        """Carry out one command, given without the word `kubectl`, and say what it printed."""
        outcome = Outcome()
        try:
            words = shlex.split(line) if isinstance(line, str) else list(line)
        except ValueError as error:
            outcome.code = 1
            outcome.pieces.append(("stderr", f"error: the command line cannot be read: {str(error).lower()}\n"))
            return outcome
        invocation = None
        try:
            try:
                invocation, function = self._read(words, stdin, outcome)
                function(invocation)
            except KubectlError as error:
                outcome.code = error.code
                if error.text:
                    outcome.pieces.append(("stderr", error.text + "\n"))
            if invocation is not None and invocation.client.wrote:
                invocation.settle()
        except StillBusy as error:
            outcome.pieces.append(("stderr", f"the cluster does not come to rest: {error}\n"))
        return outcome

    def _read(self, words: list[str], stdin: str, outcome: Outcome) -> tuple[Invocation, Command]:
        name, rest_words = _command_name(words)
        if name not in COMMANDS:
            error = _no_such_command(name, rest_words)
            if name == "rollout":  # this one group writes its help to the standard output
                outcome.pieces.append(("stdout", error.text + "\n"))
                error = KubectlError("")
            raise error
        function, specification = COMMANDS[name]
        arguments, flags = parse(name, rest_words, specification)
        return Invocation(self, name, arguments, flags, stdin, outcome), function


def _command_name(words: list[str]) -> tuple[str, list[str]]:
    """The command's name, of one or two words, and what is left; flags before it are put behind."""
    front: list[str] = []
    rest_words = list(words)
    while rest_words and rest_words[0].startswith("-"):
        front.append(rest_words.pop(0))
        if front[-1] in ("-n", "--namespace", "--as", "--context", "-s", "-v") and rest_words:
            front.append(rest_words.pop(0))
    if not rest_words:
        return "", front
    name = rest_words.pop(0)
    if name in GROUPS and rest_words and not rest_words[0].startswith("-"):
        two = f"{name} {rest_words[0]}"
        three = f"{two} {rest_words[1]}" if len(rest_words) > 1 else ""
        if three in COMMANDS:
            return three, front + rest_words[2:]
        if two in COMMANDS:
            return two, front + rest_words[1:]
        alias = ALIASES.get(two)
        if alias:
            return alias, front + rest_words[1:]
    return name, front + rest_words


ALIASES: dict[str, str] = {}


def _no_such_command(name: str, rest_words: list[str]) -> KubectlError:
    if name in GROUPS:
        return KubectlError(GROUPS[name])
    if not name:
        return KubectlError(
            "kubectl controls the Kubernetes cluster manager.\n\n"
            "Usage:\n  kubectl [flags] [options]\n\n"
            'Use "kubectl <command> --help" for more information about a given command.'
        )
    return failure(f'unknown command "{name}" for "kubectl"')


class Invocation:
    """One command being carried out: its arguments and flags, its client, and where its words go."""

    def __init__(
        self, kubectl: Kubectl, name: str, arguments: list[str], flags: Flags, stdin: str, outcome: Outcome
    ) -> None:
        self.kubectl = kubectl
        self.name = name
        self.arguments = arguments
        self.flags = flags
        self.stdin = stdin
        self.outcome = outcome
        self.cluster = kubectl.cluster
        self.settles = kubectl.settle and not flags["no-settle"]
        context = kubectl.config.chosen(flags["context"], flags["kubeconfig"])
        rest.check_user(flags, context.user)
        if flags["server"] and flags["server"] != kubectl.config.server:
            host = flags["server"].rpartition("//")[2]
            said = f"The connection to the server {host} was refused - did you specify the right host or port?"
            raise KubectlError(said)
        if flags["token"]:
            raise KubectlError("error: You must be logged in to the server (Unauthorized)")
        headers: dict[str, Any] = {"kubectl-command": f"kubectl {name}", "user-agent": USER_AGENT}
        if flags["as"]:
            headers["impersonate-user"] = flags["as"]
        if flags["as-group"]:
            headers["impersonate-group"] = list(flags["as-group"])
        self.namespace: str = flags["namespace"] or context.namespace
        self.namespace_given = flags.given("namespace")
        # `create rolebinding` has a --user of its own, which is a list.
        user = flags["user"] if isinstance(flags["user"], str) else ""
        self.client = rest.Client(kubectl.cluster, user or context.user, headers, kubectl.types, self._warn)
        kubectl.types.fresh = False

    def out(self, text: str, end: str = "\n") -> None:
        """Write to standard output."""
        self.outcome.pieces.append(("stdout", text + end))

    def err(self, text: str, end: str = "\n") -> None:
        """Write to standard error."""
        self.outcome.pieces.append(("stderr", text + end))

    def _warn(self, text: str) -> None:
        self.err(f"Warning: {text}")

    @property
    def now_ms(self) -> int:
        """The time on the client's clock, milliseconds since the world began."""
        return int(self.cluster.clock.now_ms)

    def settle(self) -> None:
        """Let the cluster work until it is quiet, unless the command was told not to."""
        if self.settles:
            self.cluster.settle()

    def pass_time(self, duration_ms: int) -> None:
        """Let virtual time pass."""
        self.cluster.run(f"{duration_ms}ms")

    def wait_until(self, done: Callable[[], bool], timeout_ms: int | None = None) -> bool:
        """Whether `done()` came true within `timeout_ms` of virtual time (ten minutes unless given)."""
        if done():
            return True
        if timeout_ms is None:
            self.settle()
        left = PATIENCE_MS if timeout_ms is None else timeout_ms
        while not done():
            if left <= 0:
                return False
            self.pass_time(min(1000, left))
            left -= 1000
        return True
