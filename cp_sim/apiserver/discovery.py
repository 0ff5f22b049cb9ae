"""Paths that are no resource: versions, discovery, health.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/discovery` and `pkg/server/healthz`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.request import HttpRequest
from cp_sim.apiserver.work import Done, Work


def answer(server: Any, work: Work, http: HttpRequest) -> Done:
    """The answer for a path that is no resource.

    Raises:
        ApiError: 404 or 405.
    """
    if http.path in ("/healthz", "/livez", "/readyz"):
        return Done("ok")
    raise errors.no_such_path()
