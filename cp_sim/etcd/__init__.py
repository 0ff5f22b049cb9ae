"""The memory of the cluster: etcd, a store of keys with all their past versions, held by one member or by several.

*In Kubernetes:* the `etcd` process that only the API server talks to. It takes the messages of `store.py` and
answers them; it reads and writes nothing else.

The idea itself, without clock or I/O: `keyspace.py` and `mvcc.py` (versions), `requests.py` and `request_checks.py`
(etcd's API), `watch.py`, `lease.py`, `quota.py`; `applier.py` is all of it as one deterministic machine that takes
committed writes, `snapshot.py` puts it away and `compaction.py` says when it may forget.

The actor, one member, is `etcd.py`. It is built in floors, each a class that adds one idea to the one below:
`roles.py` (what it is to its group, and telling of it), `ticking.py` (raft's clock), `replication.py` (raft, the disk
and the peers), `answering.py` (who waits for what), `proposing.py` (writes), `reading.py` (reads by index),
`leasing.py` (the leader ends leases), `compacting.py` (and has history forgotten), `watching.py`, `membership.py`,
`forwarding.py` (what only the leader knows). `disk.py` is what outlives a member, `flags.py` how it is set up; a member
that is alone is the same code and its own majority.

`etcdctl.py` is the store as one outside sees it. `replay.py` holds the machine against recordings of the real one;
`real/` stands where a member stands and asks a real etcd, in the messages of `wire/`.

*Simplified:* values are the objects themselves, shared between members and never copied; no users and roles.
"""
