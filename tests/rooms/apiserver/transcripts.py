"""Replays recorded HTTP sessions against a fresh world and compares answers, as the recording's own notes say.

Placeholders (`UID-1`, `RV-3`, ...) stand for values that differ from server to server: the same one must always
mean the same value, different ones different values, and resourceVersions must keep their order.

python -m tests.rooms.apiserver.transcripts [name ...] [--topic T] [--kind K] [--show N]
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import HttpRequest, Request, Response, WatchChange, WatchClosed
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.store import Compact, StoreAnswer, StoreRequest
from cp_sim.sim import Actor, Chance, Clock, Loop, Trace

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "api"
REFERENCE = re.compile(r"\$\{(\d+):([^}]*)\}")
PLACEHOLDER = re.compile(
    r"(?<![A-Za-z0-9])(UID|IP|SUFFIX|TOKEN|CONTINUE|NODEPORT|RV)-(\d+)|\b(MICROTIME|TIME|AGE|SERVERPORT|SERVER|RV)\b"
)
FORMS = {
    "UID": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "IP": r"[0-9a-f.:]+",
    "SUFFIX": r"[a-z0-9]{5}",
    "TOKEN": r"[A-Za-z0-9_.-]+",
    "CONTINUE": r"[A-Za-z0-9_=-]+",
    "NODEPORT": r"\d{5}",
    "RV": r"\d+",
    "TIME": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "MICROTIME": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    "AGE": r"<unknown>|<invalid>|[0-9dhmsy]+",
    "SERVER": r"[^\"]*",
    "SERVERPORT": r"\d+",
}
MANAGED_TOPICS = ("apply", "apply-lists")


def sessions(file: str = "transcripts-open.jsonl.gz") -> list[dict[str, Any]]:
    """All recorded sessions of a file."""
    with gzip.open(GOLDEN / file, "rt") as lines:
        return [json.loads(line) for line in lines]


class Caller(Actor):
    """Keeps what the API server sends."""

    def __init__(self) -> None:
        super().__init__("caller")
        self.response: Response | None = None
        self.changes: list[WatchChange] = []
        self.closed = False

    def receive(self, message: Any) -> None:
        if isinstance(message, Response):
            self.response = message
        elif isinstance(message, WatchChange):
            self.changes.append(message)
        elif isinstance(message, WatchClosed):
            self.closed = True
        else:
            assert isinstance(message, StoreAnswer)


class World:
    """A store and an API server, and somebody who calls it."""

    def __init__(self, seed: int = 7) -> None:
        self.loop = Loop(Clock(), Chance(seed), Trace())
        self.caller = Caller()
        self.etcd = Etcd()
        self.loop.add(self.caller)
        self.loop.add(self.etcd)
        self.start()
        self.token = 0

    def start(self) -> None:
        """Start the API server."""
        self.server = ApiServer()
        self.loop.add(self.server)
        self.loop.settle()

    def request(self, http: HttpRequest, user: str = "admin") -> dict[str, Any]:
        """One request: {status, headers, body | stream | text}."""
        caller = self.caller
        self.token += 1
        caller.response, caller.changes, caller.closed = None, [], False
        self.loop.send(self.server.name, Request(caller.name, self.token, user, http))
        self.loop.settle()
        response = caller.response
        assert response is not None, "no answer"
        answer: dict[str, Any] = {"status": response.status, "headers": response.headers}
        if response.watching:
            self.loop.run_until(lambda: caller.closed, 60_000)
            self.loop.settle()
            answer["stream"] = [{"type": change.type, "object": change.object} for change in caller.changes]
        elif isinstance(response.body, str):
            answer["text"] = response.body
        elif response.body is not None:
            answer["body"] = response.body
        return answer

    def compact(self) -> None:
        """Compact the store's history to its current revision."""
        self.loop.send(self.etcd.name, StoreRequest(Compact(self.etcd.current_revision), "caller", 0))
        self.loop.settle()

    def restart(self) -> None:
        """Start the API server anew on the same store."""
        self.loop.remove(self.server.name)
        self.start()


def look_up(body: Any, path: str) -> str:
    """The text at a dotted path of an answer, empty if there is none."""
    for part in path.split("."):
        if isinstance(body, list):
            body = body[int(part)] if part.isdigit() and int(part) < len(body) else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    if body is None:
        return ""
    return body if isinstance(body, str) else json.dumps(body)


def filled(value: Any, answers: list[dict[str, Any]]) -> Any:
    """A request's part with its references filled in."""

    def one(match: re.Match[str]) -> str:
        answer = answers[int(match[1])]
        return look_up(answer.get("body", answer.get("stream")), match[2])

    if isinstance(value, str):
        return REFERENCE.sub(one, value)
    if isinstance(value, list):
        return [filled(item, answers) for item in value]
    if isinstance(value, dict):
        return {filled(key, answers): filled(item, answers) for key, item in value.items()}
    return value


class Comparison:
    """Compares recorded answers with ours, and remembers what the placeholders of a session mean."""

    def __init__(self, session: dict[str, Any]) -> None:
        self.known: dict[str, str] = {}
        self.managed = session["topic"] in MANAGED_TOPICS
        self.trial: dict[str, str] = {}

    def answer(self, recorded: dict[str, Any], ours: dict[str, Any]) -> str:
        """Where the two differ, empty if they agree."""
        if recorded.get("volatile"):
            if recorded["status"] is not None and recorded["status"] != ours["status"]:
                return f"status: {recorded['status']} != {ours['status']}"
            return ""
        self.trial = dict(self.known)
        if recorded["status"] != ours["status"]:
            message = (ours.get("body") or {}).get("message") if isinstance(ours.get("body"), dict) else None
            return f"status: {recorded['status']} != {ours['status']} ({message})"
        difference = self._content(recorded, ours)
        if not difference:
            difference = self.headers(recorded.get("headers") or {}, ours["headers"])
        if not difference:
            difference = self._order()
        if not difference:
            self.known = self.trial
        return difference

    def _content(self, recorded: dict[str, Any], ours: dict[str, Any]) -> str:
        if "protobuf" in recorded:
            return ""
        for part in ("body", "stream", "text"):
            if (part in recorded) != (part in ours):
                if (part == "text" and recorded.get("text") == "") or ours.get("text") == "":
                    continue
                return f"{part}: recorded {part in recorded}, ours {part in ours}"
            if part in recorded:
                difference = self.value(recorded[part], ours[part], part, None)
                if difference:
                    return difference
        return ""

    def headers(self, recorded: dict[str, Any], ours: dict[str, Any]) -> str:
        """Where headers differ."""
        for name in sorted({*recorded, *ours}):
            if name in ("location", "www-authenticate", "cache-control"):
                continue
            difference = self.value(recorded.get(name), ours.get(name), f"header {name}", None)
            if difference:
                return difference
        return ""

    def value(self, recorded: Any, ours: Any, path: str, parent: Any) -> str:
        """Where two JSON values differ."""
        if isinstance(recorded, dict) and isinstance(ours, dict):
            return self._dict(recorded, ours, path)
        if isinstance(recorded, list) and isinstance(ours, list):
            if len(recorded) != len(ours):
                return f"{path}: {len(recorded)} entries != {len(ours)}: {shown(recorded)} != {shown(ours)}"
            for place, (left, right) in enumerate(zip(recorded, ours, strict=True)):
                difference = self.value(left, right, f"{path}[{place}]", recorded)
                if difference:
                    return difference
            return ""
        if isinstance(recorded, str) and (isinstance(ours, str) or recorded.startswith("NODEPORT-")):
            text = str(ours)
            if self.text(recorded.replace("oracle-apiserver", "kube-apiserver"), text, path, parent):
                return ""
            return f"{path}: {shown(recorded)} != {shown(ours)}"
        if type(recorded) is type(ours) and recorded == ours:
            return ""
        if isinstance(recorded, (int, float)) and isinstance(ours, (int, float)) and recorded == ours:
            if not isinstance(recorded, bool) and not isinstance(ours, bool):
                return ""
        return f"{path}: {shown(recorded)} != {shown(ours)}"

    def _dict(self, recorded: dict[str, Any], ours: dict[str, Any], path: str) -> str:
        for key in sorted({*recorded, *ours}):
            if key == "managedFields" and not self.managed:
                continue
            if key not in recorded:
                return f"{path}.{key}: not recorded, ours {shown(ours[key])}"
            if key not in ours:
                return f"{path}.{key}: recorded {shown(recorded[key])}, ours missing"
            listing = path.endswith("metadata") and key == "resourceVersion" and self._is_list_metadata(path)
            difference = self.value(recorded[key], ours[key], f"{path}.{key}", "list" if listing else recorded)
            if difference:
                return difference
        return ""

    def _is_list_metadata(self, path: str) -> bool:
        return (path == "body.metadata" and self.listing) or self.bookmark

    listing = False
    bookmark = False

    def text(self, recorded: str, ours: str, path: str, parent: Any) -> bool:
        """Whether our text is the recorded one, with placeholders for what they stand for."""
        if recorded == ours:
            return True
        pieces: list[str] = []
        names: list[str] = []
        end = 0
        for match in PLACEHOLDER.finditer(recorded):
            pieces.append(re.escape(recorded[end : match.start()]))
            word = match[1] or match[3]
            names.append(match[0] if match[1] else "")
            pieces.append(f"({FORMS[word]})")
            end = match.end()
        if not names:
            return False
        pieces.append(re.escape(recorded[end:]))
        found = re.fullmatch("".join(pieces), ours)
        if found is None:
            return False
        for name, actual in zip(names, found.groups(), strict=True):
            if not name:
                continue
            if (parent == "list" or self.bookmark) and name.startswith("RV-"):
                continue
            if self.trial.setdefault(name, actual) != actual:
                return False
        return True

    def _order(self) -> str:
        """resourceVersions keep their order, other placeholders stand for different values."""
        versions = sorted((int(name[3:]), int(value)) for name, value in self.trial.items() if name.startswith("RV-"))
        for (low, first), (high, second) in pairwise(versions):
            if first >= second:
                return f"order: RV-{low}={first}, RV-{high}={second}"
        for word in ("UID", "IP", "NODEPORT", "SUFFIX"):
            values = [value for name, value in self.trial.items() if name.startswith(word + "-")]
            if len(set(values)) != len(values):
                return f"{word}: the same value twice"
        return ""


def shown(value: Any) -> str:
    """A value, cut to a readable length."""
    text = json.dumps(value, default=str)
    return text if len(text) < 400 else text[:400] + "..."


def play(session: dict[str, Any], world: World | None = None) -> list[str]:
    """The difference at every step of a session, empty where there is none."""
    world = world or World()
    comparison = Comparison(session)
    answers: list[dict[str, Any]] = []
    differences: list[str] = []
    for step in session["steps"]:
        request, recorded = step["request"], step["response"]
        if request["method"] in ("COMPACT", "RESTART"):
            world.compact() if request["method"] == "COMPACT" else world.restart()
            answers.append({"body": {}})
            differences.append("")
            continue
        if request.get("settle_ms"):
            world.loop.run(request["settle_ms"])
        try:
            ours = ask(world, request, answers)
            for _ in range(10):
                if reached(request.get("until"), ours):
                    break
                world.loop.run(1000)
                ours = ask(world, request, answers)
        except Exception as error:
            answers.append({"body": {}})
            differences.append(f"crash: {type(error).__name__}: {error}")
            world.loop.settle()
            continue
        answers.append(ours)
        body = recorded.get("body")
        comparison.listing = isinstance(body, dict) and str(body.get("kind", "")).endswith(("List", "Table"))
        comparison.bookmark = isinstance(body, dict) and body.get("code") == 504
        differences.append(comparison.answer(recorded, ours))
    return differences


def reached(until: dict[str, Any] | None, answer: dict[str, Any]) -> bool:
    """Whether a request that was repeated until something holds needs no further repetition."""
    if not until:
        return True
    if "status" in until and until["status"] != answer["status"]:
        return False
    return "path" not in until or look_up(answer.get("body"), until["path"]) == until["equals"]


def ask(world: World, request: dict[str, Any], answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Put one recorded request to our server."""
    headers = {key.lower(): value for key, value in filled(request.get("headers") or {}, answers).items()}
    headers.setdefault("user-agent", "oracle")
    body = filled(request["raw"], answers) if "raw" in request else filled(request.get("body"), answers)
    http = HttpRequest(
        request["method"],
        filled(request["path"], answers),
        dict(filled(request.get("query") or {}, answers)),
        headers,
        body,
        request.get("as", "admin"),
    )
    return world.request(http, http.caller)


def main(arguments: list[str]) -> None:
    """Print how many answers agree, by topic and kind, and the first differences."""
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--topic")
    parser.add_argument("--kind")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--group", action="store_true")
    parser.add_argument("--fails")
    given = parser.parse_args(arguments)
    topics: Counter[str] = Counter()
    good: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    good_kinds: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    printed = 0
    passing: dict[str, list[int]] = {}
    for session in sessions():
        if given.names and session["name"] not in given.names:
            continue
        if (given.topic and session["topic"] != given.topic) or (given.kind and session["kind"] != given.kind):
            continue
        differences = play(session)
        passing[session["name"]] = [place for place, difference in enumerate(differences) if not difference]
        for place, difference in enumerate(differences):
            topics[session["topic"]] += 1
            kinds[session["kind"]] += 1
            good[session["topic"]] += not difference
            good_kinds[session["kind"]] += not difference
            if difference:
                groups[re.sub(r'"[^"]*"|\d+|\b[a-z]\d\d\d-\w+', "*", difference)[:90]] += 1
                if printed < given.show:
                    printed += 1
                    request = session["steps"][place]["request"]
                    print(
                        session["name"],
                        place,
                        session["topic"],
                        session["kind"],
                        request["method"],
                        request["path"],
                        request.get("query") or "",
                    )
                    print(
                        "   ",
                        (request.get("raw") or json.dumps(request.get("body")))[:300],
                        request.get("headers") or "",
                    )
                    print("    DIFF", difference[:900])
    if given.group:
        for text, count in groups.most_common(60):
            print(count, text)
    for topic, count in topics.most_common():
        print(f"{topic:28} {good[topic]:5} of {count}")
    if not given.topic:
        print(", ".join(f"{kind} {good_kinds[kind]}/{count}" for kind, count in kinds.most_common()))
    print("total", sum(good.values()), "of", sum(topics.values()))
    if given.fails:
        Path(given.fails).write_text(json.dumps(passing))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
