"""Pods of one template: what the gates make of a pod follows from its body, but for its name and what is drawn for it.

A controller creates a thousand pods that differ in their names. What decoding, defaults, admission, strategy and
validation made of the first of them is kept as a mould, and the others are cast in it: only name, uid, time and the
name of the token volume are their own, and are drawn in the same order. A mould holds as long as nothing has changed
that its plugins read (`Plugin.reads`); a plugin that does not say what it reads leaves no moulds.

*In Kubernetes:* every pod goes all of the way.
"""

from __future__ import annotations

import marshal
from typing import Any

from cp_sim.apiserver import forms
from cp_sim.apiserver.admission.service_account import VOLUME_PREFIX, mount_of, volume_of
from cp_sim.apiserver.passage import Gate
from cp_sim.apiserver.work import Work
from cp_sim.objects.kinds import Kind
from cp_sim.sim import immutable

Object = dict[str, Any]
LIMIT = 256


@immutable
class Mould:
    """`pod` is the first pod of its kind as it was stored, `gates` what it met between authorization and the store;
    `token` the name of the volume that it was given, empty if none.
    """

    pod: Object
    gates: tuple[Gate, ...]
    token: str


class Moulds:
    """The moulds of one API server, by the bodies of pods without their names and the state of what was read."""

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], Mould] = {}

    def forget(self) -> None:
        """What was read has been read anew."""
        self._found.clear()

    def key_of(self, server: Any, work: Work) -> tuple[Any, ...] | None:
        """Which mould a request to create needs; None for whatever is not to be cast."""
        call, body = work.call, work.call.body
        if work.kind is None or work.kind.storage != "pods" or call.options or work.outside is not None:
            return None
        metadata = body.get("metadata")
        if type(metadata) is not dict or type(metadata.get("name", "")) is not str:
            return None
        try:
            # Equal bytes are equal values: only types, lengths and contents stand in this version of the form.
            text = marshal.dumps({**body, "metadata": {**metadata, "name": ""}}, 2)
        except ValueError:  # something in it is not of JSON
            return None
        found: list[Any] = [call.namespace, bool(metadata.get("name")), text]
        for plugin in server.plugins:
            if plugin.resources and "pods" not in plugin.resources:
                continue
            if plugin.reads is None:
                return None
            for resource in plugin.reads:
                cache = server.caches.get(resource)
                found.append(cache.changes if cache is not None else -1)
        return tuple(found)

    def keep(self, key: tuple[Any, ...], work: Work, gates: tuple[Gate, ...]) -> None:
        """Let the pod that is about to be stored be a mould, unless it has more of its own than can be cast."""
        pod = work.object
        spec = pod["spec"]
        if work.pending is not None or work.warnings or spec.get("nodeName") or "conditions" in pod["status"]:
            return
        volumes: list[Object] = spec.get("volumes") or []
        if any("ephemeral" in volume for volume in volumes):  # claims take the pod's name
            return
        given = ((work.call.body.get("spec") or {}).get("volumes")) or ()
        drawn = len(volumes) > len(given) and volumes[-1]["name"].startswith(VOLUME_PREFIX)
        if len(self._found) >= LIMIT:
            self._found.clear()
        self._found[key] = Mould(pod, gates, volumes[-1]["name"] if drawn else "")

    def cast(self, server: Any, work: Work, key: tuple[Any, ...]) -> Object | None:
        """The pod that a request asks for, from its mould; None if there is none.

        Raises:
            ApiError: 422, its name is none.
        """
        mould = self._found.get(key)
        if mould is None:
            return None
        chance, pod = server.loop.chance, mould.pod
        spec = with_token(pod["spec"], mould.token, VOLUME_PREFIX + chance.suffix()) if mould.token else pod["spec"]
        metadata = dict(pod["metadata"])
        metadata["name"] = work.call.body["metadata"].get("name") or forms.generated(metadata["generateName"], chance)
        metadata["uid"] = chance.uid()
        metadata["creationTimestamp"] = server.loop.clock.timestamp()
        made = {**pod, "metadata": metadata, "spec": spec}
        work.gates.extend(mould.gates)
        kind: Kind = work.kind  # type: ignore[assignment]
        forms.check_metadata(kind, made)
        return made


def with_token(spec: Object, before: str, name: str) -> Object:
    """The spec with its token in a volume of another name."""
    mount = mount_of(name)
    made = {**spec, "volumes": [*spec["volumes"][:-1], volume_of(name)]}
    for field in ("initContainers", "containers"):
        if field in made:
            made[field] = [_mounting(container, before, mount) for container in made[field]]
    return made


def _mounting(container: Object, before: str, mount: Object) -> Object:
    mounts = container.get("volumeMounts")
    if not mounts or mounts[-1]["name"] != before:
        return container
    return {**container, "volumeMounts": [*mounts[:-1], mount]}
