"""In which form an answer is given: JSON, YAML, a Table, or only the metadata.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/handlers/negotiation` and `handlers/response.go`.
"""

from __future__ import annotations

from typing import Any

import yaml

from cp_sim.apiserver import errors, tables
from cp_sim.apiserver.decoding import header
from cp_sim.apiserver.request import ApiError, HttpRequest
from cp_sim.apiserver.work import Work
from cp_sim.sim import immutable

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MEDIA_TYPES = (JSON, YAML, PROTOBUF)
_WATCH_TYPES = tuple(f"{one};stream=watch" for one in (JSON, PROTOBUF))
_FORMS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")


@immutable
class Form:
    """What was agreed on: a media type, and `as_` Table, PartialObjectMetadata(List) or empty for the object itself."""

    media: str = JSON
    as_: str = ""
    version: str = "v1"


def check(work: Work, http: HttpRequest) -> None:
    """Whether the server speaks a form that the caller accepts.

    Raises:
        ApiError: 406.
    """
    accept = header(http.headers, "accept") or JSON
    plain = [clause.partition(";")[0].strip() for clause in accept.split(",")]
    if not any(one in ("*/*", *MEDIA_TYPES) for one in plain):
        offered = MEDIA_TYPES + (_WATCH_TYPES if work.call.verb in ("list", "watch") else ())
        text = "406: Not Acceptable\n\nAvailable representations: " + ", ".join(offered)
        raise ApiError(errors.status(406, "NotAcceptable", text, {}))
    if form_of(accept) is None:
        raise errors.not_acceptable(MEDIA_TYPES)
    form = form_of(accept)
    assert form is not None
    if form.as_ == "Table":
        included(http.query)


def form_of(accept: str) -> Form | None:
    """The first form in the Accept header that the server speaks, None if there is none."""
    clauses = [clause.strip() for clause in accept.split(",") if clause.strip()]
    ranked = sorted(range(len(clauses)), key=lambda place: (-_quality(clauses[place]), place))
    for place in ranked:
        media, *parameters = (part.strip() for part in clauses[place].split(";"))
        given = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media == "*/*":
            return Form()
        if media not in MEDIA_TYPES:
            continue
        as_ = given.get("as", "")
        if not as_:
            return Form(media)
        if as_ in _FORMS and given.get("g") == "meta.k8s.io" and given.get("v") in ("v1", "v1beta1"):
            return Form(media, as_, given["v"])
    return None


def _quality(clause: str) -> float:
    for part in clause.split(";")[1:]:
        if part.strip().startswith("q="):
            try:
                return float(part.strip()[2:])
            except ValueError:
                return 0.0
    return 1.0


def included(query: dict[str, Any]) -> str:
    """What a Table carries of each object beside its cells: Metadata, Object or None.

    Raises:
        ApiError: 400.
    """
    wanted = query.get("includeObject") or "Metadata"
    if wanted not in ("Metadata", "Object", "None"):
        raise errors.bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{wanted}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return str(wanted)


def form(http: HttpRequest) -> Form:
    """The form of the answer to a request that passed `check`."""
    return form_of(header(http.headers, "accept") or JSON) or Form()


# -- answers ---------------------------------------------------------------------------------------------------------


def represent(server: Any, work: Work, body: Any) -> tuple[Any, str]:
    """(body in the form asked for, its media type)."""
    if not isinstance(body, dict) or work.kind is None:
        if isinstance(body, dict) and body.get("kind") == "APIGroupDiscoveryList":
            return body, f"{JSON};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        return body, JSON
    wanted = form(work.outside)
    is_list = isinstance(body.get("items"), list)
    if wanted.as_ == "Table" and body.get("kind") != "Status":
        body = tables.table(
            server, work.kind, body, wanted.version, included(work.outside.query), work.call.subresource
        )
    elif wanted.as_ and body.get("kind") != "Status":
        body = partial_list(body, wanted) if is_list else partial(body, wanted.version)
    elif is_list and not work.kind.custom:
        body = {**body, "items": [bare(item) for item in body["items"]]}
    if wanted.media == YAML:
        return yaml.safe_dump(body, sort_keys=True, default_flow_style=False, allow_unicode=True, width=1 << 30), YAML
    return body, JSON


def bare(item: dict[str, Any]) -> dict[str, Any]:
    """An item of a typed list: the list says what it is."""
    return {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}


def partial(obj: dict[str, Any], version: str = "v1") -> dict[str, Any]:
    """Only the metadata of an object."""
    return tables.partial(obj, version)


def partial_list(body: dict[str, Any], wanted: Form) -> dict[str, Any]:
    """Only the metadata of every object."""
    items = [partial(item, wanted.version) for item in body["items"]]
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": f"meta.k8s.io/{wanted.version}",
        "metadata": body["metadata"],
        "items": items or None,
    }


def represent_change(server: Any, watch: Any, type_: str, obj: dict[str, Any]) -> dict[str, Any]:
    """The object of a watch change in the form asked for."""
    wanted = form(watch.outside)
    if not wanted.as_ or type_ == "ERROR":
        return obj
    if wanted.as_ == "Table":
        kind = server.catalog.kind_of_watch(watch)
        include = included(watch.outside.query)
        return tables.change(
            server, kind, obj, wanted.version, include, first=not watch.sent, bookmark=type_ == "BOOKMARK"
        )
    return partial(obj, wanted.version)
