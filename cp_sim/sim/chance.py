"""Chance that can be told again: one seed, many named streams."""

from __future__ import annotations

import hashlib
import random

# The alphabet of Kubernetes' generated names: no vowels (no accidental words) and no look-alikes.
# Source: k8s.io/apimachinery/pkg/util/rand.
NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"

# Of the 128 bits of a UUID, RFC 9562 fixes four for the version and two for the variant.
_FREE_BITS = (1 << 128) - 1 & ~(0xF000 << 64) & ~(0xC000 << 48)
_VERSION_4 = 0x4000 << 64 | 0x8000 << 48


class Chance:
    """Named streams of random numbers, each a function of the seed and its own name alone.

    A stream does not care what others draw, so that adding a new user of chance leaves all former stories as they
    were.  A `salt` gives other streams for the same seed.  Neither the machine nor `PYTHONHASHSEED` has a say.
    """

    def __init__(self, seed: int = 0, salt: str = "") -> None:
        self.seed = seed
        self.salt = salt
        self._streams: dict[str, random.Random] = {}

    def stream(self, name: str) -> random.Random:
        """The stream called `name`, e.g. `"raft/etcd-2"`; always the same object."""
        found = self._streams.get(name)
        if found is None:
            digest = hashlib.sha256(f"{self.seed}{self.salt}/{name}".encode()).digest()
            found = self._streams[name] = random.Random(int.from_bytes(digest[:8], "big"))
        return found

    def uid(self) -> str:
        """A version 4 UUID for `metadata.uid`."""
        bits = self.stream("uid").getrandbits(128) & _FREE_BITS | _VERSION_4
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def suffix(self, length: int = 5) -> str:
        """The random end of a name made from `generateName`."""
        stream = self.stream("suffix")
        return "".join(NAME_ALPHABET[int(stream.random() * 27)] for _ in range(length))
