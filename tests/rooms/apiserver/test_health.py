from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "client"))
from plane import Listening, Plane, Refusing


def test_all_is_well() -> None:
    plane = Plane()
    assert plane.ask("GET", "/readyz").body == "ok"
    verbose = plane.ask("GET", "/readyz", query={"verbose": ""}).body.splitlines()
    assert verbose[:5] == ["[+]ping ok", "[+]log ok", "[+]etcd ok", "[+]etcd-readiness ok", "[+]informer-sync ok"]
    assert verbose[-1] == "readyz check passed"


@pytest.mark.parametrize("stand_in", [Refusing, Listening])
def test_without_a_store_the_checks_of_it_fail(stand_in: type) -> None:
    plane = Plane()
    plane.swap("etcd", stand_in("etcd"))
    before = plane.now_ms
    answer = plane.ask("GET", "/readyz")
    assert plane.now_ms - before <= 2_010
    assert answer.status == 500
    lines = answer.body.splitlines()
    failed = [line for line in lines if line.startswith("[-]")]
    assert failed == ["[-]etcd failed: reason withheld", "[-]etcd-readiness failed: reason withheld"]
    assert lines[-1] == "readyz check failed"
    answer = plane.ask("GET", "/livez/etcd")
    assert (answer.status, answer.body) == (
        500,
        "internal server error: error getting data from etcd: context deadline exceeded\n",
    )
    assert plane.ask("GET", "/livez/ping").body == "ok"
    assert plane.ask("GET", "/livez", query={"exclude": "etcd"}).body == "ok"
    lines = plane.ask("GET", "/readyz", query={"exclude": "etcd"}).body.splitlines()
    assert "[+]etcd excluded: ok" in lines
    assert "[-]etcd-readiness failed: reason withheld" in lines
