"""CustomResourceDefinitions.

Source: `staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`.  What all versions
share is judged once under `spec.validation`, `spec.subresources` and `spec.additionalPrinterColumns`, as the server's
internal type has it.  *Simplified:* expressions of the Common Expression Language are not compiled, and of schemas only
types and the form of the root are judged.
"""

from __future__ import annotations

import re
from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Cause, Causes, Internal, invalid, json_text, not_supported, required
from cp_sim.objects.kinds import Kind
from cp_sim.objects.validation import definition_values

Object = dict[str, Any]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_SIMPLE_PATH = re.compile(r"(\.[a-zA-Z_][a-zA-Z0-9_-]*|\[\'[^\']+\'\])+")


def only_name(kind: Kind, obj: Object) -> str:
    """The one name that a definition may have, empty for other kinds."""
    if kind.plural != "customresourcedefinitions":
        return ""
    spec = obj.get("spec") or {}
    return f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"


def definition(obj: Object, causes: Causes) -> None:
    """A CustomResourceDefinition, after its metadata."""
    spec = obj.get("spec") or {}
    versions = spec.get("versions") or []
    _group(spec.get("group", ""), causes)
    scope = spec.get("scope", "")
    if not scope:
        causes.append(required("spec.scope"))
    elif scope not in ("Cluster", "Namespaced"):
        causes.append(not_supported("spec.scope", scope, ("Cluster", "Namespaced")))
    if not any((one.get("schema") or {}).get("openAPIV3Schema") for one in versions):
        for index in range(len(versions)):
            causes.append(required(f"spec.versions[{index}].schema.openAPIV3Schema"))
    if spec.get("preserveUnknownFields"):
        text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        causes.append(invalid("spec.preserveUnknownFields", True, text))
    _versions(versions, causes)
    _names(spec.get("names") or {}, causes)
    if versions:
        shared = {field: _same(versions, field) for field in ("schema", "subresources", "additionalPrinterColumns")}
        _schema_of(shared["schema"], "spec.validation", causes)
        _subresources(shared["subresources"], "spec.subresources", causes)
        _columns(shared["additionalPrinterColumns"], "spec.additionalPrinterColumns", causes)
    _conversion(spec.get("conversion") or {}, causes)
    stored = [one.get("name", "") for one in versions if one.get("storage")]
    if len(stored) > 1:
        text = f"must have the storage version {stored[-1]}"
        causes.append(invalid("status.storedVersions", [stored[0]], text))


def _same(versions: list[Object], field: str) -> Any:
    """What all versions have in that field, None where they differ."""
    first = versions[0].get(field)
    return first if all(one.get(field) == first for one in versions) else None


def _group(group: str, causes: Causes) -> None:
    if not group:
        causes.append(required("spec.group"))
        return
    problems = names.dns_subdomain(group)
    if problems:
        causes.append(invalid("spec.group", group, ",".join(problems)))
    elif "." not in group:
        causes.append(invalid("spec.group", group, "should be a domain with at least one dot"))


def _versions(versions: list[Object], causes: Causes) -> None:
    hoisted = (
        {field: _same(versions, field) for field in ("schema", "subresources", "additionalPrinterColumns")}
        if versions
        else {}
    )
    seen, unique, storage = set(), True, 0
    for index, version in enumerate(versions):
        at, name = f"spec.versions[{index}]", version.get("name", "")
        storage += bool(version.get("storage"))
        unique = unique and name not in seen
        seen.add(name)
        problems = names.dns1035_label(name)
        if problems:
            causes.append(invalid(f"{at}.name", name, ",".join(problems)))
        if hoisted["schema"] is None:
            _schema_of(version.get("schema"), f"{at}.schema", causes)
        if hoisted["subresources"] is None:
            _subresources(version.get("subresources"), f"{at}.subresources", causes)
        if hoisted["additionalPrinterColumns"] is None:
            _columns(version.get("additionalPrinterColumns"), f"{at}.additionalPrinterColumns", causes)
    if not unique or storage != 1:
        shown = Internal(
            json_text([definition_values.version(one, hoisted) for one in versions]) if versions else "null"
        )
        if not unique:
            causes.append(invalid("spec.versions", shown, "must contain unique version names"))
        if storage != 1:
            causes.append(invalid("spec.versions", shown, "must have exactly one version marked as storage version"))
    if versions:
        name = versions[0].get("name", "")
        problems = names.dns1035_label(name)
        if problems:
            causes.append(invalid("spec.version", name, ",".join(problems)))


def _names(given: Object, causes: Causes) -> None:
    for field in ("plural", "singular", "kind", "listKind"):
        if not given.get(field):
            causes.append(required(f"spec.names.{field}"))
    for field, value in (("plural", given.get("plural")), ("singular", given.get("singular"))):
        if value:
            problems = names.dns1035_label(value)
            if problems:
                causes.append(invalid(f"spec.names.{field}", value, ",".join(problems)))
    for field in ("kind", "listKind"):
        value = given.get(field)
        if value:
            problems = names.dns1035_label(value.lower())
            if problems:
                text = "may have mixed case, but should otherwise match: " + ",".join(problems)
                causes.append(invalid(f"spec.names.{field}", value, text))
    for field in ("shortNames", "categories"):
        for index, value in enumerate(given.get(field) or ()):
            problems = names.dns1035_label(value)
            if problems:
                causes.append(invalid(f"spec.names.{field}[{index}]", value, ",".join(problems)))
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        causes.append(invalid("spec.names.listKind", given["listKind"], "kind and listKind may not be the same"))


def _schema_of(holder: Object | None, at: str, causes: Causes) -> None:
    schema = (holder or {}).get("openAPIV3Schema")
    if not schema:
        return
    path = f"{at}.openAPIV3Schema"
    type_ = schema.get("type", "")
    if not type_:
        causes.append(required(f"{path}.type", "must not be empty at the root"))
    elif type_ != "object":
        causes.append(invalid(f"{path}.type", type_, "must be object at the root"))
    _schema(schema, path, causes)


def _schema(schema: Object, at: str, causes: Causes) -> None:
    type_ = schema.get("type", "")
    if type_ and type_ not in _TYPES:
        causes.append(not_supported(f"{at}.type", type_, _TYPES))
    if "default" in schema and type_ in _TYPES:
        _default(schema["default"], type_, f"{at}.default", causes)
    for name, inner in (schema.get("properties") or {}).items():
        if isinstance(inner, dict):
            _schema(inner, f"{at}.properties[{name}]", causes)
    for field in ("items", "additionalProperties"):
        inner = schema.get(field)
        if isinstance(inner, dict):
            _schema(inner, f"{at}.{field}", causes)


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def _default(value: Any, type_: str, at: str, causes: Causes) -> None:
    wrong = (isinstance(value, bool) and type_ != "boolean") or not isinstance(value, _PYTHON_TYPES[type_])
    if wrong:
        found = next(name for name, types in _PYTHON_TYPES.items() if isinstance(value, types))
        text = f'Invalid value: "{found}":  in body must be of type {type_}: "{found}"'
        causes.append(Cause(at, "FieldValueTypeInvalid", text))


def _subresources(given: Object | None, at: str, causes: Causes) -> None:
    scale = (given or {}).get("scale")
    if scale is None:
        return
    for field, head, wanted in (
        ("specReplicasPath", ".spec.", True),
        ("statusReplicasPath", ".status.", True),
        ("labelSelectorPath", "", False),
    ):
        path, value = f"{at}.scale.{field}", scale.get(field)
        if not value:
            if wanted:
                causes.append(required(path))
        elif not _SIMPLE_PATH.fullmatch(value):
            causes.append(invalid(path, value, "must be a simple json path starting with ."))
        elif head and not value.startswith(head):
            causes.append(invalid(path, value, f"should be a json path under {head[:-1]}"))
        elif not head and not value.startswith((".spec.", ".status.")):
            causes.append(invalid(path, value, "should be a json path under either .spec or .status"))


def _columns(given: list[Object] | None, at: str, causes: Causes) -> None:
    for index, column in enumerate(given or ()):
        path = f"{at}[{index}]"
        if not column.get("name"):
            causes.append(required(f"{path}.name"))
        type_ = column.get("type", "")
        supported = ("boolean", "date", "integer", "number", "string")
        if not type_:
            causes.append(required(f"{path}.type", "must be one of boolean,date,integer,number,string"))
        elif type_ not in supported:
            causes.append(invalid(f"{path}.type", type_, "must be one of boolean,date,integer,number,string"))
        value = column.get("jsonPath", "")
        if not value:
            causes.append(required(f"{path}.JSONPath"))
        elif not value.startswith("."):
            causes.append(invalid(f"{path}.JSONPath", value, "must be a simple json path starting with ."))


def _conversion(given: Object, causes: Causes) -> None:
    strategy = given.get("strategy", "")
    if not strategy:
        causes.append(required("spec.conversion.strategy"))
    elif strategy not in ("None", "Webhook"):
        causes.append(not_supported("spec.conversion.strategy", strategy, ("None", "Webhook")))
    elif strategy == "Webhook" and not (given.get("webhook") or {}).get("clientConfig"):
        text = "required when strategy is set to Webhook, but not allowed otherwise"
        causes.append(required("spec.conversion.webhookClientConfig", text))


def definition_update(new: Object, old: Object, causes: Causes) -> None:
    """What of a definition may not change."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    if now.get("group") != before.get("group"):
        causes.append(invalid("spec.group", now.get("group", ""), "field is immutable"))
    if now.get("scope") != before.get("scope"):
        causes.append(invalid("spec.scope", now.get("scope", ""), "field is immutable"))
    for field in ("plural", "kind"):
        value, was = (now.get("names") or {}).get(field), (before.get("names") or {}).get(field)
        if value != was:
            causes.append(invalid(f"spec.names.{field}", value, "field is immutable"))
