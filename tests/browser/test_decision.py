"""The scheduler's pictures in a real browser: clicks and keys show the numbers, in a single picture and the desk."""

from __future__ import annotations

import json
from typing import Any

MADE = """
from cp_sim import Cluster, show
from cp_sim.views import decision, preemption

def pod(name, cpu, **spec):
    container = {"name": "main", "image": "nginx:1.27", "resources": {"requests": {"cpu": cpu}}}
    metadata = {"name": name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container], **spec}}

def decided(name, attempt=-1):
    records = [one for one in cluster.trace.about(f"pods/default/{name}") if one.verb == "schedule"]
    return records[attempt].evidence

cluster = Cluster(workers=3, seed=7).settle()
for made in (pod("full", "3800m"), pod("web-1", "500m"), pod("big", "9")):
    cluster.apply(made)
    cluster.settle()
"""


class Single:
    """A single picture in a page: waits until a new frame is shown, and reads its numbers."""

    def __init__(self, lab: Any, place: int = 0) -> None:
        self.page = lab.page
        self.root = lab.page.locator(".cp-single").nth(place)
        self.root.locator(".cp-picture > svg").wait_for()

    def click(self, identity: str) -> None:
        """Click an element of the picture."""
        self.root.locator(f'g[id="{identity}"]').click()

    def until_open(self, identity: str) -> None:
        """Wait until the numbers of an element are shown."""
        self.root.locator(f'.cp-numbers[data-shown="{identity}"]').wait_for()

    def until_frame(self, seq: int) -> None:
        """Wait until a frame is shown."""
        self.page.wait_for_function("([root, seq]) => +root.dataset.seq >= seq", arg=[self.root.element_handle(), seq])

    @property
    def numbers(self) -> str:
        """What the paper of numbers says."""
        return self.root.locator(".cp-numbers-paper").inner_text()

    def rows(self, tone: str) -> list[str]:
        """The rows of a tone."""
        return list(self.root.locator(f".cp-numbers-paper tr.cp-{tone}").all_inner_texts())


def opened(lab: Any, server: Any, name: str, cell: str) -> None:
    notebook = server.write_notebook(f"{name}.ipynb", [MADE, cell])
    lab.open(notebook)
    lab.run_all()
    assert lab.cell_errors() == []


def ask(lab: Any, expression: str) -> Any:
    return json.loads(lab.run(f"import json; print(json.dumps({expression}))"))


def test_clicking_a_node_or_a_plugin_shows_its_numbers(lab: Any, server: Any) -> None:
    opened(lab, server, "decision", "picture = show(decided('web-1'))\npicture")
    single = Single(lab)
    full = ask(lab, "cluster.get('pod/full')['spec']['nodeName']")
    assert single.numbers == ""
    single.click(f"cut/nodes/{full}")
    single.until_open(f"nodes/{full}")
    assert ask(lab, f"decided('web-1').why_not('{full}')") in single.numbers
    assert any("needs 500m cpu, 200m free of 4" in row for row in single.rows("bad"))
    where = ask(lab, "cluster.get('pod/web-1')['spec']['nodeName']")
    single.click(f"nodes/{where}")
    single.until_open(f"nodes/{where}")
    total = ask(lab, f"decided('web-1').totals()['{where}']")
    assert single.rows("strong")[-1].split()[-1] == str(total)
    single.click("chips/TaintToleration")
    single.until_open("plugins/TaintToleration")
    assert "It cut off 1 of the 4 nodes looked at." in single.numbers
    assert "control-plane-1" in single.rows("bad")[0]
    lab.picture("decision-numbers")

    # Another pod follows: the numbers that are open follow, too.
    lab.run("picture.update(decided('big'))")
    single.until_frame(2)
    single.until_open("plugins/TaintToleration")
    assert "It cut off 1 of the 4 nodes looked at." in single.numbers
    assert ask(lab, "picture.clicked") == "chips/TaintToleration"
    lab.assert_clean()


def test_the_keyboard_reaches_every_number(lab: Any, server: Any) -> None:
    opened(lab, server, "keys", "show(decided('web-1'))")
    single = Single(lab)
    picture = single.root.locator(".cp-picture")
    picture.focus()
    tellers = single.root.evaluate(
        "root => [...root.querySelectorAll('g[id] > title')].map(title => title.parentNode.id)"
    )
    for _ in range(tellers.index("nodes/worker-1") + 1):
        picture.press("ArrowRight")
    assert "worker-1" in single.root.locator(".cp-sentence").inner_text()
    assert single.numbers == ""
    picture.press("Enter")
    single.until_open("nodes/worker-1")
    assert single.numbers.startswith("node worker-1")
    chooser = single.root.locator('[data-do="numbers"]')
    chooser.select_option(label="plugin NodeResourcesFit")
    single.until_open("plugins/NodeResourcesFit")
    assert "Rejects nodes without room for the pod's requests" in single.numbers
    shown = chooser.locator("option").all_inner_texts()
    assert {"node control-plane-1", "node worker-3", "plugin VolumeBinding"} <= set(shown)
    chooser.select_option(value="")
    assert single.numbers == ""
    lab.assert_clean()


def test_a_what_if_and_a_preemption(lab: Any, server: Any) -> None:
    cell = "thought = cluster.what_if('pod/web-1', requests={'cpu': '3900m'}, add_node='worker-4')\nshow(thought)"
    opened(lab, server, "what-if", cell)
    single = Single(lab)
    assert ask(lab, "thought.moves in (True, False)")
    ids = single.root.evaluate("root => [...root.querySelectorAll('svg g[id]')].map(group => group.id)")
    assert {"now/pod", "then/pod", "nodes/worker-4", "now/worker-1", "then/worker-4"} <= set(ids)
    assert "not there" in single.root.locator('g[id="now/worker-4"]').text_content()
    assert single.root.locator(".cp-twin pre").text_content() == ask(lab, "str(thought)")
    full = ask(lab, "cluster.get('pod/full')['spec']['nodeName']")
    single.click(f"then/{full}")
    single.until_open(f"then/{full}")
    assert any("needs 3900m cpu, 200m free of 4" in row for row in single.rows("bad"))
    lab.picture("what-if")
    assert ask(lab, "[len(cluster.get('nodes')), cluster.get('pod/web-1')['spec']['containers'][0]"
                    "['resources']['requests']['cpu']]") == [4, "500m"]  # fmt: skip
    lab.assert_clean()


def test_the_tab_of_the_scheduler(lab: Any, server: Any, desk_in: Any) -> None:
    opened(lab, server, "scheduler-tab", "cluster.dashboard(tab='decision')")
    desk = desk_in(lab)
    assert desk.picture.startswith("default/big, attempt ")

    def choose(what: str, value: str) -> None:
        before = desk.seq
        desk.root.locator(f'[data-do="scheduler-{what}"]').select_option(value)
        desk.after(before)

    choose("pod", "default/web-1")
    assert desk.picture.startswith("default/web-1, attempt 1: scheduled on worker-")
    answer = desk.root.locator('[data-answer="why-not"]')
    assert answer.inner_text() == ""
    choose("node", "control-plane-1")
    assert answer.inner_text() == ask(lab, "cluster.why_not('pod/web-1', 'control-plane-1')")
    before = desk.seq
    desk.root.locator('g[id="nodes/worker-2"]').click()
    desk.after(before)
    assert answer.inner_text() == ask(lab, "cluster.why_not('pod/web-1', 'worker-2')")
    assert desk.root.locator(".cp-numbers-paper h4").inner_text() == "node worker-2"
    assert desk.picture.startswith("default/web-1, ")
    lab.picture("scheduler-tab")
    desk.press('[data-do="scheduler-preemption"]')
    assert "A node was found without it" in desk.picture
    desk.press('[data-do="scheduler-queue"]')
    assert "default/big" in desk.picture
    desk.press('[data-do="scheduler-decision"]')
    choose("pod", "")
    assert desk.picture.startswith("default/big, attempt ")
    lab.assert_clean()
