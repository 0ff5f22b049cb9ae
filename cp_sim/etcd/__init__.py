"""The memory of the cluster: etcd, a store of keys with all their past versions.

*In Kubernetes:* the `etcd` process that only the API server talks to. It takes the messages of `store.py` and
answers them; it reads and writes nothing else. The idea itself, without clock or I/O, is `mvcc.py` (versions),
`requests.py` (etcd's API), `watch.py` and `lease.py`; `applier.py` is all of it as one deterministic machine that takes
committed writes; `etcd.py` is the actor; `replay.py` holds it against recordings of the real one.

*Simplified:* one member, no disk; values are the objects themselves, shared and never copied.
"""
