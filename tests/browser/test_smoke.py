"""The harness itself: a notebook runs, a widget answers a click, errors and foreign requests are noticed."""

from __future__ import annotations

from typing import Any

CELLS = [
    "print(6 * 7)",
    "import ipywidgets\n"
    "button, label = ipywidgets.Button(description='count'), ipywidgets.Label('0')\n"
    "button.on_click(lambda _: setattr(label, 'value', str(int(label.value) + 1)))\n"
    "ipywidgets.HBox([button, label])",
]


def test_a_notebook_runs_and_a_widget_answers(lab: Any) -> None:
    lab.open(lab.server.write_notebook("smoke.ipynb", CELLS))
    lab.run_all()
    assert "42" in lab.page.locator(".jp-OutputArea-output").first.inner_text()
    lab.page.get_by_role("button", name="count", exact=True).click()
    lab.page.wait_for_function("() => document.querySelector('.widget-label')?.textContent === '1'")
    assert lab.run("print(label.value)") == "1\n"
    assert lab.cell_errors() == []
    lab.picture("smoke")
    lab.assert_clean()


def test_errors_and_foreign_requests_are_noticed(lab: Any) -> None:
    lab.open(lab.server.write_notebook("bad.ipynb", ["1 / 0"]))
    lab.run_all()
    lab.page.evaluate("() => console.error('something went wrong')")
    lab.page.evaluate("() => fetch('https://example.invalid/').catch(() => 0)")
    assert any("something went wrong" in error for error in lab.errors)
    assert lab.foreign == ["https://example.invalid/"]
    assert lab.cell_errors() == ["ZeroDivisionError: division by zero"]
