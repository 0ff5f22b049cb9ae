"""What all tests share: the guard against edits in place, hypothesis' profiles, and no silent skips in CI."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import orjson
import pytest
from hypothesis import settings

from cp_sim.etcd import store

# In CI the examples are the same every time; elsewhere a failure prints how to see it again.
settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


class Handed:
    """The objects that stores handed out during one test, each with its text as it was then."""

    limit = 20_000

    def __init__(self) -> None:
        self._seen: dict[int, tuple[str, Any, bytes]] = {}

    def take(self, key: str, value: Any) -> None:
        """Remember `value`; it is kept alive, so that its id stays its own."""
        if isinstance(value, dict) and id(value) not in self._seen and len(self._seen) < self.limit:
            self._seen[id(value)] = (key, value, text_of(value))

    def edited(self) -> list[str]:
        """Where objects are no longer what they were, one line each; forgets all of them."""
        seen = list(self._seen.values())
        self._seen.clear()
        return [
            f"{key}{first_difference(orjson.loads(before), orjson.loads(text_of(value)))}"
            for key, value, before in seen
            if text_of(value) != before
        ]


def text_of(value: Any) -> bytes:
    """An exact text of a JSON value; the order of keys counts, for an edit may change only that."""
    return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS)


def first_difference(before: Any, after: Any) -> str:
    """The path to the first place where two JSON values differ, and what stands there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            if before.get(key) != after.get(key) or (key in before) != (key in after):
                return f" {key}" + first_difference(before.get(key), after.get(key))
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after)):
            if old != new:
                return f" [{place}]" + first_difference(old, new)
    return f": was {before!r}, became {after!r}"


HANDED = Handed()
_init = store.KeyValue.__init__


def _watched_init(self: store.KeyValue, key: str, value: Any, *rest: Any, **fields: Any) -> None:
    _init(self, key, value, *rest, **fields)
    HANDED.take(key, value)


store.KeyValue.__init__ = _watched_init  # type: ignore[method-assign]


@pytest.fixture
def handed() -> Handed:
    """The guard's memory of this test, for the tests of the guard itself."""
    return HANDED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test in which somebody edited an object of the store in place."""
    try:
        result = yield
    except BaseException:
        HANDED.edited()
        raise
    edited = HANDED.edited()
    if edited:
        pytest.fail("edited in place (use cp_sim.objects.edit):\n" + "\n".join(edited[:10]), pytrace=False)
    return result


SKIPPED: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what was skipped."""
    if report.skipped and not hasattr(report, "wasxfail"):
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nothing may be skipped (`COURSE_NO_SKIPS=1`), a skipped test is a failure of the whole run."""
    if SKIPPED and os.environ.get("COURSE_NO_SKIPS") and not hasattr(session.config, "workerinput"):
        print("\nskipped, though everything should be here:", *SKIPPED, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
