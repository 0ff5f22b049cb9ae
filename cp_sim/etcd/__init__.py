"""The memory of the cluster: etcd, a store of keys with all their past versions.

*In Kubernetes:* the `etcd` process that only the API server talks to. It takes the messages of `store.py` and
answers them; it reads and writes nothing else.

The idea itself, without clock or I/O: `keyspace.py` and `mvcc.py` (versions), `requests.py` and `request_checks.py`
(etcd's API), `watch.py`, `lease.py`, `quota.py`; `applier.py` is all of it as one deterministic machine that takes
committed writes, `snapshot.py` puts it away and `compaction.py` says when it may forget. A member (`etcd.py`, in floors
from `ticking.py` up) replicates the writes over `cp_sim.raft`. `etcdctl.py` is the store as one outside sees it.
`replay.py` holds the machine against recordings of the real one; `real/` stands where a member stands and asks a real
etcd, in the messages of `wire/`.

*Simplified:* values are the objects themselves, shared and never copied; no users and roles.
"""
