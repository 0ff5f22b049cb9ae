"""`metadata` of every kind.

Sources: `staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go`, `ValidateObjectMeta` and
`ValidateObjectMetaUpdate` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, forbidden, invalid, quoted, required, too_long
from cp_sim.objects.kinds import Kind

Object = dict[str, Any]

IMMUTABLE = "field is immutable"
STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
# Kinds that the server takes without a name, and kinds whose finalizers need no domain.
_NAMELESS = frozenset({"limitranges"})
_ANY_FINALIZER = frozenset(
    {
        "events",
        "events.events.k8s.io",
        "poddisruptionbudgets.policy",
        "customresourcedefinitions.apiextensions.k8s.io",
    }
)
_ANNOTATIONS_LIMIT = 256 * 1024
_OWNER_FIELDS = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")


def on_create(kind: Kind, metadata: Object, causes: Causes, only_name: str = "") -> None:
    """What is wrong with the metadata of a new object.  `only_name` is the one name that a CRD may have."""
    fixed = 'must be spec.names.plural+"."+spec.group'
    generate = metadata.get("generateName")
    if generate:
        for problem in names.object_name(kind.name_style, generate, prefix=True):
            causes.append(invalid("metadata.generateName", generate, problem))
        if only_name and generate != only_name:
            causes.append(invalid("metadata.generateName", generate, fixed))
    name = metadata.get("name")
    if not name:
        if kind.resource not in _NAMELESS:
            causes.append(required("metadata.name", "name or generateName is required"))
    else:
        for problem in names.object_name(kind.name_style, name):
            causes.append(invalid("metadata.name", name, problem))
        if only_name and name != only_name:
            causes.append(invalid("metadata.name", name, fixed))
    namespace = metadata.get("namespace")
    if kind.namespaced:
        if not namespace:
            causes.append(required("metadata.namespace"))
        else:
            for problem in names.dns_label(namespace, "characters"):
                causes.append(invalid("metadata.namespace", namespace, problem))
    elif namespace:
        causes.append(forbidden("metadata.namespace", "not allowed on this type"))
    if metadata.get("generation", 0) < 0:
        causes.append(invalid("metadata.generation", metadata["generation"], "must be greater than or equal to 0"))
    shared(metadata, "metadata", causes)
    if "finalizers" in metadata:
        finalizers(metadata["finalizers"], "metadata.finalizers", causes)
        if not kind.custom and kind.resource not in _ANY_FINALIZER:
            for index, finalizer in enumerate(metadata["finalizers"]):
                standard_finalizer(finalizer, f"metadata.finalizers[{index}]", causes)


def shared(metadata: Object, at: str, causes: Causes) -> None:
    """Labels, annotations and owners, which writes and updates check alike."""
    if "labels" in metadata:
        labels(metadata["labels"], f"{at}.labels", causes)
    if "annotations" in metadata:
        annotation_map(metadata["annotations"], f"{at}.annotations", causes)
    if "ownerReferences" in metadata:
        owner_references(metadata["ownerReferences"], f"{at}.ownerReferences", causes)


def labels(given: dict[str, str], at: str, causes: Causes) -> None:
    """Keys and values of labels."""
    for key, value in given.items():
        for problem in names.qualified_name(key):
            causes.append(invalid(at, key, problem))
        for problem in names.label_value(value):
            causes.append(invalid(at, value, problem))


def annotation_map(given: dict[str, str], at: str, causes: Causes) -> None:
    """Keys of annotations, and the size of them all."""
    total = 0
    for key, value in given.items():
        total += len(key) + len(value)
        for problem in names.qualified_name(key.lower()):
            causes.append(invalid(at, key, problem))
    if total > _ANNOTATIONS_LIMIT:
        causes.append(too_long(at, _ANNOTATIONS_LIMIT))


def owner_references(given: list[Object], at: str, causes: Causes) -> None:
    """Every owner is named in full, and only one of them is the controller."""
    first = ""
    for owner in given:
        group, slash, version = (owner.get("apiVersion") or "").partition("/")
        if not (version if slash else group):
            causes.append(invalid(f"{at}.apiVersion", owner.get("apiVersion") or "", "version must not be empty"))
        for field in ("kind", "name", "uid"):
            if not owner.get(field):
                causes.append(invalid(f"{at}.{field}", "", "must not be empty"))
        if owner.get("kind") == "Event" and owner.get("apiVersion") == "v1":
            shown = {field: owner[field] for field in _OWNER_FIELDS if field in owner}
            causes.append(invalid(at, shown, "/v1, Kind=Event is disallowed from being an owner"))
        if owner.get("controller"):
            current = f"{owner.get('kind', '')}/{owner.get('name', '')}"
            if first:
                shown_all = [{field: one[field] for field in _OWNER_FIELDS if field in one} for one in given]
                text = 'Only one reference can have Controller set to true. Found "true" in references for '
                causes.append(invalid(at, shown_all, f"{text}{first} and {current}"))
            else:
                first = current


def finalizers(given: list[str], at: str, causes: Causes) -> None:
    """Finalizers are qualified names, and not both orphan and foregroundDeletion."""
    for finalizer in given:
        for problem in names.qualified_name(finalizer):
            causes.append(invalid(at, finalizer, problem))
    if "orphan" in given and "foregroundDeletion" in given:
        causes.append(invalid(at, given, "finalizer orphan and foregroundDeletion cannot be both set"))


def standard_finalizer(finalizer: str, at: str, causes: Causes) -> None:
    """A finalizer without a domain has to be one of Kubernetes' own."""
    if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
        causes.append(invalid(at, finalizer, "name is neither a standard finalizer name nor is it fully qualified"))


def on_update(kind: Kind, new: Object, old: Object, causes: Causes) -> None:
    """What is wrong with replacing metadata `old` by `new`."""
    if old.get("deletionTimestamp"):
        extra = sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if extra:
            shown = "[]string{" + ", ".join(quoted(one) for one in extra) + "}"
            text = f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
            causes.append(forbidden("metadata.finalizers", text))
    if not new.get("resourceVersion"):
        causes.append(invalid("metadata.resourceVersion", "", "must be specified for an update"))
    if new.get("generation", 0) < old.get("generation", 0):
        causes.append(invalid("metadata.generation", new.get("generation", 0), "must not be decremented"))
    for field in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if new.get(field) != old.get(field):
            value = new.get(field)
            if value is None and field in ("name", "namespace", "uid"):
                value = ""
            causes.append(invalid(f"metadata.{field}", value, IMMUTABLE))
    shared(new, "metadata", causes)
    if "finalizers" in new and not kind.custom and kind.resource not in _ANY_FINALIZER:
        for index, finalizer in enumerate(new["finalizers"]):
            standard_finalizer(finalizer, f"metadata.finalizers[{index}]", causes)
