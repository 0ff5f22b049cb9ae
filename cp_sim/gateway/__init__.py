"""The gateway: real clients speak to a cluster over the loopback network, while the notebook goes on changing it.

*In Kubernetes:* the listening sockets of the control plane. `etcd_face.py` answers etcd's clients (`etcdctl`) for the
simulated store. Threads and sockets live here and nowhere below; the world itself knows nothing of them: whoever acts
on it waits for the turn (`turn.py`), and every question drives the loop until it is answered.
"""

from __future__ import annotations

import importlib
from typing import Any


def serve_etcd(cluster: Any, port: int = 2379, host: str = "127.0.0.1") -> Any:
    """Serve the cluster's store to the real `etcdctl`; see `Cluster.serve_etcd`.

    Raises:
        ValueError: the port is taken, or the cluster's store is a real etcd.
        ModuleNotFoundError: the extra `cp-sim[etcd]` is not installed.
    """
    try:
        face = importlib.import_module("cp_sim.gateway.etcd_face")
    except ModuleNotFoundError as problem:
        if (problem.name or "").split(".")[0] not in ("grpc", "google"):
            raise
        wanted = 'etcd\'s clients speak gRPC, which comes with an extra: pip install "cp-sim[etcd]"'
        raise ModuleNotFoundError(wanted, name=problem.name) from None
    return face.serve(cluster, port, host)
