"""Pods under the names of the server's internal types, for the sentences that show them whole."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def pod_template_value(template: Object) -> Object:
    """A pod template."""
    return template
