"""Manifests as people write them."""

from __future__ import annotations

import pytest

from cp_sim.objects.manifests import ManifestError, parse

TWO = """
# a comment
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {on: "yes", flag: yes, octal: 012, date: 2024-01-01, float: 1e3, quoted: "012", time: 12:30:45}
---
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: x}}
- {apiVersion: v1, kind: Pod, metadata: {name: y}}
"""


def test_documents_and_lists_become_objects() -> None:
    objects = parse(TWO)
    assert [one["metadata"]["name"] for one in objects] == ["a", "x", "y"]
    data = objects[0]["data"]
    assert data["true"] == "yes"
    assert data["flag"] is True
    assert data["octal"] == 10
    assert data["date"] == "2024-01-01"
    assert data["float"] == 1000.0
    assert data["quoted"] == "012"


def test_json_is_read_too() -> None:
    objects = parse('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}\n{"apiVersion":"v1","kind":"Pod"}')
    assert len(objects) == 2


def test_kind_lists_name_their_items() -> None:
    objects = parse("apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n")
    assert objects == [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b: c", ("document 1, line 1", "mapping values are not allowed")),
        ("apiVersion: v1\nkind: Pod\n---\nx: [1,", ("document 2",)),
        ("apiVersion: v1\nkind: Pod\nspec:\n\tx: 1", ("line 4", "blanks, not with tabs")),
        ("apiVersion: v1\nkind: Pod\nkind: Node", ("line 3", 'key "kind" already set in map')),
        ("kind: Pod", ("document 1 (line 1) has no apiVersion",)),
        ("kind: Pod\napiVersion: v1\n---\nmetadata: {}", ("document 2 (line 4) has no apiVersion and no kind",)),
        ("just text", ("document 1 (line 1) is text",)),
        ("# nothing", ("no objects in the manifest",)),
        ("apiVersion: 1\nkind: Pod", ("apiVersion has to be text, not 1",)),
    ],
)
def test_errors_name_document_and_line(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(text)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
