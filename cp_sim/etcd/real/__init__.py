"""A real etcd as the store of a cluster: the adapter, an actor that answers the messages of `store.py` over gRPC.

*In Kubernetes:* `k8s.io/apiserver/pkg/storage/etcd3`. `options.py` says where etcd is and who asks, `connection.py`
asks it (other endpoints, back-off, tokens), `watcher.py` listens in a thread of its own, `real.py` is the actor: it
answers at once, and hears of changes by `poll` whenever the world is driven. Network and threads are here and in
`cp_sim/gateway/`, nowhere else; they come with the extra `cp-sim[etcd]`.

Objects are kept as JSON below the options' prefix. A real kube-apiserver keeps most of them as protobuf: it is not
meant to share an etcd with a simulated cluster, another process of `cp_sim` is.
"""
