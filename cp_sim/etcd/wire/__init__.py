"""What etcd and its clients say to each other over gRPC: messages, methods, and their translation to `api.py`.

*In Kubernetes:* the packages `etcdserverpb` and `mvccpb`, for which every client carries generated code. Here the
classes are built at run time from a table (`table.py`) with the descriptor pool of `google.protobuf`, which comes
with the extra `cp-sim[etcd]`; nothing else of the house imports that library.

`messages.make("RangeRequest", key=b"/registry")` is a message, `services.Client(channel).Range(message)` asks with it,
`convert.py` turns messages into the records of `api.py` and back. No network library is imported here: the channel
comes from whoever has one.

Source: etcd `api/etcdserverpb/rpc.proto`, `api/mvccpb/kv.proto` (field numbers and types are the protocol).
"""
