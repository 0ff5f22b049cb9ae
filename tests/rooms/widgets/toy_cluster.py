"""A toy with the public face of a cluster, so that the desk can be tried without one: it binds pods in turn and
forgets nothing.
"""

from types import SimpleNamespace
from typing import Any

from view_decisions import scheduled
from view_fixtures import CONTROL_PLANE_TAINT, World, node, pod

from cp_sim.apiserver.request import ApiError
from cp_sim.sim import Clock, Trace


class ToyCluster(World):
    def __init__(self, workers: int = 3, pods: int = 3) -> None:
        nodes = [node("control-plane-1", control_plane=True, taints=(CONTROL_PLANE_TAINT,))]
        super().__init__(nodes=nodes + [node(f"worker-{n}") for n in range(1, workers + 1)], pods=[])
        self.trace = Trace()
        self.clock = Clock(0)
        self.revision = 1
        self.etcd = SimpleNamespace(compact_revision=0)
        self.loop = SimpleNamespace(settled=True, pending=list)
        self.history: dict[int, dict[str, list[dict]]] = {}
        self.serial = 0
        self.todo: list[str] = []
        for _ in range(pods):
            self.request("POST", "/api/v1/namespaces/default/pods", body=None)
        self.settle()

    def _write(self, verb: str, subject: str, cause: int | None, actor_evidence: Any = None) -> None:
        self.revision += 1
        self.tell("kube-apiserver", verb, subject, revision=self.revision, cause=cause, evidence=actor_evidence)
        self.history[self.revision] = {kind: list(objects) for kind, objects in self.kinds.items()}

    def at(self, revision: int) -> Any:
        nearest = max((key for key in self.history if key <= revision), default=0)
        past = World(**(self.history[nearest] if nearest else self.kinds))
        past.trace, past.revision, past.time_ms = self.trace, revision, revision
        del past.clock
        return past

    def get(self, what: str, namespace: str = "default") -> Any:
        plural, _, name = what.partition("/")
        if not name:
            return self.kinds.get(what, [])
        found = [one for one in self.kinds.get(plural, []) if one["metadata"]["name"] == name]
        if not found:
            raise ApiError({"code": 404, "reason": "NotFound", "message": f'{plural} "{name}" not found'})
        return found[0]

    def request(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        name = (body or {}).get("metadata", {}).get("name") if body else f"web-7d4b9c6f5-{self.serial:05}"
        if any(one["metadata"]["name"] == name for one in self.kinds["pods"]):
            message = f'pods "{name}" already exists'
            status = {"code": 409, "reason": "AlreadyExists", "message": message, "details": {"name": name}}
            return SimpleNamespace(ok=False, status=409, body=status)
        replicas = (body or {}).get("spec", {}).get("replicas", 1)
        if replicas < 0:
            field = {"field": "spec.replicas", "message": "must be greater than or equal to 0"}
            message = f"Invalid value: {replicas}: must be greater than or equal to 0"
            status = {"code": 422, "reason": "Invalid", "message": message, "details": {"causes": [field]}}
            return SimpleNamespace(ok=False, status=422, body=status)
        self.serial += 1
        root = self.tell("user", method, f"pods/default/{name}")
        made = pod(name, owner="web" if name.startswith("web-7") else "", born=self.serial % 60)
        self.kinds["pods"] = [*self.kinds["pods"], made]
        self._write("create", f"pods/default/{name}", root.id)
        self.todo.append(name)
        return SimpleNamespace(ok=True, status=201, body=made)

    def settle(self) -> "ToyCluster":
        while self.step():
            pass
        return self

    def step(self) -> list[Any]:
        self.clock.now_ms += 5
        if not self.todo:
            return []
        name = self.todo.pop(0)
        first = self.trace.next_id
        workers = [one["metadata"]["name"] for one in self.kinds["nodes"] if not one["spec"].get("taints")]
        where = workers[self.serial_of(name) % len(workers)]
        created = self.trace.about(f"pods/default/{name}")[-1]
        chosen = self.tell("kube-scheduler", "schedule", f"pods/default/{name}", cause=created.id, evidence=scheduled())
        fresh = pod(name, where, owner="web" if name.startswith("web-7") else "")
        self.kinds["pods"] = [fresh if one["metadata"]["name"] == name else one for one in self.kinds["pods"]]
        self._write("create binding", f"pods/default/{name}", chosen.id)
        return self.trace.since(first)

    def serial_of(self, name: str) -> int:
        return sum(map(ord, name))

    def run(self, duration: str) -> None:
        if not duration.endswith("s"):
            raise ValueError(f'{duration!r} is not a duration: write it like "40s"')
        self.clock.now_ms += 1000 * int(duration[:-1])

    def add_node(self, name: str, **more: Any) -> None:
        if any(one["metadata"]["name"] == name for one in self.kinds["nodes"]):
            raise ValueError(f"there is already a node called {name}; choose another name")
        root = self.tell("user", "add_node", f"nodes/{name}")
        self.kinds["nodes"] = [*self.kinds["nodes"], node(name)]
        self._write("create", f"nodes/{name}", root.id)

    def remove_node(self, name: str) -> None:
        self.get(f"nodes/{name}")
        self.kinds["nodes"] = [one for one in self.kinds["nodes"] if one["metadata"]["name"] != name]
        self._write("delete", f"nodes/{name}", None)

    def taint(self, name: str, *taints: str) -> None:
        old = self.get(f"nodes/{name}")
        texts = [f"{one['key']}:{one['effect']}" for one in old["spec"].get("taints", [])]
        for text in taints:
            if text.endswith("-"):
                if text[:-1] not in texts:
                    raise ValueError(f'taint "{text[:-1]}" not found')
                texts.remove(text[:-1])
            elif ":" not in text:
                raise ValueError(f"{text!r} is no taint")
            else:
                texts.append(text)
        fresh = node(name, control_plane=name.startswith("control"), taints=tuple(texts))
        self.kinds["nodes"] = [fresh if one is old else one for one in self.kinds["nodes"]]
        self._write("patch", f"nodes/{name}", self.tell("user", "taint", f"nodes/{name}").id)

    def cordon(self, name: str) -> None:
        old = self.get(f"nodes/{name}")
        fresh = {**old, "spec": {**old["spec"], "unschedulable": True}}
        self.kinds["nodes"] = [fresh if one is old else one for one in self.kinds["nodes"]]

    def delete(self, what: str, namespace: str = "default") -> None:
        gone = self.get(what, namespace)
        root = self.tell("user", "delete", f"pods/default/{gone['metadata']['name']}")
        self.kinds["pods"] = [one for one in self.kinds["pods"] if one is not gone]
        self._write("delete", f"pods/default/{gone['metadata']['name']}", root.id)

    def scale(self, what: str, replicas: int, namespace: str = "default") -> None:
        raise ApiError({"code": 404, "reason": "NotFound", "message": f'{what.partition("/")[0]} "x" not found'})

    def apply(self, text: str) -> Any:
        if "spec.templat" in text:
            raise ApiError(
                {"code": 400, "reason": "BadRequest", "message": 'strict decoding error: unknown field "spec.templat"'}
            )
        raise ValueError("document 1 cannot be read: line 3: mapping values are not allowed here")
