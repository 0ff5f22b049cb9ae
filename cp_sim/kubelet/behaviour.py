"""How containers behave: what a real one would do by itself, here read off its image, its command and its pod.

A container runs until somebody stops it, unless something says otherwise:

* image `...broken...` or `...nosuch...`: cannot be pulled. Image or annotation `cp-sim/behaviour`, in words joined by
  anything: `never-ready`, `ready-after-5s`, `pending-forever`, `exit-1-after-3s`, `term-20s` (takes so long to end),
  `stuck-terminating`.
* command and arguments: `false` and `exit 1` fail, `true`, `echo ...` and other short commands succeed, `sleep 5` takes
  its time (`sleep infinity` and loops never end), also in combination.
* a container of a Job without a command succeeds; probes with `initialDelaySeconds` delay readiness.

`Rules` says how long all that takes; `LESSONS` is for people, the others repeat how recordings were made.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from cp_sim.objects import meta
from cp_sim.sim import immutable

Object = dict[str, Any]

ANNOTATION = "cp-sim/behaviour"
STUCK_ANNOTATION = "fake/stuck"

_EXIT_AFTER = re.compile(r"exit-(\d+)-after-(\d+(?:\.\d+)?)s")
_READY_AFTER = re.compile(r"ready-after-(\d+(?:\.\d+)?)s")
_TERM = re.compile(r"\bterm-(\d+(?:\.\d+)?)s")
_SLEEP = re.compile(r"\bsleep (\d+(?:\.\d+)?)([smhd]?)\b")
_EXIT = re.compile(r"\bexit (\d+)")
_FOREVER = re.compile(r"\bwhile\b|\bsleep inf|\btail -f|\bfor ?\(\(;;")
_SHORT_COMMANDS = ("true", "echo", "date", "env", "printenv", "ls", "cat", "hostname", "whoami", "id", "uname", "perl")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


@immutable
class Rules:
    """How long things take, in ms, and how much of it is told to the API server.

    `pull_ms` is paid once per image and node. `jitter` is the share by which pulling and starting vary by chance.
    `relist_ms` is how often a kubelet asks its container runtime what has started (the real one: every second).
    `creating` reports ContainerCreating first, `events` writes Kubernetes Events, `crash_loop` restarts failed
    containers with back-off (otherwise they go on in place, and are only counted), `plain` leaves out what the fake
    kubelets of recordings do not say (observed generations, why finished pods are not ready).
    """

    pull_ms: int = 800
    start_ms: int = 400
    stop_ms: int = 500
    run_ms: int = 500
    jitter: float = 0.25
    relist_ms: int = 100
    creating: bool = True
    events: bool = True
    crash_loop: bool = True
    plain: bool = False


LESSONS = Rules()
# The fake kubelets of the recordings of kube-controller-manager and of kubectl.
_RECORDED = Rules(pull_ms=0, run_ms=0, jitter=0, relist_ms=1, creating=False, events=False, plain=True)
CONTROLLERS = replace(_RECORDED, start_ms=300, stop_ms=500, crash_loop=False)
KUBECTL = replace(_RECORDED, start_ms=0, stop_ms=100)


@immutable
class Behaviour:
    """What one container does: None means never."""

    bad_image: bool = False
    pending: bool = False
    ready_after_ms: int | None = 0
    exit_after_ms: int | None = None
    exit_code: int = 0
    stop_after_ms: int | None = 0


def of_container(container: Object, pod: Object, rules: Rules, init: bool = False) -> Behaviour:
    """What a container of `pod` will do; an init container that nothing else is said about succeeds."""
    image = container.get("image", "")
    annotations = meta.annotations(pod)
    words = f"{image} {annotations[ANNOTATION]}" if ANNOTATION in annotations else image
    pending, stop_after_ms, ready_after_ms = False, rules.stop_ms, _delay_of_probes(container)
    exit_after_ms, exit_code = _command(container, pod, rules, init)
    found: int | None = stop_after_ms
    if "-" in words:
        pending = "pending-forever" in words
        if matched := _EXIT_AFTER.search(words):
            exit_code, exit_after_ms = int(matched[1]), _ms(matched[2])
        if matched := _TERM.search(words):
            found = _ms(matched[1])
        if "stuck-terminating" in words:
            found = None
    if STUCK_ANNOTATION in annotations:
        found = None
    return Behaviour(
        bad_image="broken" in image or "nosuch" in image,
        pending=pending,
        ready_after_ms=_ready_after_ms(words, ready_after_ms),
        exit_after_ms=exit_after_ms,
        exit_code=exit_code,
        stop_after_ms=found,
    )


def _ms(seconds: str) -> int:
    return round(float(seconds) * 1000)


def _ready_after_ms(words: str, of_probes: int) -> int | None:
    if "never-ready" in words:
        return None
    matched = _READY_AFTER.search(words)
    return _ms(matched[1]) if matched else of_probes


def _delay_of_probes(container: Object) -> int:
    """Probes succeed as soon as they are tried: first the start-up probe, then the readiness probe."""
    delay_s = 0
    for name in ("startupProbe", "readinessProbe"):
        delay_s += (container.get(name) or {}).get("initialDelaySeconds") or 0
    return delay_s * 1000


def _command(container: Object, pod: Object, rules: Rules, init: bool) -> tuple[int | None, int]:
    """(after how many ms the container ends by itself or None, its exit code)."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    if not words:
        owner = meta.controller_of(pod)
        ends = init or (owner is not None and owner["kind"] == "Job")
        return (rules.run_ms if ends else None), 0
    text = " ".join(str(word) for word in words)
    if _FOREVER.search(text):
        return None, 0
    slept_ms = sum(round(float(amount) * _SECONDS[unit] * 1000) for amount, unit in _SLEEP.findall(text))
    leaves = _EXIT.search(text)
    if leaves or words[0] == "false":
        return rules.run_ms + slept_ms, int(leaves[1]) if leaves else 1
    if slept_ms:
        return rules.run_ms + slept_ms, 0
    return (rules.run_ms if init or _is_short(words, pod) else None), 0


def _is_short(words: list[Any], pod: Object) -> bool:
    first = str(words[0]).rpartition("/")[2]
    if first in ("sh", "bash") and len(words) > 2:
        first = (str(words[-1]).split() or [""])[0]
    owner = meta.controller_of(pod)
    return first in _SHORT_COMMANDS or (owner is not None and owner["kind"] == "Job")
