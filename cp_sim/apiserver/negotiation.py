"""In which form an answer is given: JSON, a Table, or only the metadata.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/handlers/negotiation` and `response.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import HttpRequest
from cp_sim.apiserver.work import Work

JSON = "application/json"


def check(work: Work, http: HttpRequest) -> None:
    """Whether the server speaks a form that the caller accepts."""


def check_watch(work: Work) -> None:
    """The same for watches."""


def represent(server: Any, work: Work, body: Any) -> tuple[Any, str]:
    """(body in the form asked for, its media type)."""
    if isinstance(body, dict) and isinstance(body.get("items"), list):
        body = {**body, "items": [bare(item) for item in body["items"]]}
    return body, JSON


def bare(item: dict[str, Any]) -> dict[str, Any]:
    """An item of a typed list: the list says what it is."""
    return {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}


def represent_change(server: Any, watch: Any, type_: str, obj: dict[str, Any]) -> dict[str, Any]:
    """The object of a watch change in the form asked for."""
    return obj
