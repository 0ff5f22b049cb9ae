"""Custom resources: what their definition's schema says about an object.

*In Kubernetes:* `k8s.io/apiextensions-apiserver/pkg/apiserver/schema`: pruning of unknown fields, defaulting, validation.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import strict
from cp_sim.objects.kinds import Kind


def decode(server: Any, kind: Kind, value: dict[str, Any]) -> strict.Decoded:
    """The object without unknown fields, and complaints about them."""
    return strict.Decoded(value)
