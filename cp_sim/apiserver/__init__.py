"""The API server: the only door to the store.

Stands for kube-apiserver.  It reads requests (`request.py`), takes each through authentication, authorization,
decoding, admission and validation, and reads and writes the store; callers hear of the outcome by a message,
watchers of every change.

Simplified: no TLS and no tokens (a caller's name stands for the credential), no priority and fairness queues, no
protobuf.
"""
