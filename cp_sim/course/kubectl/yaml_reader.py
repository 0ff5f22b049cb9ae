"""YAML as kubectl reads it: every document becomes JSON, with YAML 1.1's idea of what is a boolean.

Sources: sigs.k8s.io/yaml, gopkg.in/yaml.v2 (resolve.go, yaml.go `fail`), k8s.io/apimachinery/pkg/util/yaml/decoder.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# How the parser written in Python says what the one written in C (and Go's, its twin) says otherwise.
_TRANSLATED = (
    (r"mapping values are not allowed here", "mapping values are not allowed in this context"),
    (r"found character '.*' that cannot start any token", "found character that cannot start any token"),
    (r"expected ',' or ('.'), but got .*", "did not find expected ',' or {0}"),
    (r"expected the node content, but found .*", "did not find expected node content"),
    (r"expected '<document start>', but found .*", "did not find expected <document start>"),
    (r"found undefined alias '(.*)'", "unknown anchor '{0}' referenced"),
)


class YamlError(ValueError):
    """The text is no YAML; the message is Go's."""


class _Loader(_Base):  # type: ignore[misc]
    """Scalars as yaml.v2 resolves them: `y` and `on` are booleans, times and `1:30` are text."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$", "yYnNtTfFoO"),
    ("null", r"(?:~|null|Null|NULL|)$", "~nN"),
    ("int", r"(?:[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("merge", r"<<$", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), [*_first, *([""] if _tag == "null" else [])]
    )


def _construct_bool(loader: Any, node: Any) -> bool:
    return str(loader.construct_scalar(node)).lower() in ("y", "yes", "true", "on")


def _construct_int(loader: Any, node: Any) -> int | str:
    text = str(loader.construct_scalar(node)).replace("_", "")
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
    if digits.startswith("0") and len(digits) > 1 and digits[1] in "01234567":
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _construct_float(loader: Any, node: Any) -> float:
    return float(str(loader.construct_scalar(node)).replace("_", ""))


_Loader.add_constructor("tag:yaml.org,2002:bool", _construct_bool)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)


def documents(text: str) -> Iterator[Any]:
    """The documents of a stream one by one, as JSON values; empty ones come as None.

    Raises:
        YamlError: one of them cannot be read; those before it have been given out.
    """
    if text.lstrip().startswith("{"):
        yield from _json(text)
        return
    for part in re.split(r"^---.*\n?", text, flags=re.MULTILINE) if "---" in text else [text]:
        yield read(part)


def read(text: str) -> Any:
    """One document as a JSON value.

    Raises:
        YamlError: it cannot be read.
    """
    try:
        return _as_json(yaml.load(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        raise YamlError(_go_message(error)) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise YamlError(f"yaml: {str(error).splitlines()[0]}") from None


def _json(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    rest = text.strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            yield read(rest)
            return
        yield value
        rest = rest[end:].strip()
        rest = rest.removeprefix("---").strip()


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _as_json(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_as_json(entry) for entry in value]
    return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)


def _go_message(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "the text cannot be read"
    if problem.startswith("expected <block end>"):
        problem = (
            "did not find expected '-' indicator"
            if "sequence" in (error.context or "")
            else "did not find expected key"
        )
    for pattern, said in _TRANSLATED:
        match = re.fullmatch(pattern, problem)
        if match:
            problem = said.format(*match.groups())
    of_scanner = isinstance(error, yaml.scanner.ScannerError)
    for mark in (error.context_mark, error.problem_mark):
        if mark is not None and mark.line:
            return f"yaml: line {mark.line + of_scanner}: {problem}"
    return f"yaml: {problem}"
