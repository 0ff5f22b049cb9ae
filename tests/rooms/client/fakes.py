"""A server in forty lines for the tests of this room: it keeps objects, answers calls, feeds watches."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Request, Response, StopWatch, WatchChange
from cp_sim.objects import edit, meta
from cp_sim.sim import Actor, Chance, Clock, Loop, Trace


class FakeServer(Actor):
    """Answers create, update, patch, delete, list and watch for one flat set of objects."""

    def __init__(self) -> None:
        super().__init__("kube-apiserver")
        self.objects: dict[str, Any] = {}
        self.revision = 10
        self.calls: list[str] = []
        self.watchers: dict[tuple[str, int], str] = {}
        self.refuse: dict[str, int] = {}  # "verb name" -> status
        self.gone_below = 0

    def receive(self, message: Any) -> None:
        if isinstance(message, StopWatch):
            self.watchers.pop((message.reply_to, message.token), None)
            return
        assert isinstance(message, Request)
        call = message.call
        name = call.name or (meta.name(call.body) if call.body else "")
        self.calls.append(f"{call.verb} {name}".strip())
        status = self.refuse.pop(f"{call.verb} {name}".strip(), 0)
        body: Any = {"kind": "Status", "code": status, "message": "refused"} if status else None
        if not status:
            status, body = 200, getattr(self, f"on_{call.verb}")(call, message)
        watching = call.verb == "watch" and status == 200
        self.loop.send(message.reply_to, Response(message.token, status, body, {}, watching))

    def on_list(self, call: Any, _: Request) -> Any:
        items = [obj for obj in self.objects.values() if obj["kind"] == "ConfigMap"]
        return {"items": items, "metadata": {"resourceVersion": str(self.revision)}}

    def on_watch(self, call: Any, message: Request) -> Any:
        self.watchers[message.reply_to, message.token] = call.resource

    def on_create(self, call: Any, _: Request) -> Any:
        return self.write("ADDED", edit.put(call.body, "metadata.uid", f"uid-{self.revision}"))

    def on_update(self, call: Any, _: Request) -> Any:
        return self.write("MODIFIED", call.body)

    def on_patch(self, call: Any, _: Request) -> Any:
        return self.write("MODIFIED", edit.merge(self.objects[f"{call.namespace}/{call.name}"], call.body))

    def on_delete(self, call: Any, _: Request) -> Any:
        return self.write("DELETED", self.objects.pop(f"{call.namespace}/{call.name}"))

    def write(self, change: str, obj: Any) -> Any:
        self.revision += 1
        obj = edit.put(obj, "metadata.resourceVersion", str(self.revision))
        if change != "DELETED":
            self.objects[meta.key(obj)] = obj
        if obj["kind"] == "ConfigMap":
            for receiver, token in self.watchers:
                self.loop.send(receiver, WatchChange(token, change, obj))
        return obj


def new_world() -> tuple[Loop, FakeServer]:
    loop = Loop(Clock(), Chance(1), Trace())
    server = FakeServer()
    loop.add(server)
    return loop, server


def config_map(name: str, **data: str) -> Any:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "data": data,
    }
