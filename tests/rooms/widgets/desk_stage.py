"""A page that plays JupyterLab: it loads a widget's script and style and carries its messages to Python and back."""

import json
from typing import Any

from cp_sim.widgets import front
from cp_sim.widgets.desk import Desk

PAGE = """<!doctype html><meta charset="utf-8"><title>stage</title><style>body{margin:8px}</style>
<style>%s</style>
<body data-jp-theme-light="%s"><div id="stage"></div>
<script type="module">
%s
const heard = [];
const model = {
  state: {frame: %s, seq: 1},
  get(name) { return this.state[name]; },
  set(name, value) { this.state[name] = value; },
  save_changes() {},
  show(frame) {
    this.state.frame = frame;
    for (const [name, call] of heard) if (name === "change:frame") call();
  },
  on(name, call) { heard.push([name, call]); },
  off() {},
  async send(message) {
    const answer = JSON.parse(await window.python(JSON.stringify(message)));
    for (const [name, call] of heard) if (name === "msg:custom") call(answer);
  },
};
render({ model, el: document.getElementById("stage") });
window.model = model;
</script>"""


def open_desk(page: Any, desk: Desk, dark: bool = False) -> None:
    """Put a dashboard of `desk` on the page."""

    def python(message: str) -> str:
        content = json.loads(message)
        return json.dumps(desk.handle(content) | {"answers": content.get("token")})

    page.expose_function("python", python)
    open_script(page, front.script("dashboard"), desk.frame(), dark)


def open_script(page: Any, script: str, frame: dict[str, Any], dark: bool = False) -> None:
    """Put a widget on the page: its script and its first frame."""
    script = script.replace("export default { render };", "")
    page.set_content(PAGE % (front.style(), "false" if dark else "true", script, json.dumps(frame)))
    page.wait_for_selector("[data-seq]")
