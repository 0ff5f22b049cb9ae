"""The store as one outside sees it: what `cluster.etcd` is.

Looking (`current_revision`, `range_at`, `history`, ...) costs no time and changes nothing. Asking does what `etcdctl`
does: a request travels to a member, which answers when it can, and time goes on meanwhile. What comes back prints as
etcdctl prints it.

*In Kubernetes:* `etcdctl`, past the API server. Nobody but the API server should write below `/registry/`; here one can
see what happens if somebody does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.etcd import api, lease_api, maintenance
from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.cluster_api import MemberListRequest, MoveLeaderRequest, member_id
from cp_sim.etcd.looking import Looking
from cp_sim.etcd.printing import Answer, Table, human_bytes, lease_text, response_text
from cp_sim.etcd.snapshot import Snapshot
from cp_sim.etcd.txn_text import compares, operations, span
from cp_sim.etcd.watch_view import Watch

STATUS_HEADS = (
    "ENDPOINT", "ID", "VERSION", "DB SIZE", "IN USE", "IS LEADER", "IS LEARNER", "RAFT TERM", "RAFT INDEX",
    "RAFT APPLIED INDEX", "ERRORS",
)  # fmt: skip
MEMBER_HEADS = ("ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER")


class Etcdctl(Looking):
    """The store, asked as `etcdctl` asks; `endpoint` names the member that is asked (empty: the one looked at).

    Each method raises `EtcdError` with etcd's own text when it is refused, e.g. `etcdserver: mvcc: required revision
    has been compacted`, and with code UNAVAILABLE when nobody answers.
    """

    def _ask(self, operation: Any, endpoint: str = "") -> Any:
        answer = self._world.ask_store(operation, endpoint)
        if answer.error:
            raise EtcdError(answer.code or "UNKNOWN", answer.error)
        return answer.response

    def _endpoints(self, endpoint: str) -> tuple[str, ...]:
        return (endpoint,) if endpoint else tuple(self._world.members) or (self.name,)

    # -- keys -----------------------------------------------------------------------------------------------------

    def get(
        self,
        key: str,
        range_end: str = "",
        *,
        prefix: bool = False,
        from_key: bool = False,
        limit: int = 0,
        revision: int = 0,
        sort_by: str = "KEY",
        order: str = "NONE",
        keys_only: bool = False,
        count_only: bool = False,
        serializable: bool = False,
        endpoint: str = "",
    ) -> Answer:
        """Keys with their values: one, those from `key` up to but without `range_end`, all below a prefix, or all from
        `key` on. `sort_by` is KEY, VERSION, CREATE, MOD or VALUE, `order` ASCEND or DESCEND. With `serializable` a
        member answers from what it has, also without a majority.
        """
        first, end = span(key, range_end, prefix, from_key)
        asked = api.RangeRequest(
            first,
            end,
            limit,
            revision,
            order.upper(),
            sort_by.upper(),
            serializable,
            keys_only,
            count_only,
        )
        found = self._ask(asked, endpoint)
        return Answer(found, str(found.count) if count_only else response_text(found))

    def put(
        self,
        key: str,
        value: Any = "",
        *,
        lease: int = 0,
        prev_kv: bool = False,
        ignore_value: bool = False,
        ignore_lease: bool = False,
        endpoint: str = "",
    ) -> Answer:
        """Write a key."""
        done = self._ask(api.PutRequest(key, value, lease, prev_kv, ignore_value, ignore_lease), endpoint)
        return Answer(done, response_text(done))

    def delete(
        self,
        key: str,
        range_end: str = "",
        *,
        prefix: bool = False,
        from_key: bool = False,
        prev_kv: bool = False,
        endpoint: str = "",
    ) -> Answer:
        """Delete a key or a range; prints how many keys are gone."""
        done = self._ask(api.DeleteRangeRequest(*span(key, range_end, prefix, from_key), prev_kv), endpoint)
        return Answer(done, response_text(done))

    def txn(
        self,
        compare: str | Iterable[Any] = (),
        success: str | Iterable[Any] = (),
        failure: str | Iterable[Any] = (),
        endpoint: str = "",
    ) -> Answer:
        """If all conditions hold do `success`, else `failure`: all or nothing, as one revision.

        Each is text as one types it into `etcdctl txn`, one line a condition (`mod("/a") = "3"`) or operation
        (`put /a 1`, `get /b --prefix`, `del /c`), or records of `cp_sim.etcd.api`.

        Raises:
            ValueError: a line cannot be read.
            EtcdError: it was refused.
        """
        asked = api.TxnRequest(compares(compare), operations(success), operations(failure))
        done = self._ask(asked, endpoint)
        return Answer(done, response_text(done))

    def compact(self, revision: int, physical: bool = False, endpoint: str = "") -> Answer:
        """Forget what can only be seen before `revision`."""
        done = self._ask(maintenance.CompactionRequest(revision, physical), endpoint)
        return Answer(done, f"compacted revision {revision}")

    def watch(
        self,
        key: str,
        range_end: str = "",
        *,
        prefix: bool = False,
        from_key: bool = False,
        revision: int = 0,
        prev_kv: bool = False,
        endpoint: str = "",
    ) -> Watch:
        """A watch that collects what happens to the keys from `revision` on (0: from now on), until it is cancelled."""
        return Watch(self._world, span(key, range_end, prefix, from_key), revision, prev_kv, endpoint)

    # -- leases ---------------------------------------------------------------------------------------------------

    def lease_grant(self, ttl: int, id: int = 0, endpoint: str = "") -> Answer:
        """Make a lease of `ttl` seconds; its `id` can be given to `put`."""
        done = self._ask(lease_api.LeaseGrantRequest(ttl, id), endpoint)
        return Answer(done, f"lease {lease_text(done.id)} granted with TTL({done.ttl}s)")

    def lease_revoke(self, id: int, endpoint: str = "") -> Answer:
        """End a lease now; its keys vanish."""
        done = self._ask(lease_api.LeaseRevokeRequest(id), endpoint)
        return Answer(done, f"lease {lease_text(id)} revoked")

    def lease_keep_alive(self, id: int, endpoint: str = "") -> Answer:
        """Let a lease begin its time anew, once."""
        done = self._ask(lease_api.LeaseKeepAliveRequest(id), endpoint)
        if not done.ttl:
            return Answer(done, f"lease {lease_text(id)} expired or revoked.")
        return Answer(done, f"lease {lease_text(id)} keepalived with TTL({done.ttl})")

    def lease_timetolive(self, id: int, keys: bool = False, endpoint: str = "") -> Answer:
        """How long a lease has left, and with `keys` what hangs on it."""
        done = self._ask(lease_api.LeaseTimeToLiveRequest(id, keys), endpoint)
        if done.ttl < 0:
            return Answer(done, f"lease {lease_text(id)} already expired")
        attached = f", attached keys([{' '.join(done.keys)}])" if keys else ""
        granted = f"granted with TTL({done.granted_ttl}s), remaining({done.ttl}s)"
        return Answer(done, f"lease {lease_text(id)} {granted}{attached}")

    def lease_list(self, endpoint: str = "") -> Answer:
        """All leases."""
        done = self._ask(lease_api.LeaseLeasesRequest(), endpoint)
        return Answer(done, "\n".join([f"found {len(done.leases)} leases", *map(lease_text, done.leases)]))

    # -- members --------------------------------------------------------------------------------------------------

    def status(self, endpoint: str = "") -> Table:
        """How each member is, as `etcdctl endpoint status --cluster -w table` has it; one that does not answer is left
        out, as there.
        """
        found = []
        for name in self._endpoints(endpoint):
            try:
                found.append(self._ask(maintenance.StatusRequest(), name))
            except EtcdError:
                if endpoint:
                    raise
        return Table(STATUS_HEADS, tuple(map(_status_row, found)), tuple(found))

    def member_list(self, endpoint: str = "") -> Table:
        """Who belongs to the group."""
        members = self._ask(MemberListRequest(), endpoint).members
        rows = [
            (
                f"{member_id(info.name):x}",
                "started" if info.started else "unstarted",
                info.name if info.started else "",
                ",".join(info.peer_urls),
                ",".join(info.peer_urls).replace(":2380", ":2379") if info.started else "",
                str(info.learner).lower(),
            )
            for info in members
        ]
        return Table(MEMBER_HEADS, tuple(rows), members)

    def move_leader(self, target: str, endpoint: str = "") -> Answer:
        """Hand the lead over to the member `target`; asks the leader unless another endpoint is named."""
        leader = endpoint or next((one.leader for one in self.status() if one.leader), "")
        done = self._ask(MoveLeaderRequest(target), leader)
        return Answer(done, f"Leadership transferred from {leader} to {target}")

    def alarm_list(self, endpoint: str = "") -> Answer:
        """The alarms that are raised."""
        return self._alarms(maintenance.AlarmRequest(), endpoint)

    def alarm_disarm(self, endpoint: str = "") -> Answer:
        """Disarm all alarms; prints those that were raised."""
        raised = self.alarm_list(endpoint)
        for alarm in raised.alarms:
            self._ask(maintenance.AlarmRequest(maintenance.DEACTIVATE, alarm.member, alarm.alarm), endpoint)
        return raised

    def _alarms(self, asked: maintenance.AlarmRequest, endpoint: str) -> Answer:
        done = self._ask(asked, endpoint)
        return Answer(done, "\n".join(f"memberID:{alarm.member} alarm:{alarm.alarm}" for alarm in done.alarms))

    def defragment(self, endpoint: str = "") -> Answer:
        """Let the file of each member (or of the one named) shrink to what is in use."""
        done = [self._ask(maintenance.DefragmentRequest(), name) for name in self._endpoints(endpoint)]
        lines = [f"Finished defragmenting etcd member[{name}]" for name in self._endpoints(endpoint)]
        return Answer(tuple(done), "\n".join(lines))

    def hash_kv(self, revision: int = 0, endpoint: str = "") -> Table:
        """The checksum of what each member (or the one named) holds up to `revision`; equal data have equal ones."""
        names = self._endpoints(endpoint)
        found = [self._ask(maintenance.HashKVRequest(revision), name) for name in names]
        rows = [(name, str(one.hash), str(one.hash_revision)) for name, one in zip(names, found)]
        return Table(("ENDPOINT", "HASH", "HASH REVISION"), tuple(rows), tuple(found))

    def snapshot_save(self, endpoint: str = "") -> Snapshot:
        """All that one member holds now, to be put away (`to_bytes`) or restored."""
        found: Snapshot = self._ask(maintenance.SnapshotRequest(), endpoint).snapshot
        return found


def _status_row(status: maintenance.StatusResponse) -> tuple[str, ...]:
    return (
        status.member,
        f"{member_id(status.member):x}",
        status.version,
        human_bytes(status.db_size),
        human_bytes(status.db_size_in_use),
        str(status.leader == status.member).lower(),
        str(status.learner).lower(),
        str(status.raft_term),
        str(status.raft_index),
        str(status.raft_applied_index),
        ", ".join(status.errors),
    )
