"""A store at one moment, to put away and to begin again from.

*In Kubernetes:* the file that `etcdctl snapshot save` writes and `etcdutl snapshot restore` reads. As there, restoring
keeps all revisions; clients that remember later ones than the snapshot has are led astray, unless the revision is
raised (`bump_revision`) and everything before it marked as compacted (`mark_compacted`): then watches end and lists
begin anew.

*Simplified:* JSON lines instead of a bbolt file; as there, the last 32 bytes are the SHA-256 of the rest.

Source: etcd `etcdutl/snapshot/v3_snapshot.go`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cp_sim.etcd.applier import Applier
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.printing import human_bytes, table
from cp_sim.etcd.store import KeyValue
from cp_sim.sim import immutable

FORMAT = "cp-sim etcd snapshot 1"
DIGEST_BYTES = 32
# Without its digest a snapshot is whole pages of bbolt.  Source: etcd `etcdutl/snapshot/v3_snapshot.go`, hasChecksum.
PAGE_BYTES = 512


class SnapshotError(ValueError):
    """A snapshot cannot be read or restored as asked; the message says why."""


@immutable
class Snapshot:
    """All that a store held at `revision`, and when (`time_ms`, virtual).

    `hash` is that of `Mvcc.hash_kv`, `total_keys` counts versions as `etcdutl snapshot status` does, `size_bytes` is
    about what they take. `versions` are in the order in which they came, a `version` of 0 says that the key was deleted
    then; `leases` are ids with their granted seconds.
    """

    revision: int
    compact_revision: int
    hash: int
    total_keys: int
    size_bytes: int
    time_ms: int
    versions: tuple[KeyValue, ...]
    leases: tuple[tuple[int, int], ...] = ()

    def __repr__(self) -> str:
        return f"<Snapshot of revision {self.revision}: {self.total_keys} keys, hash {self.hash:x}>"

    def __str__(self) -> str:
        return table([("HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE"), self._row()])

    def _row(self) -> tuple[str, str, str, str]:
        return f"{self.hash:x}", str(self.revision), str(self.total_keys), human_bytes(self.size_bytes)

    # -- as a file ------------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """The snapshot as a file."""
        head = {
            "format": FORMAT,
            "revision": self.revision,
            "compact_revision": self.compact_revision,
            "hash": self.hash,
            "total_keys": self.total_keys,
            "size_bytes": self.size_bytes,
            "time_ms": self.time_ms,
            "leases": self.leases,
        }
        lines = [head, *(_row(kv) for kv in self.versions)]
        data = "".join(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n" for line in lines).encode()
        data += b"\n" * (-len(data) % PAGE_BYTES)  # etcdctl takes a file without that for one without a digest
        return data + hashlib.sha256(data).digest()

    @staticmethod
    def from_bytes(data: bytes) -> Snapshot:
        """The snapshot that was put away as `data`.

        Raises:
            SnapshotError: this is no snapshot, or not a whole one.
        """
        body, digest = data[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
        found = hashlib.sha256(body).digest()
        if found != digest:
            raise SnapshotError(
                f"expected sha256 {digest.hex()}, got {found.hex()}: the snapshot is damaged, take another"
            )
        lines = body.decode().rstrip("\n").split("\n")
        head = json.loads(lines[0])
        if head.pop("format", "") != FORMAT:
            raise SnapshotError(f"this is no snapshot of the form {FORMAT!r}: save one with snapshot_save()")
        leases = tuple((id_, ttl_s) for id_, ttl_s in head.pop("leases"))
        return Snapshot(versions=tuple(_kv(json.loads(line)) for line in lines[1:]), leases=leases, **head)

    # -- beginning again ------------------------------------------------------------------------------------------

    def restore(
        self, bump_revision: int = 0, mark_compacted: bool = False, quota_bytes: int = 0, now_ms: int = 0
    ) -> Applier:
        """A member's data as they were; `bump_revision` raises the revision by so many, `mark_compacted` says that
        nothing before it can be read any more. The time of leases runs from `now_ms` on.

        Raises:
            SnapshotError: one of the two was asked for without the other, or the data are not those that were saved.
        """
        if bump_revision < 0:
            raise SnapshotError(f"bump_revision={bump_revision}: a revision cannot go back; give a number above 0")
        if bool(bump_revision) != mark_compacted:
            wanted = "mark_compacted=True" if bump_revision else "bump_revision"
            raise SnapshotError(f"{wanted} is required too: a raised revision and marked compaction belong together")
        applier = Applier(quota_bytes)
        mvcc = applier.mvcc = Mvcc.restored(self.versions, self.revision, self.compact_revision)
        for id_, ttl_s in self.leases:
            mvcc.lessor.grant(ttl_s, id_, now_ms)
        for kv in mvcc.range_at(""):
            if kv.lease in mvcc.lessor.leases:
                mvcc.lessor.attach(kv.lease, kv.key)
        if mvcc.hash_kv()[0] != self.hash:
            raise SnapshotError("the restored data have another hash than the snapshot: take another snapshot")
        if bump_revision:
            mvcc.revision += bump_revision
            mvcc.compact(mvcc.revision)
            mvcc.scrub()
        return applier


def snapshot_of(applier: Applier, now_ms: int = 0) -> Snapshot:
    """What the member holds now."""
    mvcc = applier.mvcc
    versions = mvcc.export()
    leases = tuple((lease.id, lease.ttl_s) for _, lease in sorted(mvcc.lessor.leases.items()))
    return Snapshot(
        mvcc.revision,
        mvcc.compact_revision,
        mvcc.hash_kv()[0],
        len(versions),
        mvcc.size_bytes,
        now_ms,
        versions,
        leases,
    )


def _row(kv: KeyValue) -> list[Any]:
    row = [kv.key, kv.create_revision, kv.mod_revision, kv.version, kv.lease]
    if isinstance(kv.value, bytes):
        return [*row, base64.b64encode(kv.value).decode(), "base64"]
    return [*row, kv.value]


def _kv(row: list[Any]) -> KeyValue:
    key, create, mod, version, lease, value = row[:6]
    return KeyValue(key, base64.b64decode(value) if len(row) > 6 else value, create, mod, version, lease)
