"""What a member says about itself: its status, the hash of what it holds, a snapshot; and tidying up its file.

Nothing of this goes through the log; every member answers for itself, also without a majority.

*In Kubernetes:* etcd's Maintenance service (`server/etcdserver/api/v3rpc/maintenance.go`).
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.maintenance import (
    DefragmentRequest,
    DefragmentResponse,
    HashKVRequest,
    HashKVResponse,
    SnapshotRequest,
    SnapshotResponse,
    StatusRequest,
    StatusResponse,
)
from cp_sim.etcd.snapshot import snapshot_of

# The release of etcd that kubeadm v1.36 installs.  Source: Kubernetes `cmd/kubeadm/app/constants`.
VERSION = "3.6.8"
REPORTS = (StatusRequest, HashKVRequest, DefragmentRequest, SnapshotRequest)


def report(member: Any, operation: Any) -> Any:
    """The answer of a member (`Etcd`) to one of `REPORTS`.

    Raises:
        EtcdError: a hash was asked for at a revision that is compacted or still to come.
    """
    mvcc = member.mvcc
    if isinstance(operation, StatusRequest):
        return _status(member)
    if isinstance(operation, HashKVRequest):
        return HashKVResponse(mvcc.revision, *mvcc.hash_kv(operation.revision))
    if isinstance(operation, DefragmentRequest):
        mvcc.defragment()
        return DefragmentResponse(mvcc.revision)
    return SnapshotResponse(mvcc.revision, snapshot_of(member.applier, member.loop.clock.now_ms))


def _status(member: Any) -> StatusResponse:
    node, applier = member.node, member.applier
    alarms = [f"memberID:{alarm.member} alarm:{alarm.alarm}" for alarm in applier.alarms]
    return StatusResponse(
        applier.mvcc.revision,
        member.name,
        VERSION,
        applier.mvcc.size_bytes,
        applier.mvcc.in_use_bytes,
        applier.quota_bytes,
        node.leader,
        node.term,
        node.last_index,
        node.applied,
        node.is_learner,
        (*alarms, *(() if node.leader else ("etcdserver: no leader",))),
    )
