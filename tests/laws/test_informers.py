"""Whatever breaks between a cache and the store, in the end the cache is what the store is.

And its handlers have heard a consistent history.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cp_sim.client import Informers, LoadBalancer
from cp_sim.client.informer import Informer
from cp_sim.etcd.store import Compact, StoreRequest
from cp_sim.sim import ConnectionLost

sys.path.insert(0, str(Path(__file__).parents[1] / "rooms" / "client"))
from plane import MAPS, Plane, Reader, config_map

PREFIX = "/registry/configmaps/default/"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("create", "update", "delete") * 2,
                *("crash", "start", "drop", "lose store", "compact", "pause", "resume", "balancer"),
            )
        ),
        st.integers(0, 3),
        st.integers(1, 8_000),
    ),
    max_size=25,
)


class Story:
    """A reader behind a balancer with two servers; a third one, that nothing happens to, is written through."""

    def __init__(self, seed: int, informer: type[Informer] = Informer) -> None:
        self.plane = Plane(3, seed)
        self.plane.loop.add(LoadBalancer(self.plane.servers[:2]))
        self.reader = Reader(server="load-balancer")
        if informer is not Informer:
            self.reader.informers = Informers(self.reader)
            self.reader.maps = informer(self.reader, "configmaps")
            self.reader.maps.index("namespace", _namespace)
            self.reader.maps.on_change(self.reader, "note")
            self.reader.informers._informers["configmaps"] = self.reader.maps
        self.plane.loop.add(self.reader)
        self.plane.loop.run(100)
        self.count = 0

    def step(self, what: str, number: int, pause_ms: int) -> None:
        """One write or one fault, and some time."""
        plane, server = self.plane, self.plane.servers[number % 2]
        if what == "create":
            plane.ask("POST", MAPS, config_map(f"m{number}"), server=3)
        elif what == "update":
            self.count += 1
            plane.ask("PUT", f"{MAPS}/m{number}", config_map(f"m{number}", x=str(self.count)), server=3)
        elif what == "delete":
            plane.ask("DELETE", f"{MAPS}/m{number}", server=3)
        elif what == "crash":
            plane.crash(server, refuses=number < 2)
        elif what == "start":
            plane.crash(server)
            plane.start_server(server)
        elif what == "drop":
            plane.loop.send("reader", ConnectionLost("load-balancer"))
            plane.loop.send("load-balancer", ConnectionLost("reader"))
        elif what == "lose store" and hasattr(plane.loop.actors.get(server), "link"):
            plane.loop.send(server, ConnectionLost("etcd"))
        elif what == "compact":
            plane.loop.send("etcd", StoreRequest(Compact(plane.etcd.current_revision), "", 0))
        elif what == "pause":
            plane.loop.pause("reader")
        elif what == "resume":
            plane.loop.resume("reader")
        elif what == "balancer":
            plane.crash("load-balancer")
            plane.loop.remove("load-balancer")
            plane.loop.add(LoadBalancer(plane.servers[:2]))
        plane.loop.run(pause_ms)

    def end(self) -> list[str]:
        """Mend everything, give it time, and say what is wrong then."""
        plane = self.plane
        plane.loop.resume("reader")
        for name in plane.servers[:2]:
            if not hasattr(plane.loop.actors.get(name), "link"):
                plane.start_server(name)
        plane.loop.run(240_000)
        return [*self._differences(), *self._inconsistencies()]

    def _differences(self) -> list[str]:
        stored = {kv.key.removeprefix(PREFIX): str(kv.mod_revision) for kv in self.plane.etcd.range_at(PREFIX)}
        cached = {obj["metadata"]["name"]: obj["metadata"]["resourceVersion"] for obj in self.reader.maps.list()}
        cached.pop("kube-root-ca.crt", None)
        return [] if stored == cached else [f"the store has {stored}, the cache {cached}"]

    def _inconsistencies(self) -> list[str]:
        found, known = [], {}
        for change, name, text in self.reader.heard:
            before, revision = known.get(name), int(text)
            if (change == "ADDED") != (before is None):
                found.append(f"{name} was {change} at {revision} and had {before}")
            if before is not None and (revision < before or (change == "MODIFIED" and revision == before)):
                found.append(f"{name} went from {before} to {revision}")
            if change == "DELETED":
                known.pop(name, None)
            else:
                known[name] = revision
        return found


def _namespace(obj: Any) -> tuple[str, ...]:
    return (obj["metadata"].get("namespace", ""),)


def told(steps: list[tuple[str, int, int]], seed: int, informer: type[Informer] = Informer) -> list[str]:
    story = Story(seed, informer)
    for step in steps:
        story.step(*step)
    return story.end()


@settings(max_examples=40)
@given(STEPS, st.integers(0, 1_000))
@example([("create", 0, 10), ("crash", 0, 10), ("delete", 0, 10), ("compact", 0, 10), ("start", 0, 10)], 1)
@example([("create", 1, 10), ("pause", 0, 10), ("drop", 0, 10), ("update", 1, 10), ("resume", 0, 10)], 2)
def test_a_cache_ends_up_as_the_store_and_its_handlers_hear_a_consistent_history(
    steps: list[tuple[str, int, int]], seed: int
) -> None:
    assert told(steps, seed) == [], f"seed {seed}: {steps}"


class Careless(Informer):
    """Goes on as if nothing was the matter when its watch ends."""

    def _ended(self) -> None:
        pass


class Forgetful(Informer):
    """Watches from now on instead of from where it was."""

    def open_watch(self) -> None:
        super().open_watch() if not self.heard_of else self._from_now()

    @property
    def heard_of(self) -> bool:
        return bool(self.objects)

    def _from_now(self) -> None:
        self.revision = 0
        super().open_watch()


DROPPED = [("create", 0, 2_000), ("create", 1, 2_000), ("pause", 0, 10), ("drop", 0, 10), ("delete", 0, 10)]


def test_the_control_a_cache_that_does_not_watch_again_is_found_out() -> None:
    assert told(DROPPED, 1) == []
    assert told(DROPPED, 1, Careless)


def test_the_control_a_cache_that_does_not_go_on_where_it_was_is_found_out() -> None:
    assert told(DROPPED, 1, Forgetful)
