"""What holds for every picture: ids, text twins, colours, and boxes that stay where they are."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import view_decisions
import view_gallery
from view_fixtures import World, node, pod, small_world

from cp_sim.sim import Record, Trace
from cp_sim.views import View, cluster_map, to_svg
from cp_sim.views.palette import COLOURS, light
from cp_sim.views.slots import Slots, from_trace
from cp_sim.views.svg import NoEngine

GALLERY = view_gallery.gallery()
ELEMENT = re.compile(r'<g id="([^"]*)" class="(\S+)')


def places(svg: str) -> dict[str, tuple[float, float]]:
    """{id: the first point of its outline}, measured from the picture's top left corner."""
    found = {}
    left, top = map(float, re.findall(r'transform="translate\(([-\d.]+) ([-\d.]+)\)"', svg)[0])
    for identity, inner in re.findall(r'<g id="([^"]*)" class="(?:node|cluster)[^"]*">(.*?)</g>', svg, re.DOTALL):
        numbers = re.search(r'(?:points="|d="M| x=")([-\d.]+)(?:,|" y=")([-\d.]+)', inner)
        if numbers:
            found[identity] = (round(float(numbers.group(1)) + left, 2), round(float(numbers.group(2)) + top, 2))
    return found


@pytest.mark.parametrize("name", GALLERY)
def test_every_element_has_an_id_of_its_own(name: str) -> None:
    view = GALLERY[name]
    elements = ELEMENT.findall(view.svg)
    ids = [identity for identity, _ in elements if identity != "graph0"]
    assert len(ids) >= 2
    assert len(ids) == len(set(ids))
    assert not [identity for identity in ids if re.fullmatch(r"(node|edge|clust)\d+", identity)]
    assert set(view.details) <= set(ids)


@pytest.mark.parametrize("name", GALLERY)
def test_every_picture_has_a_text_twin(name: str) -> None:
    view = GALLERY[name]
    assert len(str(view)) > 20
    assert "0x" not in repr(view)
    bundle = view._repr_mimebundle_()
    assert bundle["text/plain"] == str(view)
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert f'aria-label="{view.title[:12]}' in bundle["image/svg+xml"]


@pytest.mark.parametrize("name", GALLERY)
def test_only_colours_that_have_a_dark_partner(name: str) -> None:
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', GALLERY[name].svg))
    assert used
    assert used <= {bright for bright, _ in COLOURS.values()}


@pytest.mark.parametrize("name", GALLERY)
def test_what_is_marked_inside_is_not_seen_outside(name: str) -> None:
    assert not re.search("[\ue000-\uf8ff]", GALLERY[name].svg + str(GALLERY[name]) + GALLERY[name].graph.source)


def test_the_same_state_gives_the_same_picture() -> None:
    again = view_gallery.gallery()
    for name, view in GALLERY.items():
        assert view.svg == again[name].svg, name
        assert str(view) == str(again[name])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", [0, 1])
def test_text_has_contrast_in_light_and_dark(mode: int) -> None:
    """At least 4.5 to 1, as WCAG 2 asks for text."""
    grounds = {
        name: pair[mode] for name, pair in COLOURS.items() if name in ("paper", "panel") or name.endswith("-tint")
    }
    inks = ("ink", "muted", "blue", "teal", "violet", "amber", "sky", "green", "red", "grey")
    for ink in inks:
        for name, ground in grounds.items():
            if ink not in ("ink", "muted") and name.endswith("-tint") and name != f"{ink}-tint":
                continue
            high, low = sorted((luminance(COLOURS[ink][mode]), luminance(ground)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, name)


def test_no_two_names_share_a_light_colour() -> None:
    assert len({bright for bright, _ in COLOURS.values()}) == len(COLOURS)


# -- boxes stay -----------------------------------------------------------------------------------------------------


def moved(before: View, after: View) -> dict[str, tuple[float, float]]:
    old, new = places(before.svg), places(after.svg)
    common = [identity for identity in old if identity in new and "#" not in identity]
    assert len(common) > 8
    return {
        identity: (new[identity][0] - old[identity][0], new[identity][1] - old[identity][1])
        for identity in common
        if old[identity] != new[identity]
    }


def without(world: World, name: str) -> None:
    world.kinds["pods"] = [one for one in world.kinds["pods"] if one["metadata"]["name"] != name]


def test_boxes_stay_when_a_pod_comes_or_goes() -> None:
    world, slots = small_world(pods=12), Slots()
    first = cluster_map(world, slots)
    without(world, "web-7d4b9c6f5-b8c4d")
    second = cluster_map(world, slots)
    assert moved(first, second) == {}
    world.kinds["pods"].append(pod("aaa-new", "worker-2", born=59))
    third = cluster_map(world, slots)
    assert moved(second, third) == {}
    assert places(third.svg)["pods/default/aaa-new"] == places(first.svg)["pods/default/web-7d4b9c6f5-b8c4d"]
    world.kinds["nodes"].append(node("worker-4"))
    assert moved(third, cluster_map(world, slots)) == {}


def natural(world: World) -> View:
    """The control: the same boxes, laid out by dot as it likes."""
    nodes = "".join(
        f'subgraph "cluster_{one["metadata"]["name"]}" {{ id="nodes/{one["metadata"]["name"]}"; '
        + "".join(
            f'"{name}" [shape=box, id="pods/default/{name}"];'
            for name in (pod["metadata"]["name"] for pod in world.get("pods"))
            if name in names_on(world, one["metadata"]["name"])
        )
        + "}"
        for one in world.get("nodes")
    )
    return View("natural", type("Graph", (), {"source": f"digraph {{ {nodes} }}"})(), "")  # type: ignore[arg-type]


def names_on(world: World, where: str) -> set[str]:
    return {one["metadata"]["name"] for one in world.get("pods") if one["spec"].get("nodeName") == where}


def test_without_slots_boxes_would_move() -> None:
    world = small_world(pods=12)
    before = natural(world)
    without(world, "web-7d4b9c6f5-b8c4d")
    assert max(abs(dx) + abs(dy) for dx, dy in moved(before, natural(world)).values()) > 10


def test_the_trace_tells_the_same_slots_as_memory() -> None:
    trace, slots = Trace(), Slots()
    living: dict[str, dict] = {}

    def record(actor: str, verb: str, name: str, **more: object) -> None:
        trace.append(Record(trace.next_id, 0, actor, verb, f"pods/default/{name}", **more))  # type: ignore[arg-type]

    for number in range(8):
        name = f"p{number}"
        record("kube-apiserver", "create", name, revision=3 * number + 1)
        record(
            "kube-scheduler", "schedule", name, evidence=type("D", (), {"node": f"worker-{number % 2}", "nodes": ()})
        )
        living[name] = pod(name, f"worker-{number % 2}", born=number)
        slots.follow(living.values())
        if number in (3, 5):
            record("kube-apiserver", "delete", f"p{number - 3}", revision=3 * number + 2)
            record("kube-apiserver", "delete", f"p{number - 3}", revision=3 * number + 3)
            del living[f"p{number - 3}"]
            slots.follow(living.values())
    again = from_trace(trace, list(living.values()))
    assert slots.at("worker-0") == again.at("worker-0")
    assert slots.at("worker-1") == again.at("worker-1")
    assert slots.at("worker-0")[0] == "pods/default/p4"


def test_a_pod_that_is_being_deleted_keeps_its_slot() -> None:
    trace = Trace()
    for verb, name, revision in (("create", "a", 1), ("create", "b", 2), ("delete", "a", 3)):
        trace.append(Record(trace.next_id, 0, "kube-apiserver", verb, f"pods/default/{name}", revision=revision))
        if verb == "create":
            evidence = type("D", (), {"node": "worker-1", "nodes": ()})
            trace.append(
                Record(trace.next_id, 0, "kube-scheduler", "schedule", f"pods/default/{name}", evidence=evidence)
            )
    going = pod("a", "worker-1")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:09Z"
    assert from_trace(trace, [going, pod("b", "worker-1")]).at("worker-1") == {0: "pods/default/a", 1: "pods/default/b"}


# -- engines --------------------------------------------------------------------------------------------------------


def apart(ours: dict[str, tuple[float, float]], theirs: dict[str, tuple[float, float]]) -> float:
    """The largest difference between two drawings, wherever their corners are."""
    assert ours.keys() == theirs.keys()
    first = next(iter(ours))
    across, down = theirs[first][0] - ours[first][0], theirs[first][1] - ours[first][1]
    return max(abs(x + across - theirs[key][0]) + abs(y + down - theirs[key][1]) for key, (x, y) in ours.items())


@pytest.mark.parametrize("name", GALLERY)
def test_pieces_make_the_same_picture_as_the_whole(name: str) -> None:
    view = GALLERY[name]
    whole = to_svg(view.graph.source, view.title, view.details, view._lettering)
    assert apart(places(view.svg), places(whole)) < 0.05
    texts = [sorted(re.findall(r"<text[^>]*>(.*?)</text>", svg)) for svg in (view.svg, whole)]
    assert texts[0] == texts[1]
    assert view.svg.count("<g ") == whole.count("<g ")


def test_native_dot_draws_the_same_places() -> None:
    if shutil.which("dot") is None:
        pytest.skip("needs the native program dot (Graphviz), which is not installed here")
    view = GALLERY["cluster map"]
    assert apart(places(view.svg), places(to_svg(view.graph.source, engine="native"))) <= 1.5


def test_what_was_drawn_once_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from cp_sim.views import drawn

    asked: list[int] = []
    draw = drawn._draw
    monkeypatch.setattr(drawn, "_draw", lambda pieces, *more: (asked.append(len(pieces)), draw(pieces, *more)))
    world, slots = small_world(pods=5), Slots()
    world.kinds["nodes"].append(node("worker-new"))
    assert cluster_map(world, slots).svg == cluster_map(world, slots).svg
    world.kinds["pods"].append(pod("one-more", "worker-new", born=59))
    assert "one-more" in cluster_map(world, slots).svg
    assert len(asked) == 2
    assert asked[1] < 8


def test_what_cannot_be_drawn_says_so() -> None:
    with pytest.raises(NoEngine, match="print"):
        to_svg("this is no graph", engine="wasi")


def test_odd_names_do_no_harm() -> None:
    world = World(nodes=[node('worker-<&>"')], pods=[pod("a:b:c", 'worker-<&>"')])
    svg = cluster_map(world).svg
    assert 'id="pods/default/a:b:c"' in svg
    assert "worker-&lt;&amp;&gt;" in svg


def test_many_pods_are_counted_by_workload() -> None:
    view = cluster_map(small_world(pods=320))
    assert "× web Running" in str(view)
    assert "pods of web: Running" in " ".join(view.details.values())
    assert len(places(view.svg)) < 120


def test_a_full_node_says_how_many_more() -> None:
    world = World(nodes=[node("worker-1")], pods=[pod(f"p{n:02}", "worker-1", born=n) for n in range(12)])
    view = cluster_map(world)
    assert view.details["nodes/worker-1#more"] == "5 more pods"
    assert "pods/default/p06" in view.details
    assert "pods/default/p07" not in view.details


def test_the_decision_is_drawn_for_many_nodes_too() -> None:
    from cp_sim.views import decision

    view = decision(view_decisions.unschedulable(400))
    assert "399 nodes" in view.svg
    assert len(places(view.svg)) < 40
    assert light("red") in view.svg
