"""Names made from contents: the hash of a pod template in the form that Kubernetes writes it.

*In Kubernetes:* `ComputeHash` in `pkg/controller/controller_utils.go` and `SafeEncodeString` in
k8s.io/apimachinery/pkg/util/rand.
*Simplified:* the real hash is taken over a dump of Go's own structures; this one is taken over the template's JSON.
It has the same form, changes exactly when the template changes, and is not the same value.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.sim.chance import NAME_ALPHABET


def safe_encode(text: str) -> str:
    """`text` in the letters of generated names, one for each character."""
    return "".join(NAME_ALPHABET[ord(character) % len(NAME_ALPHABET)] for character in text)


def fnv1a(data: bytes) -> int:
    """The 32-bit FNV-1a hash."""
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def template_hash(template: dict[str, Any], collision_count: int | None = None) -> str:
    """The label `pod-template-hash` for a pod template, e.g. `69b75bc7cf`."""
    data = json.dumps(template, sort_keys=True, separators=(",", ":")).encode()
    if collision_count is not None:
        data += (collision_count & 0xFFFFFFFF).to_bytes(8, "little")
    return safe_encode(str(fnv1a(data)))
