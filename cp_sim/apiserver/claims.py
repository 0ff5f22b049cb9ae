"""Cluster IPs and node ports where several servers share one store: what one server takes, no other can.

A server chooses by what it knows, which may be old; it then writes its choice down in the store on condition that
nobody was faster: an IPAddress object for an address (its key is free, or it is not), one bit in the range of node
ports (compare and swap). If the choice is taken, it chooses again; what was asked for by number is refused.

*In Kubernetes:* `pkg/registry/core/service/ipallocator/ipallocator.go` (IPAddress objects) and
`pkg/registry/core/service/allocator/storage/storage.go` (`/registry/ranges/servicenodeports`). *Simplified:* a server
that is alone knows everything and writes nothing down; what a crash leaves behind is not repaired.
"""

from __future__ import annotations

import base64
from typing import Any

from cp_sim.apiserver import allocation
from cp_sim.apiserver.work import Work
from cp_sim.etcd.store import Delete, Get, KeyValue, Put, StoreAnswer, StoreRequest
from cp_sim.objects.kinds import KINDS

Object = dict[str, Any]
PORTS_KEY = "/registry/ranges/servicenodeports"
SOMEBODY = "?"


def begin(server: Any, work: Work, service: Object, old: Object | None, final: Any) -> Any:
    """What the store is to be asked before `final`: for all that `service` has and `old` had not."""
    if not server.shared_store or work.kind is None or work.kind.storage != "services" or work.dry_run:
        return final
    had = (set(allocation.addresses_of(old)), set(allocation.ports_of(old)))
    tasks: list[Any] = [address for address in allocation.addresses_of(service) if address not in had[0]]
    ports = tuple(port for port in dict.fromkeys(allocation.ports_of(service)) if port not in had[1])
    work.claims = [*tasks, *([ports] if ports else []), final]
    work.claimed = []
    return _next(server, work)


def under_way(work: Work) -> bool:
    """Whether the store's next answer is about a claim."""
    return work.claims is not None


def _next(server: Any, work: Work) -> Any:
    assert work.claims is not None
    task = work.claims[0]
    if type(task) is str:
        return Put(_address_key(task), _address_object(server, work, task), expect=0)
    if type(task) is tuple:
        return Get(PORTS_KEY)
    work.claims = None
    return task


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """The next question to the store, at last `final`; None if somebody else has what was wanted."""
    assert work.claims is not None
    task = work.claims[0]
    if type(task) is str:
        if not answer.succeeded and not _is_ours(answer.kv, work):
            return _taken(server, work, (task,))
    elif type(work.asked) is Get or not answer.succeeded:
        bits = bits_of(answer.kv)
        taken = tuple(port for port in task if bits >> (port - allocation.PORTS[0]) & 1)
        if taken:
            return _taken(server, work, taken)
        for port in task:
            bits |= 1 << (port - allocation.PORTS[0])
        return Put(PORTS_KEY, _range(bits), expect=answer.kv.mod_revision if answer.kv is not None else 0)
    work.claimed.append(task)
    del work.claims[0]
    return _next(server, work)


def _taken(server: Any, work: Work, what: tuple[Any, ...]) -> None:
    """Remember that somebody has it, and give back what was claimed so far."""
    work.claims = None
    give_back(server, work)
    for one in what:
        (server.allocations.ports if isinstance(one, int) else server.allocations.addresses)[one] = SOMEBODY


def give_back(server: Any, work: Work) -> None:
    """The Service was not stored after all."""
    addresses = [one for one in work.claimed if type(one) is str]
    ports = [port for one in work.claimed if type(one) is tuple for port in one]
    work.claimed = []
    release(server, addresses, ports)


def release_of(server: Any, service: Object | None, still: Object | None = None) -> None:
    """A Service is gone, or (`still`) has less than before."""
    if server.shared_store and service is not None and service.get("kind") == "Service":
        kept = (allocation.addresses_of(still), allocation.ports_of(still))
        addresses = [one for one in allocation.addresses_of(service) if one not in kept[0]]
        release(server, addresses, [port for port in allocation.ports_of(service) if port not in kept[1]])


def release(server: Any, addresses: list[str], ports: list[int]) -> None:
    """Let others have these."""
    for address in addresses:
        _send(server, Delete(_address_key(address)), ())
    if ports:
        _send(server, Get(PORTS_KEY), tuple(ports))


def released(server: Any, answer: StoreAnswer) -> None:
    """The store has answered a release of ports: clear the bits, unless somebody was faster; then once more."""
    ports, asked = server.releases.pop(answer.token)
    if not ports or answer.error or answer.kv is None or (type(asked) is Put and answer.succeeded):
        return
    bits = bits_of(answer.kv)
    for port in ports:
        bits &= ~(1 << (port - allocation.PORTS[0]))
    _send(server, Put(PORTS_KEY, _range(bits), expect=answer.kv.mod_revision), ports)


def _send(server: Any, operation: Any, ports: tuple[int, ...]) -> None:
    token = server.link.token()
    server.releases[token] = (ports, operation)
    server.loop.send(server.store, StoreRequest(operation, server.name, token))


# -- what is stored --------------------------------------------------------------------------------------------------


def bits_of(kv: KeyValue | None) -> int:
    """The node ports that are taken, as one number: bit 0 is the first of the range."""
    return int.from_bytes(base64.b64decode(kv.value["data"]), "big") if kv is not None else 0


def _range(bits: int) -> Object:
    data = bits.to_bytes((bits.bit_length() + 7) // 8, "big")
    return {
        "kind": "RangeAllocation",
        "apiVersion": "v1",
        "metadata": {},
        "range": f"{allocation.PORTS[0]}-{allocation.PORTS[1]}",
        "data": base64.b64encode(data).decode(),
    }


def _address_key(address: str) -> str:
    return KINDS["ipaddresses.networking.k8s.io"].store_key("", address)


def _address_object(server: Any, work: Work, address: str) -> Object:
    call = work.call
    labels = {
        "ipaddress.kubernetes.io/ip-family": "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    return {
        "kind": "IPAddress",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {
            "name": address,
            "uid": server.loop.chance.uid(),
            "creationTimestamp": server.loop.clock.timestamp(),
            "labels": labels,
        },
        "spec": {"parentRef": {"group": "", "resource": "services", "namespace": call.namespace, "name": call.name}},
    }


def _is_ours(kv: KeyValue | None, work: Work) -> bool:
    if kv is None:
        return False
    parent = (kv.value.get("spec") or {}).get("parentRef") or {}
    return (parent.get("namespace"), parent.get("name")) == (work.call.namespace, work.call.name)
