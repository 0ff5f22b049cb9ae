"""The dashboard without a browser: what the front end is told, and what its messages do."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "views")]
from toy_cluster import ToyCluster  # noqa: E402

from cp_sim.cluster import Cluster  # noqa: E402
from cp_sim.views import cluster_map  # noqa: E402
from cp_sim.widgets import dashboard, show  # noqa: E402
from cp_sim.widgets.delta import Sheet  # noqa: E402
from cp_sim.widgets.desk import TABS, Desk  # noqa: E402


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_has_a_picture_and_a_text(tab: str) -> None:
    for cluster in (ToyCluster(pods=0), ToyCluster()):
        frame = Desk(cluster, tab).frame()
        assert frame["tab"] == tab
        assert frame["picture"]["svg"].startswith("<svg ")
        assert frame["picture"]["text"]
        json.dumps(frame)


def test_a_tab_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="control-plane"):
        Desk(ToyCluster(), "weather")


def test_each_frame_has_a_new_number() -> None:
    desk = Desk(ToyCluster())
    assert [desk.handle({"kind": "tab", "tab": "why"})["seq"] for _ in range(3)] == [1, 2, 3]


def test_selecting_a_pod_and_its_decision() -> None:
    desk = Desk(ToyCluster())
    frame = desk.handle({"kind": "select", "id": "pods/default/web-7d4b9c6f5-00001"})
    assert frame["selected"]["title"] == "pod web-7d4b9c6f5-00001"
    assert "decision" in frame["selected"]["tabs"]
    frame = desk.handle({"kind": "select", "id": frame["selected"]["id"], "tab": "decision"})
    assert frame["tab"] == "decision"
    assert "worker-3" in frame["picture"]["text"]


def test_a_part_of_a_node_selects_the_node() -> None:
    desk = Desk(ToyCluster())
    selected = desk.handle({"kind": "select", "id": "nodes/worker-1#cpu"})["selected"]
    assert (selected["kind"], selected["node"]) == ("Node", "worker-1")


def test_a_line_of_the_log_leads_to_its_cause() -> None:
    desk = Desk(ToyCluster())
    line = next(line for line in desk.frame()["log"] if line[4] == "create binding")
    frame = desk.handle({"kind": "select", "id": f"record/{line[0]}", "tab": "why"})
    text = frame["picture"]["text"]
    assert "user POST" in text
    assert text.index("user POST") < text.index("kube-scheduler schedule") < text.index("create binding")


def test_looking_back_shows_the_past_and_changes_nothing() -> None:
    cluster = ToyCluster()
    desk = Desk(cluster)
    now = desk.frame()
    past = desk.handle({"kind": "look", "revision": 3})
    assert past["status"]["past"]
    assert (past["status"]["revision"], past["status"]["newest"]) == (3, cluster.revision)
    assert past["picture"]["svg"] != now["picture"]["svg"]
    assert len(past["log"]) < len(now["log"])
    revision = cluster.revision
    refused = desk.handle({"kind": "command", "command": "add_node", "fields": {}})
    assert not refused["outcome"]["ok"]
    assert "return to now" in refused["outcome"]["text"]
    assert cluster.revision == revision
    back = desk.handle({"kind": "look", "revision": 0})
    assert not back["status"]["past"]
    assert back["picture"]["svg"] == now["picture"]["svg"]


def test_commands_settle_unless_told_otherwise() -> None:
    cluster = ToyCluster()
    desk = Desk(cluster)
    form = {"kind": "Pod", "name": "a", "image": "nginx"}
    assert desk.handle({"kind": "command", "command": "create", "fields": form})["status"]["waiting"] == 0
    desk.handle({"kind": "automatic", "on": False})
    frame = desk.handle({"kind": "command", "command": "create", "fields": {**form, "name": "b"}})
    assert frame["status"]["waiting"] == 1
    assert desk.handle({"kind": "command", "command": "step"})["status"]["waiting"] == 0


def redrawn(old: str, changes: dict) -> str:
    """The elements of a picture after its changes, as the front end makes them."""
    before, fresh = Sheet(old), Sheet(f'<svg x="1">{changes["changed"]}</svg>')
    elements = {key: text for key, text in before.elements.items() if key not in changes["gone"]} | fresh.elements
    return "".join(elements[key] for key in changes["order"] or elements)


def test_only_changes_are_sent_to_a_page_that_has_the_last_frame() -> None:
    desk = Desk(ToyCluster(pods=20))
    first, new = desk.frame(), ""
    for command, fields in (
        ("create", {"kind": "Pod", "name": "a", "image": "nginx"}),
        ("untaint", {"node": "control-plane-1", "taint": "node-role.kubernetes.io/control-plane:NoSchedule"}),
        ("delete", {"what": "pods/default/web-7d4b9c6f5-00004"}),
    ):
        old = desk.view().svg
        message = {"kind": "command", "command": command, "fields": fields, "base": desk.seq}
        frame = desk.handle(message)
        new = desk.view().svg
        assert len(json.dumps(frame["picture"]["delta"])) < len(new) / 3, command
        assert redrawn(old, frame["picture"]["delta"]) == "".join(Sheet(new).elements.values())
        assert frame["log_grows"]
        assert [line[0] for line in frame["log"]] == sorted(line[0] for line in frame["log"])
        assert len(frame["log"]) < 8
    stranger = desk.handle({"kind": "hello", "base": first["seq"]})
    assert stranger["picture"]["svg"] == new
    assert not stranger["log_grows"]


def test_a_refusal_is_told_and_then_forgotten() -> None:
    desk = Desk(ToyCluster())
    frame = desk.handle({"kind": "command", "command": "taint", "fields": {"node": "worker-1", "taint": "x"}})
    assert frame["outcome"] == {"ok": False, "text": "'x' is no taint", "command": "taint", "field": "taint", "line": 0}
    assert desk.handle({"kind": "tab", "tab": "cluster"})["outcome"] is None


def test_static_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CP_STATIC", "1")
    cluster = ToyCluster()
    for shown in (dashboard(cluster), show(cluster_map(cluster))):
        bundle = shown._repr_mimebundle_()
        assert set(bundle) == {"image/svg+xml", "text/plain"}
        assert "worker-1" in bundle["text/plain"]
        assert not hasattr(shown, "comm")


def test_widgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CP_STATIC", raising=False)
    cluster = ToyCluster()
    picture = show(cluster_map(cluster))
    assert picture.frame["seq"] == 1
    picture.update(cluster_map(cluster))
    assert picture.frame["seq"] == 2
    desk = dashboard(cluster, select="pod/web-7d4b9c6f5-00001")
    assert desk.frame["selected"]["kind"] == "Pod"
    sent: list[dict] = []
    monkeypatch.setattr(type(desk), "send", lambda self, content: sent.append(content))
    desk._heard(desk, {"kind": "tab", "tab": "locks", "token": "t-1"}, [])
    assert (sent[-1]["tab"], sent[-1]["answers"], desk.seq) == ("locks", "t-1", 2)
    desk.after_cell()
    assert len(sent) == 1
    cluster.add_node("worker-9")
    desk.after_cell()
    assert len(sent) == 2
    assert "worker-9" in json.dumps(sent[-1]["picture"])
    assert "0x" not in repr(desk) + repr(picture)


def test_a_cluster_shows_its_dashboard_as_often_as_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CP_STATIC", raising=False)
    cluster = Cluster(workers=1)
    assert [type(cluster.dashboard()).__name__ for _ in range(2)] == ["Dashboard", "Dashboard"]


def test_the_front_end_is_small_and_asks_nobody() -> None:
    from cp_sim.widgets import front

    for name in ("dashboard", "picture"):
        script = front.script(name)
        assert len(script) < 64_000
        assert "http" not in script.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in front.style()
