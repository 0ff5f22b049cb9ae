"""What changed between two pictures, element by element: what goes over the wire instead of the whole SVG."""

from __future__ import annotations

import re
from typing import Any

_HEAD = re.compile(r"<svg ([^>]*)>")
_GRAPH = re.compile(r'<g id="graph0" class="graph" transform="([^"]*)">\s*(<polygon[^>]*/>)?')
_ELEMENT = re.compile(r'<g id="(?!graph0")([^"]*)" class="[^"]*">.*?</g>', re.DOTALL)
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


class Sheet:
    """A picture taken apart: attributes of the SVG, transform and ground of its graph, elements by id in drawing
    order.
    """

    def __init__(self, svg: str) -> None:
        head, graph = _HEAD.search(svg), _GRAPH.search(svg)
        self.attributes = dict(_ATTRIBUTE.findall(head.group(1))) if head else {}
        self.transform = graph.group(1) if graph else ""
        self.ground = (graph.group(2) or "") if graph else ""
        self.elements = {match.group(1): match.group(0) for match in _ELEMENT.finditer(svg)}


def delta(old: Sheet, new: Sheet) -> dict[str, Any] | None:
    """What turns `old` into `new`; None where sending the whole picture is no longer.

    `changed` holds the elements that are new or different, `gone` the ids that are no more, `order` all ids in drawing
    order, or None where the order of what stays is the same and nothing came.
    """
    changed = [text for identity, text in new.elements.items() if old.elements.get(identity) != text]
    if 2 * len(changed) > len(new.elements):
        return None
    order = list(new.elements)
    gone = [identity for identity in old.elements if identity not in new.elements]
    left = [identity for identity in old.elements if identity in new.elements]
    return {
        "attributes": {
            key: value
            for key, value in new.attributes.items()
            if key in ("width", "height", "viewBox", "aria-label") and old.attributes.get(key) != value
        },
        "transform": new.transform,
        "ground": new.ground if new.ground != old.ground else "",
        "changed": "".join(changed),
        "gone": gone,
        "order": None if left == order else order,
    }
