"""CustomResourceDefinition versions under the names of the server's internal type, as its sentences show them.

Source: `staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/{types,types_jsonschema}.go`.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

_EMPTY: tuple[tuple[str, str, Any], ...] = (
    ("ID", "id", ""), ("Schema", "$schema", ""), ("Ref", "$ref", None), ("Description", "description", ""),
    ("Type", "type", ""), ("Nullable", "nullable", False), ("Format", "format", ""), ("Title", "title", ""),
    ("Default", "default", None), ("Maximum", "maximum", None), ("ExclusiveMaximum", "exclusiveMaximum", False),
    ("Minimum", "minimum", None), ("ExclusiveMinimum", "exclusiveMinimum", False), ("MaxLength", "maxLength", None),
    ("MinLength", "minLength", None), ("Pattern", "pattern", ""), ("MaxItems", "maxItems", None),
    ("MinItems", "minItems", None), ("UniqueItems", "uniqueItems", False), ("MultipleOf", "multipleOf", None),
    ("Enum", "enum", None), ("MaxProperties", "maxProperties", None), ("MinProperties", "minProperties", None),
    ("Required", "required", None), ("Items", "items", None), ("AllOf", "allOf", None), ("OneOf", "oneOf", None),
    ("AnyOf", "anyOf", None), ("Not", "not", None), ("Properties", "properties", None),
    ("AdditionalProperties", "additionalProperties", None), ("PatternProperties", "patternProperties", None),
    ("Dependencies", "dependencies", None), ("AdditionalItems", "additionalItems", None),
    ("Definitions", "definitions", None), ("ExternalDocs", "externalDocs", None), ("Example", "example", None),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", None),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", False),
    ("XIntOrString", "x-kubernetes-int-or-string", False), ("XListMapKeys", "x-kubernetes-list-map-keys", None),
    ("XListType", "x-kubernetes-list-type", None), ("XMapType", "x-kubernetes-map-type", None),
    ("XValidations", "x-kubernetes-validations", None),
)  # fmt: skip


def schema(given: Object) -> Object:
    """A schema."""
    shown: Object = {}
    for go, field, empty in _EMPTY:
        value = given.get(field, empty)
        if field in ("properties", "patternProperties", "definitions") and value:
            value = {key: schema(value[key]) for key in sorted(value)}
        elif field == "items" and isinstance(value, dict):
            value = {"Schema": schema(value), "JSONSchemas": None}
        elif field in ("additionalProperties", "additionalItems") and value is not None:
            value = {"Allows": bool(value), "Schema": schema(value) if isinstance(value, dict) else None}
        elif field in ("allOf", "anyOf", "oneOf") and value:
            value = [schema(one) for one in value]
        shown[go] = value
    return shown


def version(given: Object, hoisted: Object) -> Object:
    """A version; what all versions share stands elsewhere and is null here."""
    root = (given.get("schema") or {}).get("openAPIV3Schema")
    return {
        "Name": given.get("name", ""),
        "Served": bool(given.get("served")),
        "Storage": bool(given.get("storage")),
        "Deprecated": bool(given.get("deprecated")),
        "DeprecationWarning": given.get("deprecationWarning"),
        "Schema": {"OpenAPIV3Schema": schema(root)} if root and hoisted["schema"] is None else None,
        "Subresources": None,
        "AdditionalPrinterColumns": None,
        "SelectableFields": None,
    }
