"""get and list.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/handlers/get.go`; a get without resourceVersion asks the store, a
list is served from the watch cache once that is as fresh as the store.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors, listing, selection
from cp_sim.apiserver.work import AwaitQuorumRevision, AwaitRevision, Done, Work
from cp_sim.etcd.store import Get, StoreAnswer


class get:  # noqa: N801 (a handler, named like its verb)
    """Read one object."""

    @staticmethod
    def start(server: Any, work: Work) -> Any:
        """Ask the store, or the cache where the caller is content with an older state."""
        call, kind = work.call, work.kind
        assert kind is not None
        asked = call.options.get("resourceVersion") or ""
        if not asked:
            return Get(kind.store_key(call.namespace, call.name))
        revision = selection.revision_of_get(asked)
        if revision == 0:
            return get.proceed(server, work, None)
        return AwaitRevision(revision)

    @staticmethod
    def proceed(server: Any, work: Work, answer: StoreAnswer | None) -> Any:
        """Hand out what was found."""
        call, kind = work.call, work.kind
        assert kind is not None
        if answer is not None:
            found = server.decorated(kind, answer.kv) if answer.kv is not None else None
        else:
            key = f"{call.namespace}/{call.name}" if kind.namespaced else call.name
            found = server.cache(kind).objects.get(key)
        if found is None:
            raise errors.not_found(kind.plural, kind.group, call.name)
        return Done(found)


class list_:  # noqa: N801
    """Read many objects."""

    @staticmethod
    def start(server: Any, work: Work) -> Any:
        """Check the options; most lists need a cache that is as fresh as the store."""
        work.state = asked = listing.parse(work)
        if asked.revision is not None and asked.match != "Exact":
            return AwaitRevision(asked.revision)
        if asked.exact > server.revision:
            return AwaitRevision(asked.exact)
        if asked.exact:
            # The real server's snapshots of the past go with the store's compaction: that one knows what can be read.
            assert work.kind is not None
            return Get(f"{work.kind.store_prefix}/", asked.exact)
        return AwaitQuorumRevision()

    @staticmethod
    def proceed(server: Any, work: Work, answer: StoreAnswer | None) -> Any:
        """Make the list."""
        return Done(listing.make(server, work, work.state))
