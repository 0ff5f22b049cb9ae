"""The dashboard in a real browser: every control is pressed, and what the picture shows is what the cluster says."""

from __future__ import annotations

import json
from typing import Any

SMALL = "cluster = Cluster(workers=2, seed=7)"
CONTROL_PLANE_TAINT = "node-role.kubernetes.io/control-plane:NoSchedule"
BROKEN = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: bad\nspec:\n  containers:\n  - name: main\n    imagee: nginx\n"
GOOD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: hello\nspec:\n  containers:\n  - name: main\n    image: nginx:1.27\n"
)


def ask(lab: Any, expression: str) -> Any:
    """The value of an expression in the notebook's kernel."""
    return json.loads(lab.run(f"import json; print(json.dumps({expression}))"))


def test_every_control_does_what_it_says(lab: Any, open_desk: Any) -> None:
    desk = open_desk(SMALL)
    time_controls(lab, desk)
    node_controls(lab, desk)
    workload_controls(lab, desk)
    yaml_controls(lab, desk)
    picture_and_log(lab, desk)
    scheduler_controls(desk)
    fault_controls(lab, desk)
    looking_back(lab, desk)
    assert desk.unpressed() == []
    lab.assert_clean()


def time_controls(lab: Any, desk: Any) -> None:
    desk.root.locator('[name="duration"]').fill("40s")
    before = ask(lab, "cluster.clock.now_ms")
    desk.press('[data-do="run"]')
    assert ask(lab, "cluster.clock.now_ms") == before + 40_000
    desk.root.locator('[name="duration"]').fill("soon")
    desk.press('[data-do="run"]')
    assert not desk.ok
    assert desk.root.locator('[name="duration"][aria-invalid="true"]').count() == 1
    desk.press('[data-do="settle"]')
    desk.press('[data-do="step"]')
    desk.root.locator('[aria-label="speed"]').select_option(label="fast")
    before_seq = desk.seq
    desk.root.locator('[data-do="play"]').click()
    desk.after(before_seq + 3)
    desk.root.locator('[data-do="play"]').click()
    assert desk.root.locator('[data-do="play"]').get_attribute("aria-pressed") == "false"
    lab.wait_idle()


def node_controls(lab: Any, desk: Any) -> None:
    desk.panel("Nodes")
    desk.fill("add_node", name="worker-9", cpu="2", memory="4Gi", zone="b")
    desk.press('[data-do="add_node"]')
    assert desk.ok, desk.outcome
    assert "nodes/worker-9" in desk.ids()
    assert ask(lab, "cluster.get('node/worker-9')['metadata']['labels']['topology.kubernetes.io/zone']") == "b"
    desk.fill("add_node", name="worker-9")
    desk.press('[data-do="add_node"]')
    assert not desk.ok
    assert "worker-9" in desk.root.locator('form[data-form="add_node"] .cp-wrong').first.text_content()

    node = desk.root.locator('select[name="node"]')
    node.select_option("control-plane-1")
    desk.press(f'[aria-label="remove taint {CONTROL_PLANE_TAINT}"]')
    assert desk.ok, desk.outcome
    assert not ask(lab, "cluster.get('node/control-plane-1')['spec'].get('taints', [])")
    desk.fill("taint", taint="maintenance=soon:NoSchedule")
    desk.press('[data-do="taint"]')
    assert ask(lab, "cluster.get('node/control-plane-1')['spec']['taints'][0]['key']") == "maintenance"
    desk.fill("taint", taint="maintenance=soon:Sometimes")
    desk.press('[data-do="taint"]')
    assert not desk.ok
    assert desk.root.locator('form[data-form="taint"] [aria-invalid="true"]').count() == 1

    node.select_option("worker-9")
    desk.press('[data-do="cordon"]')
    assert ask(lab, "cluster.get('node/worker-9')['spec']['unschedulable']") is True
    desk.press('[data-do="uncordon"]')
    desk.press('[data-do="drain"]')
    assert ask(lab, "cluster.get('node/worker-9')['spec']['unschedulable']") is True
    desk.press('[data-do="remove_node"]')
    assert desk.ok, desk.outcome
    assert "nodes/worker-9" not in desk.ids()


def workload_controls(lab: Any, desk: Any) -> None:
    desk.panel("New workload")
    desk.fill("create", name="web", replicas="3", image="nginx:1.27", cpu="250m", memory="64Mi")
    desk.root.locator('[name="tolerate"]').check()
    desk.press('[data-do="create"]')
    assert desk.ok, desk.outcome
    assert len(desk.ids("pods/default/web-")) == 3
    before = desk.places()
    desk.press('[aria-label="scale web up"]')
    after = desk.places()
    assert len(desk.ids("pods/default/web-")) == 4
    boxes = [name for name in before if name in after and "#" not in name]  # the words on a bar may grow longer
    moved = {name: (before[name], after[name]) for name in boxes if far(before[name], after[name])}
    assert moved == {}, "boxes that were there moved when a pod came"
    desk.press('[aria-label="scale web down"]')
    assert len(desk.ids("pods/default/web-")) == 3
    lab.picture("dashboard-deployment")

    desk.fill("create", name="big", replicas="1", cpu="one")
    desk.press('[data-do="create"]')
    assert not desk.ok
    assert desk.root.locator('form[data-form="create"] [name="cpu"][aria-invalid="true"]').count() == 1
    desk.root.locator('select[name="kind"]').select_option("Pod")
    desk.fill("create", name="alone", cpu="100m")
    desk.press('[data-do="create"]')
    assert ask(lab, "cluster.get('pod/alone')['status']['phase']") == "Running"
    desk.root.locator('[data-do="to-yaml"]').click()


def yaml_controls(lab: Any, desk: Any) -> None:
    desk.panel("YAML")
    yaml = desk.root.locator('form[data-form="apply"] textarea')
    assert "kind: Pod" in yaml.input_value()
    revision = ask(lab, "cluster.revision")
    yaml.fill(BROKEN)
    desk.press('[data-do="apply"]')
    assert not desk.ok
    assert 'unknown field "spec.containers[0].imagee"' in desk.outcome
    assert desk.root.locator('form[data-form="apply"] .cp-wrong').first.text_content().startswith("line 8")
    yaml.fill("kind: [")
    desk.press('[data-do="apply"]')
    assert not desk.ok
    assert ask(lab, "cluster.revision") == revision, "a refused manifest changed the cluster"
    yaml.fill(GOOD)
    desk.press('[data-do="apply"]')
    assert desk.ok, desk.outcome
    assert "pods/default/hello" in desk.ids()


def scheduler_controls(desk: Any) -> None:
    desk.press('[role="tab"][data-tab="decision"]')
    desk.root.locator('[data-do="numbers"]').select_option(label="plugin NodeResourcesFit")
    assert "NodeResourcesFit" in desk.root.locator(".cp-numbers-paper").inner_text()
    for name in ("pod", "attempt", "node"):
        before = desk.seq
        chooser = desk.root.locator(f'[data-do="scheduler-{name}"]')
        chooser.select_option(index=chooser.locator("option").count() - 1)
        chooser.dispatch_event("change")  # there may be but one attempt, which is chosen already
        desk.after(before)
    assert desk.root.locator('[data-answer="why-not"]').inner_text()
    for name in ("preemption", "queue", "decision"):
        desk.press(f'[data-do="scheduler-{name}"]')
        assert desk.picture.strip()


def picture_and_log(lab: Any, desk: Any) -> None:
    before = desk.seq
    desk.root.locator('g[id="pods/default/hello"]').click()
    desk.after(before)
    open_pictures_of_the_selected(desk)
    for tab in desk.root.locator("[data-tab]").evaluate_all("all => all.map(one => one.dataset.tab)"):
        desk.press(f'[role="tab"][data-tab="{tab}"]')
        assert desk.picture.strip()
        assert desk.ids(), f"the picture of {tab} has no ids"
        lab.picture(f"dashboard-{tab}")
    desk.press(".cp-log li:first-child button")
    assert desk.root.get_attribute("data-tab") == "why"
    desk.root.locator('[aria-label="filter the log"]').fill("scheduler")
    shown = desk.root.locator(".cp-log li:not([hidden])").all_text_contents()
    assert shown
    assert all("scheduler" in line for line in shown)
    desk.root.locator('[aria-label="filter the log"]').fill("")
    desk.root.locator(".cp-twin summary").click()

    desk.press('[role="tab"][data-tab="cluster"]')
    before = desk.seq
    desk.root.locator('g[id="pods/default/alone"]').click()
    desk.after(before)
    desk.press('.cp-chosen [data-do="delete"]')
    assert "pods/default/alone" not in desk.ids()
    desk.panel("New workload")
    desk.press('button:has-text("deployment web")')
    open_pictures_of_the_selected(desk)
    desk.panel("Selected")
    desk.fill("scale", replicas="1")
    desk.press('[data-do="scale"]')
    assert ask(lab, "cluster.get('deployment/web')['spec']['replicas']") == 1
    desk.panel("New workload")
    desk.press('[aria-label="delete deployment web"]')
    desk.press('[role="tab"][data-tab="cluster"]')
    assert desk.ids("pods/default/web-") == []
    desk.panel("Nodes")
    desk.press('input[type="checkbox"] >> nth=0')  # settle after each change: off, then on again
    desk.press('input[type="checkbox"] >> nth=0')


def open_pictures_of_the_selected(desk: Any) -> None:
    for tab in desk.root.locator("[data-open]").evaluate_all("all => all.map(one => one.dataset.open)"):
        desk.panel("Selected")
        desk.press(f'[data-open="{tab}"]')
        assert desk.root.get_attribute("data-tab") == tab


def fault_controls(lab: Any, desk: Any) -> None:
    desk.panel("Faults")
    desk.press('[role="tab"][data-tab="control-plane"]')
    desk.root.locator('select[name="target"]').select_option("kube-scheduler")
    for command, state in (
        ("crash", "crashed"), ("restart", "running"), ("pause", "paused"), ("resume", "running"), ("kill", "exited"),
    ):  # fmt: skip
        desk.press(f'[data-do="{command}"]')
        assert desk.ok, desk.outcome
        assert ask(lab, "cluster.processes.all['kube-scheduler'].state") == state
        if state == "crashed":
            assert "kube-scheduler (crashed)" in desk.root.locator(".cp-twin pre").text_content()
            lab.picture("dashboard-crashed")
    desk.press('[data-do="settle"]')
    assert ask(lab, "cluster.processes.all['kube-scheduler'].state") == "running"
    desk.press('[data-do="crash"]')
    desk.press('[data-do="crash"]')
    assert not desk.ok
    assert desk.root.locator('select[name="target"][aria-invalid="true"]').count() == 1
    desk.press('[data-do="restart"]')
    desk.root.locator('[name="one_way"]').check()
    desk.root.locator('[name="one_way"]').uncheck()
    desk.root.locator('select[name="left"]').select_option("worker-1")
    desk.root.locator('select[name="right"]').select_option("all others")
    desk.press('[data-do="partition"]')
    assert desk.ok, desk.outcome
    assert not ask(lab, "cluster.links.reaches('worker-1', 'control-plane-1')")
    desk.press('[data-do="heal"]')
    assert ask(lab, "cluster.links.reaches('worker-1', 'control-plane-1')")
    desk.root.locator('[name="fsync_ms"]').fill("40")
    desk.root.locator('select[name="member"]').select_option("etcd")
    for command, expression, value in (
        ("slow_disk", "fsync_ms", 40), ("fill_disk", "full", True), ("mend_disk", "full", False),
    ):  # fmt: skip
        desk.press(f'[data-do="{command}"]')
        assert ask(lab, f"cluster.processes.all['etcd'].disk.{expression}") == value
    desk.root.locator('select[name="clock"]').select_option("worker-1")
    desk.root.locator('[name="by"]').fill("+1m")
    desk.press('[data-do="jump_clock"]')
    assert desk.ok, desk.outcome
    desk.root.locator('[name="script"]').fill("at 1s crash scheduler leader\nat 2s restart scheduler leader")
    desk.press('[data-do="play_script"]')
    assert desk.ok, desk.outcome
    assert "crash kube-scheduler" in desk.outcome
    lab.picture("dashboard-faults")
    desk.press('[data-do="settle"]')
    assert desk.ok, desk.outcome
    desk.press('[role="tab"][data-tab="cluster"]')


def looking_back(lab: Any, desk: Any) -> None:
    newest = ask(lab, "cluster.revision")
    slider = desk.root.locator('[aria-label="revision"]')
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    lab.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    before = desk.seq
    lab.page.mouse.down()
    for part in (0.8, 0.6, 0.5):
        lab.page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
    lab.page.mouse.up()
    desk.after(before)
    assert 1 < desk.revision < newest
    assert "the past" in desk.root.locator(".cp-status").text_content()
    assert f"revision {desk.revision} of {newest}" in desk.root.locator(".cp-slider-words").text_content()
    there = ask(lab, f"sorted(p['metadata']['name'] for p in cluster.at({desk.revision}).get('pods'))")
    assert [name.rsplit("/", 1)[1] for name in desk.ids("pods/default/")] == there
    shown = desk.revision
    desk.press('[data-do="back"]')
    assert desk.revision == shown - 1
    desk.press('[data-do="forward"]')
    assert desk.revision == shown
    assert desk.root.locator('[data-do="step"]').is_disabled()
    lab.picture("dashboard-past")
    desk.press('[data-do="now"]')
    assert desk.revision == ask(lab, "cluster.revision") == newest


def far(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two places differ by more than a pixel."""
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) > 1


DEPLOYMENT = """
cluster.apply({{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "web"}}, "spec": {{
    "replicas": {pods}, "selector": {{"matchLabels": {{"app": "web"}}}}, "template": {{
    "metadata": {{"labels": {{"app": "web"}}}}, "spec": {{"containers": [{{"name": "web", "image": "nginx"}}]}}}}}}}})
cluster.settle()
"""


def test_a_picture_for_the_readme(lab: Any, open_desk: Any) -> None:
    desk = open_desk("cluster = Cluster(workers=3, seed=7)" + DEPLOYMENT.format(pods=7), "readme.ipynb")
    before = desk.seq
    desk.root.locator('g[id^="pods/default/web-"]').first.click()
    desk.after(before)
    desk.panel("Nodes")
    lab.page.set_viewport_size({"width": 1500, "height": 1250})
    desk.places()  # until nothing moves any more
    desk.root.screenshot(path=lab.picture("readme"))
    assert len(desk.ids("pods/default/web-")) == 7
    lab.assert_clean()


def test_redrawing_is_measured(lab: Any, open_desk: Any, figures: list[str]) -> None:
    for workers, pods in ((9, 45), (29, 215)):  # with the control plane and its five pods 60 and 250 boxes
        desk = open_desk(
            f"cluster = Cluster(workers={workers}, seed=7)" + DEPLOYMENT.format(pods=pods), f"{pods}.ipynb"
        )
        desk.panel("Nodes")
        boxes = sum("#" not in name for name in desk.ids("nodes/") + desk.ids("pods/"))
        assert boxes == workers + 1 + pods + 5
        for name, selectors in (
            ("cordon", ['[data-do="cordon"]', '[data-do="uncordon"]']),
            ("scale", ['[aria-label="scale web up"]', '[aria-label="scale web down"]']),
        ):
            samples = [desk.redraw_ms(selector) for _ in range(6) for selector in selectors]
            drawn, answered = (sorted(part) for part in zip(*samples))
            half = len(samples) // 2
            figures.append(
                f"click on {name} to redraw, {boxes} boxes: median {drawn[half]:.0f} ms, worst {drawn[-1]:.0f} ms "
                f"(until the picture is in the page: median {answered[half]:.0f} ms)"
            )
    lab.assert_clean()
