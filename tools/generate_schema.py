"""Write the schema data of `cp_sim/objects/data/` from the PyPI package `kubernetes-validate`.

    python tools/generate_schema.py [VERSION]        (VERSION as in the package, e.g. 1.36.0; default 1.36.0)

`schema.json.gz` holds, for every type that can be reached from a kind in `KINDS`, its fields with type, requiredness,
merge keys, list-map keys and list type; `descriptions.json.gz` their descriptions.  What OpenAPI does not tell about
the Go structs (pointers, structs by value, names of string types, order of fields) comes from `tools/go_facts.txt`
and `tools/go_order.txt`, whose heads name their sources.
"""

from __future__ import annotations

import gzip
import importlib.resources
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cp_sim.objects.kinds import KINDS  # noqa: E402

DATA = ROOT / "cp_sim" / "objects" / "data"
OTHER_ROOTS = (
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.policy.v1.Eviction",
    "io.k8s.api.authentication.v1.TokenRequest",
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
)
LEAVES = {
    "Quantity": "quantity",
    "IntOrString": "intstr",
    "Time": "time",
    "MicroTime": "microtime",
    "RawExtension": "any",
    "FieldsV1": "any",
    "JSON": "any",
    "JSONSchemaPropsOrBool": "any",
    "JSONSchemaPropsOrArray": "any",
    "JSONSchemaPropsOrStringArray": "any",
}


def short(name: str) -> str:
    """`io.k8s.api.core.v1.Pod` -> `core.v1.Pod`."""
    return ".".join(name.split(".")[-3:])


def type_of(schema: dict[str, Any], refs: list[str]) -> str:
    """The type of a field as one word: `string`, `int32`, `[]@core.v1.Container`, `{}quantity`; notes what it names."""
    ref = schema.get("$ref")
    if ref is None and "allOf" in schema:
        ref = schema["allOf"][0].get("$ref")
    if ref is not None:
        full = ref.rsplit("/", 1)[1]
        leaf = LEAVES.get(full.rsplit(".", 1)[1])
        if leaf is not None:
            return leaf
        refs.append(full)
        return "@" + short(full)
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else next(one for one in kinds if one != "null")
    if kind == "array":
        return "[]" + type_of(schema["items"], refs)
    if kind == "object":
        inner = schema.get("additionalProperties")
        return "{}" + type_of(inner, refs) if isinstance(inner, dict) else "any"
    if kind == "integer":
        return str(schema.get("format", "int64"))
    if kind == "number":
        return "float"
    if kind == "boolean":
        return "bool"
    return "bytes" if schema.get("format") == "byte" else "string"


def field(schema: dict[str, Any], required: bool, refs: list[str]) -> Any:
    """One field: its type alone, or [type, facts]."""
    facts: dict[str, Any] = {}
    if required:
        facts["required"] = True
    for key, name in (
        ("x-kubernetes-patch-merge-key", "merge_key"),
        ("x-kubernetes-patch-strategy", "strategy"),
        ("x-kubernetes-list-map-keys", "map_keys"),
        ("x-kubernetes-list-type", "list_type"),
        ("x-kubernetes-map-type", "map_type"),
    ):
        if key in schema:
            facts[name] = schema[key]
    enum = [one for one in schema.get("enum", ()) if one is not None]
    if enum:
        facts["enum"] = enum
    name = type_of(schema, refs)
    return [name, facts] if facts else name


def go_facts() -> dict[str, dict[str, str]]:
    """Type -> field -> what `go_facts.txt` says: `*`, `=`, `-` in any combination, or `:Name`."""
    facts: dict[str, dict[str, str]] = {}
    for line in (ROOT / "tools" / "go_facts.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, *words = line.split()
        of_type = facts.setdefault(name, {})
        for word in words:
            found = re.fullmatch(r"([*=-]?)([^:]+?)(?::(\S+))?", word)
            assert found is not None, word
            of_type[found[2]] = of_type.get(found[2], "") + found[1] + (":" + found[3] if found[3] else "")
    return facts


def with_go_facts(fields: dict[str, Any], marks: dict[str, str], name: str) -> None:
    """Add the facts about Go to the fields of one type."""
    for key, mark in marks.items():
        if key not in fields:
            raise SystemExit(f"go_facts.txt: {name} has no field {key}")
        made = fields[key] if isinstance(fields[key], list) else [fields[key], {}]
        sign, _, go_name = mark.partition(":")
        if "*" in sign:
            made[1]["pointer"] = True
        if "=" in sign:
            made[1]["written"] = True
        if "-" in sign:
            made[1].pop("required", None)
        if go_name:
            made[1]["go"] = go_name
        fields[key] = made


def go_order() -> dict[str, list[str]]:
    """Type -> its fields in the order of the Go struct, where `go_order.txt` tells it."""
    lines = (ROOT / "tools" / "go_order.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: fields for name, *fields in rows}


def load(version: str) -> dict[str, Any]:
    """The definitions that the package ships for that version of Kubernetes."""
    base = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema"
    text = (base / f"v{version}-local" / "_definitions.json").read_text()
    definitions: dict[str, Any] = json.loads(text)["$defs"]
    return definitions


def roots(definitions: dict[str, Any]) -> dict[str, str]:
    """`apiVersion/Kind` -> definition, for every kind and every body of a subresource."""
    known = {}
    wanted = {(kind.group, kind.version, kind.kind) for kind in KINDS.values()}
    for name, schema in definitions.items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            group = gvk["group"]
            if (group, gvk["version"], gvk["kind"]) in wanted or name in OTHER_ROOTS:
                if gvk["kind"] == "DeleteOptions" and (group or gvk["version"] != "v1"):
                    continue
                known[f"{group}/{gvk['version']}/{gvk['kind']}".lstrip("/")] = name
    return known


def main(version: str) -> None:
    """Write both files."""
    definitions = load(version)
    starts = roots(definitions)
    queue, types, descriptions = sorted(set(starts.values())), {}, {}
    facts = go_facts()
    while queue:
        full = queue.pop(0)
        name = short(full)
        if name in types:
            continue
        schema = definitions[full]
        required = set(schema.get("required", ()))
        refs: list[str] = []
        fields = {key: field(value, key in required, refs) for key, value in schema.get("properties", {}).items()}
        with_go_facts(fields, facts.pop(name, {}), name)
        types[name] = fields
        texts = {key: value.get("description", "") for key, value in schema.get("properties", {}).items()}
        descriptions[name] = {"": schema.get("description", "")} | texts
        queue += refs
    if facts:
        raise SystemExit(f"go_facts.txt names types that are not there: {sorted(facts)}")
    order = go_order()
    for name, fields_of in order.items():
        unknown = [key for key in fields_of if key not in types.get(name, {})]
        if unknown:
            print(f"go_order.txt: {name} has no {unknown}")
    made = {
        "version": version,
        "roots": {key: short(full) for key, full in sorted(starts.items())},
        "types": types,
        "order": {name: [key for key in fields_of if key in types[name]] for name, fields_of in order.items()},
    }
    DATA.mkdir(exist_ok=True)
    for path, data in (("schema.json.gz", made), ("descriptions.json.gz", descriptions)):
        text = json.dumps(data, separators=(",", ":"), sort_keys=True)
        (DATA / path).write_bytes(gzip.compress(text.encode(), mtime=0))
        print(path, len(text), (DATA / path).stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "1.36.0")
