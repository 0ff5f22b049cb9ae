"""Custom resources: what their definition's schema says about an object.

*In Kubernetes:* `k8s.io/apiextensions-apiserver/pkg/apiserver/schema`: pruning of unknown fields, defaulting,
validation. *Simplified:* the rules in CEL (`x-kubernetes-validations`) are not evaluated.
"""

from __future__ import annotations

import json
import re
from typing import Any

from cp_sim.apiserver import golang
from cp_sim.objects import strict
from cp_sim.objects.causes import Cause
from cp_sim.objects.kinds import Kind
from cp_sim.sim.clock import parse_timestamp

Schema = dict[str, Any]
_TOP = ("apiVersion", "kind", "metadata")


def schema_of(server: Any, kind: Kind) -> Schema | None:
    """The schema of a custom kind in the version asked for, None if there is none."""
    definition = server.catalog.definitions.get(f"{kind.plural}.{kind.group}")
    versions = definition["spec"]["versions"] if definition is not None else []
    version: dict[str, Any] = next((one for one in versions if one["name"] == kind.version), {})
    found: Schema | None = (version.get("schema") or {}).get("openAPIV3Schema")
    return found


def decode(server: Any, kind: Kind, value: dict[str, Any]) -> strict.Decoded:
    """The object without unknown fields and with defaults, and complaints about what was dropped."""
    schema = schema_of(server, kind)
    if schema is None:
        return strict.Decoded(value)
    problems: list[str] = []
    made = {
        key: inner if key in _TOP else _pruned((schema.get("properties") or {}).get(key), inner, key, problems)
        for key, inner in value.items()
        if key in _TOP or _known(schema, key, key, problems)
    }
    made = defaulted(schema, made, top=True)
    return strict.Decoded(made, tuple(sorted(problems)))


def _known(schema: Schema, key: str, path: str, problems: list[str]) -> bool:
    if key in (schema.get("properties") or {}) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return True
    problems.append(f'unknown field "{path}"')
    return False


def _pruned(schema: Any, value: Any, path: str, problems: list[str]) -> Any:
    """The value without fields that its schema does not know."""
    if not isinstance(schema, dict):
        return value
    if isinstance(value, list):
        return [_pruned(schema.get("items"), item, f"{path}[{place}]", problems) for place, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    properties = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    keep = schema.get("x-kubernetes-preserve-unknown-fields")
    made = {}
    for key, inner in value.items():
        here = f"{path}.{key}"
        if key in properties:
            made[key] = _pruned(properties[key], inner, here, problems)
        elif extra or keep:
            made[key] = _pruned(extra, inner, here, problems)
        elif schema.get("x-kubernetes-embedded-resource") and key in _TOP:
            made[key] = inner
        else:
            problems.append(f'unknown field "{here}"')
    return made


def defaulted(schema: Schema, value: Any, top: bool = False) -> Any:
    """The value with defaults; a null that is not allowed counts as absent where there is a default."""
    if isinstance(value, list):
        items = schema.get("items")
        return [defaulted(items, item) for item in value] if isinstance(items, dict) else value
    if not isinstance(value, dict):
        return value
    made = dict(value)
    for key, inner in (schema.get("properties") or {}).items():
        if top and key in _TOP:
            continue
        if key in made and made[key] is None and not inner.get("nullable") and "default" in inner:
            del made[key]
        if key not in made and "default" in inner:
            made[key] = inner["default"]
        if key in made:
            made[key] = defaulted(inner, made[key])
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        for key in made:
            if key not in (schema.get("properties") or {}):
                made[key] = defaulted(extra, made[key])
    return made


# -- validation ------------------------------------------------------------------------------------------------------

_BLOCKING = (
    "FieldValueRequired",
    "FieldValueTypeInvalid",
    "FieldValueNotSupported",
    "FieldValueTooMany",
    "FieldValueTooLong",
)
UNCHECKED = (
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def faults(server: Any, kind: Kind, obj: dict[str, Any]) -> list[Cause]:
    """What is wrong with a custom object."""
    schema = schema_of(server, kind)
    if schema is None:
        return []
    found: list[Cause] = []
    _required(schema, obj, "", found)
    for key in schema.get("properties") or {}:
        if key not in _TOP and key in obj:
            _check(schema["properties"][key], obj[key], key, found)
    if found and _has_rules(schema) and any(cause.reason in _BLOCKING for cause in found):
        found.append(Cause("<nil>", "FieldValueInvalid", UNCHECKED))
    return found


def _has_rules(schema: Any) -> bool:
    if isinstance(schema, dict):
        return "x-kubernetes-validations" in schema or any(_has_rules(inner) for inner in schema.values())
    return isinstance(schema, list) and any(_has_rules(inner) for inner in schema)


def _required(schema: Schema, value: dict[str, Any], path: str, out: list[Cause]) -> None:
    for key in schema.get("required") or ():
        if key not in value:
            out.append(Cause(f"{path}.{key}" if path else key, "FieldValueRequired", "Required value"))


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _fits(type_: str, value: Any) -> bool:
    name = _type_name(value)
    if type_ == "number":
        return name in ("number", "integer")
    if type_ == "integer":
        return name == "integer" or (name == "number" and float(value).is_integer())
    return name == type_


def _check(schema: Schema, value: Any, path: str, out: list[Cause]) -> None:
    if value is None and schema.get("nullable"):
        return
    type_ = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        if _type_name(value) not in ("integer", "string"):
            out.append(_wrong_type(path, "integer,string", value))
        return
    if type_ and not _fits(type_, value):
        out.append(_wrong_type(path, type_, value))
        return
    if isinstance(value, str):
        _check_text(schema, value, path, out)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_number(schema, value, path, out)
    elif isinstance(value, list):
        _check_list(schema, value, path, out)
    elif isinstance(value, dict):
        _check_object(schema, value, path, out)
    if "enum" in schema and value not in schema["enum"]:
        listed = ", ".join(json.dumps(one) for one in schema["enum"])
        out.append(
            Cause(path, "FieldValueNotSupported", f"Unsupported value: {json.dumps(value)}: supported values: {listed}")
        )


def _wrong_type(path: str, type_: str, value: Any) -> Cause:
    name = json.dumps(_type_name(value))
    return Cause(
        path, "FieldValueTypeInvalid", f"Invalid value: {name}: {path} in body must be of type {type_}: {name}"
    )


def _invalid(path: str, value: Any, text: str) -> Cause:
    return Cause(path, "FieldValueInvalid", f"Invalid value: {_shown(value)}: {path} in body {text}")


def _shown(value: Any) -> str:
    return golang.quoted(value) if isinstance(value, str) else golang.compact(value)


def _check_text(schema: Schema, value: str, path: str, out: list[Cause]) -> None:
    most, least = schema.get("maxLength"), schema.get("minLength")
    if most is not None and len(value) > most:
        out.append(Cause(path, "FieldValueTooLong", f"Too long: may not be more than {most} bytes"))
    if least is not None and len(value) < least:
        out.append(_invalid(path, value, f"should be at least {least} chars long"))
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, value):
        out.append(_invalid(path, value, f"should match '{pattern}'"))
    if schema.get("format") == "date-time":
        try:
            parse_timestamp(value)
        except ValueError:
            text = f"Invalid value: {_shown(value)}: {path} in body must be of type date-time: {_shown(value)}"
            out.append(Cause(path, "FieldValueTypeInvalid", text))


def _check_number(schema: Schema, value: float, path: str, out: list[Cause]) -> None:
    most, least = schema.get("maximum"), schema.get("minimum")
    if most is not None and (value >= most if schema.get("exclusiveMaximum") else value > most):
        how = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        out.append(_invalid(path, value, f"should be {how} {most}"))
    if least is not None and (value <= least if schema.get("exclusiveMinimum") else value < least):
        how = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        out.append(_invalid(path, value, f"should be {how} {least}"))
    if schema.get("multipleOf") and value % schema["multipleOf"]:
        out.append(_invalid(path, value, f"should be a multiple of {schema['multipleOf']}"))


def _check_list(schema: Schema, value: list[Any], path: str, out: list[Cause]) -> None:
    most, least = schema.get("maxItems"), schema.get("minItems")
    if most is not None and len(value) > most:
        out.append(Cause(path, "FieldValueTooMany", f"Too many: {len(value)}: must have at most {most} items"))
    if least is not None and len(value) < least:
        out.append(_invalid(path, len(value), f"should have at least {least} items"))
    for place, item in enumerate(value):
        _check(schema.get("items") or {}, item, f"{path}[{place}]", out)
    _check_unique(schema, value, path, out)


def _check_unique(schema: Schema, value: list[Any], path: str, out: list[Cause]) -> None:
    how = schema.get("x-kubernetes-list-type")
    if how not in ("set", "map"):
        return
    seen = []
    for place, item in enumerate(value):
        if how == "map":
            keys = schema.get("x-kubernetes-list-map-keys") or ()
            item = {key: item[key] for key in keys if key in item} if isinstance(item, dict) else item
        if item in seen:
            out.append(Cause(f"{path}[{place}]", "FieldValueDuplicate", f"Duplicate value: {_shown(item)}"))
        seen.append(item)


def _check_object(schema: Schema, value: dict[str, Any], path: str, out: list[Cause]) -> None:
    _required(schema, value, path, out)
    properties = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    for key, inner in value.items():
        if key in properties:
            _check(properties[key], inner, f"{path}.{key}", out)
        elif isinstance(extra, dict):
            _check(extra, inner, f"{path}.{key}", out)
