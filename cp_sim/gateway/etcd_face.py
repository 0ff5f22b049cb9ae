"""etcd's gRPC server in front of the simulated store: what the real `etcdctl` speaks to.

One server a member, all on the loopback. Every call waits for the turn of the world, so that a notebook may go on
changing the cluster meanwhile.

*In Kubernetes:* the client port of etcd, 2379. *Simplified:* no TLS and no users: whoever is on this machine may ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import grpc

from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.wire.messages import CLASSES, PACKAGE, Message
from cp_sim.etcd.wire.services import METHODS, Method, serialize
from cp_sim.gateway import etcd_maintenance, etcd_services
from cp_sim.gateway.etcd_watch import WatchStream
from cp_sim.gateway.member import Member, Unreachable
from cp_sim.gateway.threads import CallThreads
from cp_sim.gateway.turn import share

GRACE_S = 0.2  # how long calls in progress may take when the server stops
# What gRPC lets through beyond the store's own limit, so that the store can say itself that a request is too large.
# Source: etcd `server/etcdserver/api/v3rpc/grpc.go`, grpcOverheadBytes.
OVERHEAD_BYTES = 512 * 1024


class EtcdServer:
    """The servers of a cluster's store; ends with `stop()` or at the end of a `with` block.

    `endpoint` is the first member's address for `etcdctl --endpoints`, `endpoints` has one for each member.
    """

    def __init__(self, members: list[Member], port: int, host: str) -> None:
        self.members = members
        self._servers: list[Any] = []
        try:
            for place, member in enumerate(members):
                self._serve(member, port + place if port else 0, host)
        except BaseException:
            self.stop()
            raise

    def _serve(self, member: Member, port: int, host: str) -> None:
        options = (
            ("grpc.max_receive_message_length", etcd_services.REQUEST_LIMIT_BYTES + OVERHEAD_BYTES),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        )
        server = grpc.server(CallThreads(), options=options)
        for service, methods in _handlers(member).items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        try:
            bound = server.add_insecure_port(f"{host}:{port}")
        except RuntimeError:
            bound = 0
        if not bound:
            raise ValueError(f"port {port} of {host} is taken: choose another one, or port=0 for any that is free")
        server.start()
        self._servers.append(server)
        member.served[member.name] = f"http://{host}:{bound}"

    @property
    def endpoints(self) -> list[str]:
        """host:port of every member."""
        return [member.served[member.name].removeprefix("http://") for member in self.members]

    @property
    def endpoint(self) -> str:
        """host:port of the first member."""
        return self.endpoints[0]

    @property
    def command(self) -> str:
        """A line for a terminal that shows the cluster's keys."""
        endpoints = ",".join(self.endpoints)
        return f"ETCDCTL_API=3 etcdctl --endpoints {endpoints} get /registry --prefix --keys-only"

    def stop(self) -> None:
        """Hang up and give the ports back."""
        for stopping in [server.stop(GRACE_S) for server in self._servers]:
            stopping.wait()
        self._servers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def __repr__(self) -> str:
        if not self._servers:
            return "<the store's server, stopped>"
        return f"the store listens on {', '.join(self.endpoints)}; try\n{self.command}"


def serve(cluster: Any, port: int = 2379, host: str = "127.0.0.1") -> EtcdServer:
    """Serve the store of `cluster`; see `Cluster.serve_etcd`.

    Raises:
        ValueError: the port is taken, or the cluster's store is a real etcd.
    """
    turn = share(cluster)
    served: dict[str, str] = {}
    with turn:
        return EtcdServer([Member(cluster, name, turn, served) for name in member_names(cluster)], port, host)


def member_names(cluster: Any) -> list[str]:
    """The members of the cluster's store, in order.

    Raises:
        ValueError: the store is a real etcd.
    """
    if not cluster.members:
        raise ValueError("this cluster keeps its objects in a real etcd: point etcdctl to that one")
    return list(cluster.members)


# -- from methods to functions ---------------------------------------------------------------------------------------


def _handlers(member: Member) -> dict[str, dict[str, Any]]:
    """For every service the handlers of its methods; what is not there is answered as unimplemented by gRPC."""
    services: dict[str, dict[str, Any]] = {}
    for method in METHODS:
        behaviour = _behaviour(method, member)
        if behaviour is None:
            continue
        kinds = {False: "unary", True: "stream"}
        make_handler = getattr(
            grpc, f"{kinds[method.request_streams]}_{kinds[method.response_streams]}_rpc_method_handler"
        )
        services.setdefault(f"{PACKAGE}.{method.service}", {})[method.name] = make_handler(
            behaviour, request_deserializer=CLASSES[method.request].FromString, response_serializer=serialize
        )
    return services


def _behaviour(method: Method, member: Member) -> Callable[[Any, Any], Any] | None:
    if method.name == "Watch":
        return lambda requests, context: _told(context, lambda: _watch(member, requests, context))
    if method.name == "LeaseKeepAlive":
        return lambda requests, context: _told(context, lambda: etcd_services.lease_keep_alive(member, requests))
    if method.name == "Snapshot":
        return lambda message, context: _told(context, lambda: etcd_maintenance.snapshot(member, message))
    function = {**etcd_services.UNARY, **etcd_maintenance.UNARY}.get(method.name)
    if function is None:
        return None
    return lambda message, context: _answered(context, lambda: function(member, message))


def _watch(member: Member, requests: Iterator[Message], context: Any) -> Iterator[Message]:
    with member.turn:
        stream = WatchStream(member, requests)
    context.add_callback(stream.close)
    return stream.responses()


def _answered(context: Any, ask: Callable[[], Message]) -> Message:
    try:
        return ask()
    except EtcdError as refused:
        _abort(context, refused.code, refused.text)
    except Unreachable as down:
        _abort(context, "UNAVAILABLE", str(down))


def _told(context: Any, ask: Callable[[], Iterator[Message]]) -> Iterator[Message]:
    try:
        yield from ask()
    except EtcdError as refused:
        _abort(context, refused.code, refused.text)
    except Unreachable as down:
        _abort(context, "UNAVAILABLE", str(down))


def _abort(context: Any, code: str, text: str) -> None:
    context.abort(grpc.StatusCode[code], text)
