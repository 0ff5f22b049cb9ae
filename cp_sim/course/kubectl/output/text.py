"""Objects as YAML and JSON, byte for byte as kubectl writes them.

Sources: sigs.k8s.io/yaml (keys sorted, lists not indented, lines folded at 80), k8s.io/cli-runtime/pkg/printers.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

# What YAML 1.1 would read as something else than text; Go's writer puts these in double quotes.
_NOT_TEXT = re.compile(
    r"(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|~|null|Null|NULL|"
    r"[-+]?[0-9][0-9_]*|0b[01_]+|[-+]?0x[0-9a-fA-F_]+|0o?[0-7_]+|[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|"
    r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|<<|"
    r"\d{4}-\d\d?-\d\d?(?:[Tt ].*)?)?"
)


class _Writer(yaml.SafeDumper):
    """A writer with Go's rules for quoting."""

    def ignore_aliases(self, data: Any) -> bool:
        """Repeat shared parts instead of naming them."""
        return True


def _write_text(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text and text.strip(" "):
        style = "|"
    elif _NOT_TEXT.fullmatch(text):
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _write_text)
_Writer.yaml_implicit_resolvers = {}


def _write_plain(tag: str) -> Any:
    def write(writer: _Writer, value: Any) -> yaml.ScalarNode:
        shown = {True: "true", False: "false", None: "null"}
        text = shown[value] if value is None or isinstance(value, bool) else number(value)
        return writer.represent_scalar(f"tag:yaml.org,2002:{tag}", text)

    return write


for _type, _tag in ((bool, "bool"), (type(None), "null"), (int, "int"), (float, "float")):
    _Writer.add_representer(_type, _write_plain(_tag))
# Plain scalars stand for themselves: quoting was decided above.
_RESOLVED = (("bool", r"(?:true|false)$", "tf"), ("null", r"null$", "n"), ("int", r"[-+]?[0-9]+$", "-+0123456789"))
for _tag, _pattern, _first in (*_RESOLVED, ("float", r"[-+]?[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?$", "-+0123456789")):
    _Writer.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def number(value: float | int) -> str:
    """A number as Go prints it in JSON."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else repr(value)


def to_yaml(value: Any) -> str:
    """`value` as YAML, ending with a line feed."""
    return str(yaml.dump(value, Dumper=_Writer, default_flow_style=False, sort_keys=True, allow_unicode=True))


def to_json(value: Any, indent: int | None = 4) -> str:
    """`value` as JSON with sorted keys; compact with `indent=None`.  Without a line feed at the end."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, indent=indent, separators=separators, sort_keys=True, ensure_ascii=False)
    # Go's encoder escapes what would be markup in a web page.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
