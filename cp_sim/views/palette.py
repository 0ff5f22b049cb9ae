"""Colours and signs, each with a meaning, in light and dark.

A picture is drawn with the light colours, which stand in the SVG as plain attributes; in a dark theme a style sheet
made from the same table replaces each colour by its partner.  That is why no two names share a light colour.
"""

from __future__ import annotations

from functools import lru_cache

# name: (light, dark)
COLOURS: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#12161c"),
    "panel": ("#f6f8fb", "#1a2029"),
    "well": ("#eef2f7", "#202834"),
    "line": ("#cdd5df", "#3b4655"),
    "faint": ("#e3e8ef", "#2b3440"),
    "ink": ("#1b2430", "#e7ebf1"),
    "muted": ("#566173", "#a5b0be"),
    "blue": ("#2563c9", "#82aefc"),
    "blue-tint": ("#e7effc", "#1b2b47"),
    "teal": ("#096c6a", "#5dcbc6"),
    "teal-tint": ("#dff3f1", "#113432"),
    "violet": ("#7046c6", "#bda2ff"),
    "violet-tint": ("#efe9fb", "#2b2345"),
    "amber": ("#9a5b00", "#f0b658"),
    "amber-tint": ("#fcf0da", "#392b13"),
    "sky": ("#0a6f9f", "#70c6f3"),
    "sky-tint": ("#e0f1f9", "#12303e"),
    "green": ("#26753a", "#82d292"),
    "green-tint": ("#e3f4e7", "#17341f"),
    "red": ("#b8322a", "#ff8f84"),
    "red-tint": ("#fce8e6", "#41201e"),
    "grey": ("#5b6676", "#9aa6b5"),
    "grey-tint": ("#edf0f4", "#262e39"),
    # What bars are filled with; text stands on them.
    "used": ("#b7d0f7", "#2f4d80"),
    "used-much": ("#f3cf8d", "#6d4f14"),
    "used-up": ("#f2b3ad", "#7c2f2a"),
    # One per workload, so that the pods of one Deployment are found at a glance; the name says the same in words.
    "owner-1": ("#4c78a8", "#6b9bd0"),
    "owner-2": ("#e07b39", "#f0955a"),
    "owner-3": ("#54a24b", "#72c268"),
    "owner-4": ("#b279a2", "#cf97c0"),
    "owner-5": ("#c99700", "#e3b637"),
    "owner-6": ("#439894", "#62bab5"),
    "owner-7": ("#d45087", "#ec76a6"),
    "owner-8": ("#8c6d5a", "#b39280"),
    "owner-0": ("#aab4c2", "#596577"),
}

OWNER_HUES = 8


def light(name: str) -> str:
    """The hexadecimal colour of that name as it stands in the SVG."""
    return COLOURS[name][0]


# Who is drawn how.  The shape is part of the meaning, so that a picture also reads without its colours.
ACTORS: dict[str, tuple[str, str]] = {  # actor: (colour, Graphviz shape)
    "user": ("grey", "oval"),
    "kube-apiserver": ("blue", "box"),
    "etcd": ("teal", "cylinder"),
    "kube-scheduler": ("violet", "hexagon"),
    "kube-controller-manager": ("amber", "component"),
    "cloud-controller-manager": ("sky", "component"),
    "kubelet": ("green", "box3d"),
    "load-balancer": ("grey", "box"),
}


# The components whose actors bear their name; with several control planes the machine's name follows.
COMPONENTS = (
    "kube-apiserver",
    "etcd",
    "kube-scheduler",
    "kube-controller-manager",
    "cloud-controller-manager",
    "load-balancer",
)


@lru_cache(4096)
def component_of(actor: str) -> str:
    """The component that an actor belongs to, e.g. `kube-controller-manager` for `replicaset-controller`.

    With several control planes the machine is part of the name (`kube-apiserver-control-plane-2`,
    `replicaset-controller/control-plane-2`); the component is the same.
    """
    if not actor or actor in ("outside", "user", "admin", "clock"):
        return "user"
    for known in COMPONENTS:
        if actor == known or actor.startswith((known + "-", known + "/")):
            return known
    if actor.startswith(("kubelet", "system:node:")):
        return "kubelet"
    actor = actor.partition("/")[0]
    if actor.startswith("cloud") or actor in (
        "service-controller",
        "service-lb-controller",
        "node-ipam",
        "route-controller",
    ):
        return "cloud-controller-manager"
    if actor.startswith("system:serviceaccount:kube-system:"):
        return component_of(actor.rpartition(":")[2])
    if actor.startswith("system:"):
        return component_of(actor.partition(":")[2])
    if actor.endswith(("-controller", "-collector", "-manager", "-lifecycle", "-eviction", "controller")):
        return "kube-controller-manager"
    return "user"


def is_server(actor: str) -> bool:
    """Whether an actor is an API server, the only one or one of several."""
    return component_of(actor) == "kube-apiserver"


def machine_of(actor: str) -> str:
    """The node whose name an actor bears, `control-plane-2` for `etcd-control-plane-2`; empty if it bears none."""
    for known in COMPONENTS:
        if actor.startswith(known + "-"):
            return actor[len(known) + 1 :]
    return actor.partition("/")[2]


def dark_rules(scope: str) -> str:
    """Style sheet rules that turn a picture below the CSS selector `scope` dark."""
    rules = []
    for bright, dark in COLOURS.values():
        rules.append(f'{scope} [fill="{bright}"]{{fill:{dark}}}{scope} [stroke="{bright}"]{{stroke:{dark}}}')
    return "\n".join(rules)
