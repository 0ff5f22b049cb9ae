"""The front end in a real browser, on a page that stands in for JupyterLab."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "views")]
from desk_stage import open_desk, open_script  # noqa: E402
from toy_cluster import ToyCluster  # noqa: E402

from cp_sim.widgets.desk import Desk  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium, which is not installed here")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright, which is not installed here")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def stage(chromium: Any) -> Iterator[Any]:
    page = chromium.new_page(viewport={"width": 1000, "height": 1100})
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on("console", lambda said: page.troubles.append(said.text) if said.type == "error" else None)
    yield page
    troubles = page.troubles
    page.close()
    assert troubles == []


def after(page: Any, act: Any) -> None:
    """Do something and wait for the next frame."""
    before = int(page.get_attribute(".cp-desk", "data-seq"))
    act()
    page.wait_for_function(
        f"+document.querySelector('.cp-desk').dataset.seq > {before} && !document.querySelector('[aria-busy]')"
    )


def test_controls_change_the_cluster(stage: Any) -> None:
    cluster = ToyCluster()
    open_desk(stage, Desk(cluster))
    assert stage.locator('g[id="nodes/worker-4"]').count() == 0
    after(stage, lambda: stage.click("[data-do=add_node]"))
    assert stage.locator('g[id="nodes/worker-4"]').count() == 1
    assert "no taints" not in stage.inner_text(".cp-chips")
    after(stage, lambda: stage.click("[data-do=untaint]"))
    assert stage.inner_text(".cp-chips") == "none"
    after(stage, lambda: stage.click('g[id="pods/default/web-7d4b9c6f5-00001"]'))
    assert stage.inner_text(".cp-chosen h4") == "pod web-7d4b9c6f5-00001"
    after(stage, lambda: stage.click("[data-open=decision]"))
    assert stage.locator('g[id="way/nodes/worker-3"]').count() == 1
    after(stage, lambda: stage.click("[data-do=delete]"))
    assert stage.get_attribute(".cp-desk", "data-ok") == "true"
    assert not [pod for pod in cluster.get("pods") if pod["metadata"]["name"] == "web-7d4b9c6f5-00001"]


def test_an_error_stands_beside_its_field(stage: Any) -> None:
    open_desk(stage, Desk(ToyCluster()))
    stage.click('[data-panel="New workload"]')
    stage.fill('[data-form="create"] input[name=replicas]', "-1")
    after(stage, lambda: stage.click("[data-do=create]"))
    assert stage.get_attribute('[data-form="create"] input[name=replicas]', "aria-invalid") == "true"
    assert "greater than or equal to 0" in stage.inner_text(
        '[data-form="create"] label:has(input[name=replicas]) .cp-wrong'
    )
    stage.fill('[data-form="create"] input[name=replicas]', "1")
    assert stage.get_attribute('[data-form="create"] input[name=replicas]', "aria-invalid") is None


def test_a_wrong_line_of_yaml_is_marked(stage: Any) -> None:
    open_desk(stage, Desk(ToyCluster()))
    stage.click('[data-panel="New workload"]')
    stage.click("[data-do=to-yaml]")
    assert "kind: Deployment" in stage.input_value("textarea[name=yaml]")
    after(stage, lambda: stage.click("[data-do=apply]"))
    assert stage.inner_text(".cp-wrong-line").strip() == "3"
    assert "line 3" in stage.inner_text('[data-form="apply"] .cp-wrong')


def test_the_slider_shows_the_past_and_returns(stage: Any) -> None:
    open_desk(stage, Desk(ToyCluster()))
    slide = "e => { e.value = 3; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    after(stage, lambda: stage.eval_on_selector(".cp-past input[type=range]", slide))
    assert stage.inner_text(".cp-slider-words") == "You are looking at revision 3 of 7"
    assert stage.is_disabled("[data-do=step]")
    assert stage.is_disabled("[data-do=add_node]")
    after(stage, lambda: stage.click("[data-do=now]"))
    assert stage.inner_text(".cp-slider-words") == "now, revision 7"
    assert stage.is_enabled("[data-do=step]")


def test_a_log_line_leads_to_its_cause(stage: Any) -> None:
    open_desk(stage, Desk(ToyCluster()))
    after(stage, lambda: stage.click(".cp-log li:first-child button"))
    assert stage.get_attribute(".cp-desk", "data-tab") == "why"
    assert "user POST" in stage.text_content(".cp-twin pre")
    assert stage.locator('[aria-current="true"]').count() == 1


def test_play_and_pause(stage: Any) -> None:
    open_desk(stage, Desk(ToyCluster()))
    stage.select_option("[aria-label=speed]", "60")
    stage.click("[data-do=play]")
    stage.wait_for_function("+document.querySelector('.cp-desk').dataset.seq > 4")
    stage.click("[data-do=play]")
    stage.wait_for_function("!document.querySelector('[aria-busy]')")
    assert stage.get_attribute("[data-do=play]", "aria-pressed") == "false"
    assert stage.inner_text(".cp-part") != "time 0.020s"


def test_keyboard(stage: Any) -> None:
    open_desk(stage, Desk(ToyCluster()))
    stage.focus('[role="tab"][data-tab="cluster"]')
    after(stage, lambda: stage.keyboard.press("ArrowRight"))
    assert stage.get_attribute(".cp-desk", "data-tab") == "control-plane"
    stage.focus(".cp-picture")
    stage.keyboard.press("ArrowRight")
    assert stage.inner_text(".cp-sentence")
    after(stage, lambda: stage.keyboard.press("Enter"))
    assert stage.get_attribute('[data-panel="Selected"]', "aria-selected") == "true"
    unnamed = (
        "[...document.querySelectorAll('button,input,select,textarea')]"
        ".filter(e => !e.textContent && !e.labels?.length && !e.ariaLabel)"
    )
    assert stage.evaluate(f"{unnamed}.length") == 0


MOVE = """async () => {
  const svg = (x, more) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 60">`
    + `<g id="graph0" class="graph" transform="translate(4 50)">`
    + `<g id="pods/a" class="node"><polygon points="${x},0 ${x + 20},0 ${x + 20},-20 ${x},-20"/></g>${more}</g></svg>`;
  const host = document.createElement("div");
  document.body.append(host);
  morph(host, svg(0, '<g id="pods/b" class="node"><polygon points="50,0 70,0 70,-20 50,-20"/></g>'));
  const result = morph(host, svg(100, '<g id="pods/c" class="node"><polygon points="50,0 70,0 70,-20 50,-20"/></g>'));
  const moving = host.querySelector('g[id="pods/a"]').getAnimations().map(a => a.effect.getKeyframes()[0].transform);
  const leaving = host.querySelectorAll("[aria-hidden] g").length;
  await new Promise(done => setTimeout(done, 600));
  return {...result, moving, leaving, left: host.querySelectorAll("[aria-hidden]").length,
          ids: [...host.querySelectorAll("g[id^=pods]")].map(g => g.id)};
}"""


def test_morph_moves_by_id(stage: Any) -> None:
    script = (Path(__file__).parents[3] / "cp_sim/widgets/front/morph.js").read_text("utf-8")
    stage.set_content(f"<body><script>{script}</script>")
    told = stage.evaluate(MOVE)
    assert (told["moved"], told["came"], told["gone"]) == (1, 1, 1)
    assert told["moving"] == ["translate(-100px, 0px)"]
    assert (told["leaving"], told["left"]) == (1, 0)
    assert told["ids"] == ["pods/a", "pods/c"]


def test_morph_keeps_still_when_asked_to(stage: Any) -> None:
    stage.emulate_media(reduced_motion="reduce")
    script = (Path(__file__).parents[3] / "cp_sim/widgets/front/morph.js").read_text("utf-8")
    stage.set_content(f"<body><script>{script}</script>")
    told = stage.evaluate(MOVE)
    assert told["moving"] == []
    assert told["ids"] == ["pods/a", "pods/c"]


@pytest.mark.parametrize("pods", [60, 250, 1000])
def test_a_click_redraws_at_any_size(stage: Any, pods: int) -> None:
    open_desk(stage, Desk(ToyCluster(workers=12, pods=pods)))
    after(stage, lambda: stage.click("[data-do=untaint]"))
    assert stage.locator("g.pod, g.pods").count() >= 12
    assert int(stage.get_attribute(".cp-desk", "data-ms")) > 0


def test_a_single_picture_tells_what_was_clicked(stage: Any) -> None:
    from cp_sim.views import cluster_map
    from cp_sim.widgets import front

    world = ToyCluster()
    view = cluster_map(world)
    frame = {"seq": 1, "title": view.title, "svg": view.svg, "text": view.text}
    open_script(stage, front.script("picture"), frame)
    assert stage.get_attribute(".cp-single", "data-seq") == "1"
    stage.click('g[id="pods/default/web-7d4b9c6f5-00001"]')
    assert stage.evaluate("model.state.clicked") == "pods/default/web-7d4b9c6f5-00001"
    assert "worker" in stage.inner_text(".cp-sentence")
    assert stage.text_content(".cp-twin pre") == view.text
    world.add_node("worker-8")
    later = cluster_map(world)
    stage.evaluate("f => model.show(f)", {"seq": 2, "title": later.title, "svg": later.svg, "text": later.text})
    assert stage.get_attribute(".cp-single", "data-seq") == "2"
    assert stage.locator('g[id="nodes/worker-8"]').count() == 1


def test_a_click_shows_the_numbers_of_a_node_or_plugin(stage: Any) -> None:
    import real_decisions

    from cp_sim.views import decision
    from cp_sim.views.panel import as_dicts
    from cp_sim.widgets import front

    def frame(seq: int, name: str) -> dict[str, Any]:
        view = decision(real_decisions.made()[name])
        panels = as_dicts(view.panels)
        return {"seq": seq, "title": view.title, "svg": view.svg, "text": view.text, "panels": panels}

    open_script(stage, front.script("picture"), frame(1, "many reasons"))
    assert stage.inner_text(".cp-numbers-paper") == ""
    stage.click('g[id="cut/nodes/worker-4"]')
    assert stage.get_attribute(".cp-numbers", "data-shown") == "nodes/worker-4"
    told = stage.inner_text(".cp-numbers-paper")
    assert "worker-4 cannot take default/web-2: NodeResourcesFit rejected it" in told
    assert "needs 500m cpu, 300m free of 300m" in stage.inner_text(".cp-numbers-paper tr.cp-bad")
    assert stage.locator(".cp-numbers-paper tr.cp-quiet").count() > 3
    stage.click('g[id="filters/PodTopologySpread#name0"]')
    assert stage.inner_text(".cp-numbers-paper h4") == "plugin PodTopologySpread"
    assert stage.locator(".cp-numbers-paper tbody tr").count() == 3
    stage.click('g[id="pods/default/web-2"]')  # it has no numbers: what is open stays
    assert stage.inner_text(".cp-numbers-paper h4") == "plugin PodTopologySpread"
    stage.evaluate("f => model.show(f)", frame(2, "tie"))
    assert stage.inner_text(".cp-numbers-paper h4") == "plugin PodTopologySpread"
    assert "asks nothing of it" in stage.inner_text(".cp-numbers-paper p")
    stage.select_option("[data-do=numbers]", label="node worker-3")
    assert "463" in stage.inner_text(".cp-numbers-paper tr.cp-strong")
    stage.evaluate("f => model.show(f)", frame(3, "gated"))
    assert not stage.is_visible(".cp-numbers")
