"""Server-side apply: the caller says what it wants of an object, and owns just that.

*In Kubernetes:* `applyPatcher` in `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.
"""

from __future__ import annotations

from typing import Any

import yaml

from cp_sim.apiserver import decoding, errors, forms, tracking
from cp_sim.apiserver.managed import manager, values
from cp_sim.apiserver.verbs import create, guaranteed, patch, update
from cp_sim.apiserver.work import Work
from cp_sim.etcd.store import StoreAnswer


def start(server: Any, work: Work) -> Any:
    """Read the configuration, then try."""
    text = work.call.body
    work.state = parsed(text) if isinstance(text, str) else text
    return guaranteed.begin(server, work, Handler)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Go on with what the store says."""
    if work.state == "put":
        return create.proceed(server, work, answer)
    return guaranteed.proceed(server, work, Handler, answer)


class _Yaml11(yaml.SafeLoader):
    """YAML as Go's parser of Kubernetes reads it: `y` and `n` are booleans too, times stay text."""


_Yaml11.yaml_implicit_resolvers = {
    key: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _boolean_letters() -> None:
    import re

    pattern = re.compile(r"^(?:y|Y|n|N)$")
    for letter in "yYnN":
        resolvers = list(_Yaml11.yaml_implicit_resolvers.get(letter, []))
        _Yaml11.yaml_implicit_resolvers[letter] = [("tag:yaml.org,2002:bool", pattern), *resolvers]
    _Yaml11.bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


_boolean_letters()


def json_like(value: Any) -> Any:
    """A YAML value as JSON: keys become text."""
    if isinstance(value, dict):
        return {key_text(key): json_like(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [json_like(inner) for inner in value]
    return value


def key_text(key: Any) -> str:
    """A key as text."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


def parsed(text: str) -> dict[str, Any]:
    """The configuration as a JSON object.

    Raises:
        ApiError: 400.
    """
    try:
        value = json_like(yaml.load(text, Loader=_Yaml11))
    except yaml.YAMLError as error:
        why = f"error converting YAML to JSON: {decoding.yaml_error(error)}"
        raise errors.bad_request(f"error decoding YAML: {why}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        from cp_sim.apiserver import golang

        kind = golang.json_type(value)
        why = (
            f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type "
            "map[string]interface {}"
        )
        raise errors.bad_request(f"error decoding YAML: {why}")
    return value


def transform(server: Any, work: Work, current: dict[str, Any]) -> Any:
    """The live object with the configuration laid over it."""
    kind = work.kind
    assert kind is not None
    made = applied(server, work, current)
    patch.check_name(work, made)
    return update.replace(server, work, forms.with_defaults(kind, made), current, tracked=True)


def applied(server: Any, work: Work, live: dict[str, Any]) -> dict[str, Any]:
    """What comes of the configuration, with its owners.

    Raises:
        ApiError: 400, 409 or 500 with the real texts.
    """
    kind, config = work.kind, work.state
    assert kind is not None
    shape = tracking.shape_of(server, kind)
    check_type(kind, config)
    if (config.get("metadata") or {}).get("managedFields") is not None:
        raise errors.bad_request("metadata.managedFields must be nil")
    faults = values.faults(shape, config)
    if faults:
        raise errors.internal(f"failed to create typed patch object ({called(config)}): {listed(faults)}")
    writer = tracking.writer(server, work, "Apply")
    force = decoding.is_true(work.call.options.get("force"))
    made = manager.apply(shape, without_own(live), config, writer, force)
    return patch.understood(server, work, made)


def without_own(live: dict[str, Any]) -> dict[str, Any]:
    """The live object; its resourceVersion is not the configuration's business."""
    return live


def check_type(kind: Any, config: dict[str, Any]) -> None:
    """Whether the configuration is of the kind on the URL.

    Raises:
        ApiError: 400.
    """
    given, version = config.get("kind") or "", config.get("apiVersion") or ""
    if given != kind.kind or version != kind.api_version:
        raise errors.bad_request(f"invalid object type: {type_text(version, given)}")


def type_text(api_version: str, kind: str) -> str:
    """A group, version and kind as Go prints it: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`."""
    return f"{api_version if '/' in api_version else '/' + api_version}, Kind={kind}"


def called(config: dict[str, Any]) -> str:
    """How errors name the configuration."""
    metadata = config.get("metadata") or {}
    name = f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"
    return f"{name}; {type_text(config.get('apiVersion', ''), config.get('kind', ''))}"


def listed(faults: list[str]) -> str:
    """One fault, or several in lines."""
    if len(faults) == 1:
        return faults[0]
    return "errors:\n" + "\n".join(f"  {fault}" for fault in faults)


class Handler:
    """How an apply goes on."""

    transform = staticmethod(transform)
    written = staticmethod(update.written)
    removed = staticmethod(update.removed)

    @staticmethod
    def missing(server: Any, work: Work) -> Any:
        """An apply creates what is not there."""
        kind, call = work.kind, work.call
        assert kind is not None
        if call.subresource:
            raise errors.not_found(kind.plural, kind.group, call.name)
        made = applied(server, work, tracking.blank(kind))
        patch.check_name(work, {**made, "metadata": {"namespace": call.namespace, **made["metadata"]}})
        if made["metadata"].get("uid"):
            uid = made["metadata"]["uid"]
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise errors.conflict(kind.plural, kind.group, call.name, why)
        return create.launch(server, work, made, tracked=True)
