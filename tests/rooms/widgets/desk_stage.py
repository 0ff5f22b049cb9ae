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
    script = front.script("dashboard").replace("export default { render };", "")
    page.set_content(PAGE % (front.style(), "false" if dark else "true", script, json.dumps(desk.frame())))
    page.wait_for_selector(".cp-desk[data-seq]")
