"""The methods of etcd's services, and a client that calls them over a gRPC channel."""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.wire.messages import CLASSES, PACKAGE
from cp_sim.etcd.wire.table import SERVICES
from cp_sim.sim import immutable


@immutable
class Method:
    """A method of a service; `path` is what gRPC calls it."""

    service: str
    name: str
    request: str
    response: str
    request_streams: bool
    response_streams: bool

    @property
    def path(self) -> str:
        """The method as it stands in the request: `/etcdserverpb.KV/Range`."""
        return f"/{PACKAGE}.{self.service}/{self.name}"


def _read() -> tuple[Method, ...]:
    methods = []
    for line in filter(None, SERVICES.splitlines()):
        service, _, rest = line.partition(":")
        name, request, response = rest.split()
        streams = request.startswith("*"), response.startswith("*")
        methods.append(Method(service, name, request.lstrip("*"), response.lstrip("*"), *streams))
    return tuple(methods)


METHODS: tuple[Method, ...] = _read()


def serialize(message: Any) -> bytes:
    """A message as it travels."""
    data: bytes = message.SerializeToString()
    return data


class Client:
    """All methods of etcd's services by name: `Client(channel).Range(message, timeout=5)`.

    `channel` is a `grpc.Channel`; what a method takes and returns is what gRPC's own callables do.
    """

    def __init__(self, channel: Any) -> None:
        for method in METHODS:
            kinds = {False: "unary", True: "stream"}
            open_ = getattr(channel, f"{kinds[method.request_streams]}_{kinds[method.response_streams]}")
            call = open_(
                method.path,
                request_serializer=serialize,
                response_deserializer=CLASSES[method.response].FromString,
            )
            setattr(self, method.name, call)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"etcd has no method {name}; there are {', '.join(method.name for method in METHODS)}")
