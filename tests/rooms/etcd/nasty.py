"""Traces that look for trouble: few keys, strange ranges, revisions on the edge, transactions within transactions."""

from __future__ import annotations

import random

PROFILES = {
    "mixed": {"put": 8, "range": 6, "delete": 3, "txn": 4, "compact": 1, "grant": 2, "revoke": 1, "ttl": 1},
    "txn": {"put": 3, "range": 1, "delete": 1, "txn": 14, "compact": 1, "grant": 1},
    "range": {"put": 8, "range": 20, "delete": 3, "txn": 2, "compact": 1},
    "compact": {"put": 8, "range": 5, "delete": 4, "txn": 3, "compact": 4, "watch": 3, "watch_cancel": 2},
    "lease": {"put": 8, "grant": 5, "revoke": 3, "ttl": 3, "leases": 2, "keepalive": 2, "txn": 4, "delete": 2},
}
KEYS = ["a", "a/", "a/1", "a/1\0", "a/2", "a0", "b", "b/\xe9", "b/\uffff", "b/\U0001f600", "\0", "~"]
ENDS = [*KEYS, "\0", "\0", "a0", "b0", "c", "\0\0", "\x7f", "b/\U0010ffff"]
VALUES = ["", "0", "1", "9", "10", "v\xe9", "\U0001f600", "x" * 40]
LEASES = [1, 2, 3, 4, -7, 2**62]
FAR = [0, -1, -5, 10**9, 2**63 - 1]


class Nasty:
    """One trace, drawn from a seed."""

    def __init__(self, seed, profile, length):
        self.chance = random.Random(f"{seed}/{profile}")
        self.seed, self.profile, self.length = seed, profile, length
        self.revision = 1  # about where the store is
        self.compacted = 0
        self.watches = [{"opened_after": -1, "req": whole(start_revision=1)}]

    def trace(self):
        """The trace, without answers."""
        weights = PROFILES[self.profile]
        names = self.chance.choices(list(weights), list(weights.values()), k=self.length)
        ops = [{"i": place, "op": name, "req": getattr(self, name)(place)} for place, name in enumerate(names)]
        for back in (0, 1, 3, 10):
            self.watches.append({"opened_after": len(ops) - 1, "req": whole(start_revision=self.near(back))})
        return {"seed": self.seed, "profile": self.profile, "ops": ops, "watches": self.watches}

    # -- what requests are made of

    def sometimes(self, share=0.3):
        """True in that share of the cases."""
        return self.chance.random() < share

    def near(self, back=0):
        """A revision near the present."""
        return max(1, self.revision - back)

    def revision_of_interest(self):
        """A revision, often one on an edge."""
        edges = [self.compacted, self.compacted - 1, self.compacted + 1, self.revision, self.revision + 1]
        return self.chance.choice([*edges, self.chance.randint(1, self.revision), *FAR[:3]])

    def key(self):
        """A key; now and then none."""
        return "" if self.sometimes(0.02) else self.chance.choice(KEYS)

    def span(self):
        """A key and perhaps the end of a range."""
        found = {"key": self.key()}
        if self.sometimes(0.6):
            found["range_end"] = self.chance.choice(ENDS)
        return found

    # -- requests

    def put(self, _place=0):
        """A put with any of its options."""
        self.revision += 1
        found = {"key": self.key()}
        if self.sometimes(0.8):
            found["value"] = self.chance.choice(VALUES)
        if self.sometimes(0.3):
            found["lease"] = self.chance.choice(LEASES)
        if self.sometimes(0.15):
            found["ignore_value"] = True
            if self.sometimes(0.8):
                found.pop("value", None)
        if self.sometimes(0.15):
            found["ignore_lease"] = True
            if self.sometimes(0.8):
                found.pop("lease", None)
        if self.sometimes():
            found["prev_kv"] = True
        return found

    def range(self, _place=0):
        """A range with any of its options."""
        found = self.span()
        options = {
            "limit": lambda: self.chance.choice([1, 2, 3, 5, 100, -1]),
            "revision": self.revision_of_interest,
            "sort_order": lambda: self.chance.choice(["NONE", "ASCEND", "DESCEND"]),
            "sort_target": lambda: self.chance.choice(["KEY", "VERSION", "CREATE", "MOD", "VALUE"]),
            "serializable": lambda: True,
            "keys_only": lambda: True,
            "count_only": lambda: True,
            "min_mod_revision": self.revision_of_interest,
            "max_mod_revision": self.revision_of_interest,
            "min_create_revision": self.revision_of_interest,
            "max_create_revision": self.revision_of_interest,
        }
        for name, draw in options.items():
            if self.sometimes(0.1 if name[:3] in ("min", "max", "cou") else 0.3):
                found[name] = draw()
        return found

    def delete(self, _place=0):
        """A delete of a key or a range."""
        found = self.span()
        self.revision += self.sometimes(0.5)
        if self.sometimes():
            found["prev_kv"] = True
        return found

    def compare(self):
        """A condition; now and then one that compares with the wrong thing."""
        target = self.chance.choice(["VERSION", "CREATE", "MOD", "VALUE", "LEASE"])
        found = {
            **self.span(),
            "target": target,
            "result": self.chance.choice(["EQUAL", "GREATER", "LESS", "NOT_EQUAL"]),
        }
        names = {
            "VERSION": "version",
            "CREATE": "create_revision",
            "MOD": "mod_revision",
            "VALUE": "value",
            "LEASE": "lease",
        }
        name = names[self.chance.choice(list(names))] if self.sometimes(0.05) else names[target]
        if name == "value":
            found[name] = self.chance.choice(VALUES)
        elif not self.sometimes(0.1):
            found[name] = self.chance.choice([0, 1, 2, self.near(), self.near(3), *LEASES, -1])
        return found

    def txn(self, _place=0, depth=0):
        """A txn; one in six of its operations is a txn itself."""
        size = 3 if depth else 5
        found = {"compare": [self.compare() for _ in range(self.chance.choice([0, 0, 1, 1, 2]))]}
        for branch in ("success", "failure"):
            found[branch] = [self.operation(depth) for _ in range(self.chance.randint(0, size))]
        if depth == 0 and self.sometimes(0.02):
            many = [{"op": "range", "key": "a"}] * self.chance.choice([127, 128, 129])
            found[self.chance.choice(["success", "failure"])] = many
        found = {name: value for name, value in found.items() if value}
        return without_what_kills_etcd(found) if depth == 0 else found

    def operation(self, depth):
        """One operation of a txn; now and then an empty one."""
        if self.sometimes(0.01):
            return {}
        name = self.chance.choice(["put", "put", "range", "delete", "range", "txn" if depth < 3 else "put"])
        if name == "txn":
            return {"op": "txn", **self.txn(depth=depth + 1)}
        found = {"op": name, **getattr(self, name)()}
        if name == "range" and self.sometimes(0.7):
            found.pop("revision", None)
        if name == "put" and self.sometimes(0.7):
            found = {key: value for key, value in found.items() if key in ("op", "key", "value", "prev_kv")}
        return found

    def compact(self, _place=0):
        """A compaction, in half of the cases a sensible one."""
        revision = (
            self.chance.randint(self.compacted, self.revision) if self.sometimes(0.5) else self.revision_of_interest()
        )
        if self.compacted < revision <= self.revision:
            self.compacted = revision
        return {"revision": revision, **({"physical": True} if self.sometimes() else {})}

    def grant(self, _place=0):
        """A lease, long enough to outlive the trace."""
        return {
            "ID": self.chance.choice(LEASES),
            "TTL": self.chance.choice([3600, 7200, 10**6, 9 * 10**9, 9 * 10**9 + 1]),
        }

    def revoke(self, _place=0):
        """The end of a lease that may not be there."""
        return {"ID": self.chance.choice([*LEASES, 0, 99])}

    def ttl(self, _place=0):
        """A question about a lease."""
        return {"ID": self.chance.choice([*LEASES, 0, 99]), "keys": self.sometimes(0.6)}

    def leases(self, _place=0):
        """Which leases are there."""
        return {}

    def keepalive(self, _place=0):
        """A sign of life for a lease."""
        return {"ID": self.chance.choice([*LEASES, 99])}

    def watch(self, place):
        """A watch from somewhere on."""
        found = self.span()
        if self.sometimes(0.8):
            found["start_revision"] = self.revision_of_interest()
        if self.sometimes():
            found["filters"] = self.chance.choice([["NOPUT"], ["NODELETE"], ["NOPUT", "NODELETE"]])
        for name in ("prev_kv", "fragment"):
            if self.sometimes(0.6):
                found[name] = True
        self.watches.append({"opened_after": place, "req": found})
        return found

    def watch_cancel(self, _place=0):
        """The end of a watch that may have ended before."""
        return {"watch": self.chance.randrange(1, len(self.watches))} if len(self.watches) > 1 else {"watch": 0}


def without_what_kills_etcd(txn):
    """The txn without options that need a key which the same txn may delete: etcd 3.4 ends in a panic then."""

    def walk(one):
        if one.get("op") == "txn" or "op" not in one:
            for branch in ("success", "failure"):
                for inner in one.get(branch, ()):
                    yield from walk(inner)
        yield one

    if any(one.get("op") == "delete" for one in walk(txn)):
        for one in walk(txn):
            if one.pop("ignore_value", False) or one.pop("ignore_lease", False):
                one.pop("ignore_lease", None)
    return txn


def whole(**more):
    """A watch of the whole store."""
    return {"key": "\0", "range_end": "\0", "prev_kv": True, **more}
