"""The API server: the only door to the store.

Stands for kube-apiserver.  It reads requests (`request.py`), takes each through authentication, authorization,
decoding, admission and validation, and reads and writes the store; callers hear of the outcome by a message,
watchers of every change.

Several of them may work on one store: each has caches of its own (`serving.py`), what they give out is claimed in the
store (`claims.py`), and none refuses what it may only not have heard of yet (`behind.py`). What a server does when its
store is away is in `store_link.py`.

Simplified: no TLS and no tokens (a caller's name stands for the credential), no priority and fairness queues, no
protobuf.
"""
