"""Which API servers there are: each says every ten seconds that it lives, and all keep the endpoints of `kubernetes`.

A server writes its address below `/registry/masterleases/` with a lease of 15 s, reads whose addresses are there, and
writes them as the endpoints of the Service `default/kubernetes`, if they are not just those. The address of a server
that has died goes when its lease does, at the next round of one that lives.

*In Kubernetes:* `pkg/controlplane/reconcilers/lease.go` (`--endpoint-reconciler-type=lease`;
DefaultEndpointReconcilerTTL 15 s, DefaultEndpointReconcilerInterval 10 s). *Simplified:* a server that is alone has no
endpoints here.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.store import Get, Grant, List, Put, StoreAnswer, StoreRequest
from cp_sim.objects.kinds import KINDS
from cp_sim.sim import immutable

Object = dict[str, Any]
PREFIX = "/registry/masterleases/"
TTL_S = 15
INTERVAL_MS = 10_000
PORT = 6443
NAME = "kubernetes"


@immutable
class Reconcile:
    """Timer: say again that the server lives, and look who else does."""


class EndpointReconciler:
    """The part of a server that keeps the endpoints of `kubernetes`; without an `address` it does nothing.

    `lives` are the addresses that were found last.
    """

    def __init__(self, server: Any, address: str) -> None:
        self.server = server
        self.address = address
        self.lives: tuple[str, ...] = ()
        self._asked: dict[int, str] = {}  # token -> what the question was about

    def begin(self) -> None:
        """One round; the next one follows."""
        if not self.address:
            return
        server = self.server
        server.loop.caused_by(None)
        server.loop.after(INTERVAL_MS, server.name, Reconcile(), background=True)
        self._asked.clear()
        self._ask("grant", Grant(TTL_S))

    def _ask(self, about: str, operation: Any) -> None:
        token = self.server.link.token()
        self._asked[token] = about
        self.server.loop.send(self.server.store, StoreRequest(operation, self.server.name, token))

    def awaits(self, token: int) -> bool:
        """Whether an answer is to one of its questions."""
        return token in self._asked

    def answered(self, answer: StoreAnswer) -> None:
        """Go on with the round; an error ends it."""
        about = self._asked.pop(answer.token)
        if answer.error:
            return
        if about == "grant":
            mine = {"kind": "Endpoints", "apiVersion": "v1", "metadata": {}, "subsets": [{"addresses": [self._ip()]}]}
            self._ask("put", Put(PREFIX + self.address, mine, lease=answer.lease))
        elif about == "put":
            self._ask("list", List(PREFIX))
        elif about == "list":
            self.lives = tuple(sorted(kv.key.removeprefix(PREFIX) for kv in answer.kvs))
            for resource in ("endpoints", SLICES):
                self._ask(resource, Get(KINDS[resource].store_key("default", NAME)))
        elif about in ("endpoints", SLICES):
            self._write(about, answer)

    def _ip(self) -> Object:
        return {"ip": self.address}

    def _write(self, resource: str, answer: StoreAnswer) -> None:
        old = answer.kv.value if answer.kv is not None else None
        made = self._endpoints() if resource == "endpoints" else self._slice()
        if old is not None:
            if all(old.get(field) == made[field] for field in made if field != "metadata"):
                return
            made = {**old, **{field: value for field, value in made.items() if field != "metadata"}}
            made["metadata"] = {**old["metadata"], "generation": old["metadata"].get("generation", 1) + 1}
            if resource == "endpoints":
                made["metadata"].pop("generation")
        # Whoever is slower finds what the other one wrote in its next round.
        expect = answer.kv.mod_revision if answer.kv is not None else 0
        self._ask("written", Put(KINDS[resource].store_key("default", NAME), made, expect=expect))

    def _metadata(self, labels: Object, **more: Any) -> Object:
        loop = self.server.loop
        made = {"name": NAME, "namespace": "default", "uid": loop.chance.uid()}
        return {**made, "creationTimestamp": loop.clock.timestamp(), "labels": labels, **more}

    def _endpoints(self) -> Object:
        subset = {
            "addresses": [{"ip": address} for address in self.lives],
            "ports": [{"name": "https", "port": PORT, "protocol": "TCP"}],
        }
        labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
        return {"kind": "Endpoints", "apiVersion": "v1", "metadata": self._metadata(labels), "subsets": [subset]}

    def _slice(self) -> Object:
        return {
            "kind": "EndpointSlice",
            "apiVersion": "discovery.k8s.io/v1",
            "metadata": self._metadata({"kubernetes.io/service-name": NAME}, generation=1),
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in self.lives],
            "ports": [{"name": "https", "port": PORT, "protocol": "TCP"}],
        }


SLICES = "endpointslices.discovery.k8s.io"
