"""Manifests as people write them: YAML or JSON text with one or more documents, read into objects.

*In Kubernetes:* kubectl's `resource.Builder` over sigs.k8s.io/yaml.  Booleans are those of YAML 1.1 as that library reads them
(`yes`, `on`, and a bare `y` too); numbers and dates are what JSON knows: a date stays text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import yaml

Object = dict[str, Any]


class ManifestError(ValueError):
    """A manifest that cannot be read; one sentence that names document and line."""


class _Loader(yaml.SafeLoader):
    """YAML as sigs.k8s.io/yaml reads it."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:y|Y|n|N)$"), list("yYnN"))
_Loader.bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Object:
    """A mapping with text keys and no key twice."""
    loader.flatten_mapping(node)
    result: Object = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            key = json.dumps(key) if isinstance(key, bool | int | float) else str(key)
        if key in result:
            raise yaml.constructor.ConstructorError(None, None, f'key "{key}" already set in map', key_node.start_mark)
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_manifests(manifest: str | Object | Iterable[Object]) -> list[Object]:
    """The objects of a manifest: text, one object, or several; lists of kind `List` are taken apart.

    Empty documents are skipped.  What is given as dicts is taken as it is.

    Raises:
        ManifestError: the text cannot be read, or a document is no object with apiVersion and kind.
    """
    if isinstance(manifest, str):
        documents = read_documents(manifest)
    elif isinstance(manifest, dict):
        documents = [manifest]
    else:
        documents = list(manifest)
    objects = [obj for place, document in enumerate(documents, 1) for obj in _flattened(document, place)]
    if not objects:
        raise ManifestError("there is no object in it: a manifest has at least apiVersion, kind and metadata.name")
    return objects


def read_documents(text: str) -> list[Any]:
    """The documents of YAML or JSON text, empty ones left out.

    Raises:
        ManifestError: the text cannot be read.
    """
    documents = []
    try:
        for document in yaml.load_all(text, Loader=_Loader):  # noqa: S506 (a SafeLoader)
            if document is not None:
                documents.append(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}" if mark else "somewhere"
        raise ManifestError(
            f"document {len(documents) + 1} cannot be read: {line}: {error.problem or error.context}"
        ) from error
    except yaml.YAMLError as error:
        raise ManifestError(f"document {len(documents) + 1} cannot be read: {error}") from error
    return documents


def _flattened(document: Any, place: int) -> list[Object]:
    if not isinstance(document, dict):
        what = "a list" if isinstance(document, list) else repr(document)
        raise ManifestError(f"document {place} is {what}, not an object with apiVersion, kind and metadata")
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str) or not document[field]:
            raise ManifestError(f"document {place} has no {field}; add it, for example {_EXAMPLE[field]}")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        return [obj for item in document["items"] for obj in _flattened(item, place)]
    return [document]


_EXAMPLE = {"apiVersion": '"apiVersion: v1"', "kind": '"kind: Pod"'}
