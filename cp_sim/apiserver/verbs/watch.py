"""watch: changes of one resource from a revision on, filtered by selectors.

*In Kubernetes:* `k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go`.  What an object's change means depends on
the selectors: one that begins to match is ADDED, one that no longer does is DELETED.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors, listing, selection
from cp_sim.apiserver.watch_cache import Change, ResourceCache, Watch
from cp_sim.apiserver.work import AwaitRevision, Done, Work
from cp_sim.etcd.store import StoreAnswer


def start(server: Any, work: Work) -> Any:
    """Check the options and wait until the cache has seen the revision from which to watch."""
    call, kind = work.call, work.kind
    assert kind is not None
    options = call.options
    labels = selection.label_selector(options)
    fields = selection.field_selector(kind, options)
    listing.check_match(options, watching=True)
    text = options.get("resourceVersion") or ""
    revision = selection.revision_of_list(text) if text else 0
    initial = str(options.get("sendInitialEvents") or "").lower() in ("true", "1")
    watch = Watch(
        work.id,
        work.request.reply_to,
        work.request.token,
        namespace=call.namespace if kind.namespaced else "",
        name=call.name,
        labels=labels,
        fields=fields,
        bookmarks=str(options.get("allowWatchBookmarks") or "").lower() in ("true", "1"),
        outside=work.outside,
        user=work.user.name,
        resource=kind.resource,
        api_version=kind.api_version,
        plural=kind.plural,
    )
    if fields is not None and kind.storage == "pods":
        watch.trigger = fields.exactly("spec.nodeName")
    work.state = (watch, revision, initial)
    return AwaitRevision(0 if initial else min(revision, server.revision) if work.outside else revision)


def proceed(server: Any, work: Work, answer: StoreAnswer | None) -> Any:
    """The watch stands."""
    return Done(None, watching=True)


def opened(server: Any, work: Work) -> None:
    """After the answer has gone out: what happened since the revision, then everything to come."""
    kind = work.kind
    assert kind is not None
    watch, revision, initial = work.state
    cache: ResourceCache = server.cache(kind)
    if not revision or initial:
        _initial(server, cache, watch, kind)
        if initial:
            _bookmark(server, watch, kind, end_of_initial=True)
    else:
        changes = cache.since(revision)
        if changes is None:
            gone = errors.expired(f"too old resource version: {revision} ({cache.oldest + 1})")
            server.send_change(watch, "ERROR", gone.status)
            if watch.outside is not None:
                server.add_watch(cache, watch)
                server.end_watch(watch)
            return
        for change in changes:
            _offer(server, kind, watch, change)
    server.add_watch(cache, watch)
    seconds = work.call.options.get("timeoutSeconds")
    if seconds not in (None, ""):
        from cp_sim.apiserver.serving import EndWatch

        end = EndWatch(cache.resource, watch.id)
        server.loop.after(int(seconds) * 1000, server.name, end, background=True)


def ending(server: Any, cache: ResourceCache, watch: Watch) -> None:
    """The watch is about to be closed by the server: a bookmark tells how far it had come."""
    if watch.bookmarks:
        _bookmark(server, watch, server.catalog.kind_of_watch(watch), end_of_initial=False)


def _initial(server: Any, cache: ResourceCache, watch: Watch, kind: Any) -> None:
    prefix = f"{watch.namespace}/" if watch.namespace else ""
    for key in cache.keys(prefix):
        obj = cache.objects[key]
        if watch.name and obj["metadata"]["name"] != watch.name:
            continue
        if listing.selected(obj, watch.labels, watch.fields):
            server.send_change(watch, "ADDED", server.in_version(kind, obj))


def _bookmark(server: Any, watch: Watch, kind: Any, end_of_initial: bool) -> None:
    metadata: dict[str, Any] = {"resourceVersion": str(server.revision)}
    if end_of_initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    bookmark = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
    server.send_change(watch, "BOOKMARK", bookmark)


def fan_out(server: Any, kind: Any, cache: ResourceCache, change: Change) -> None:
    """Tell every watcher of the resource that wants to know."""
    if not cache.triggered:
        for watch in list(cache.watches.values()):
            _offer(server, kind, watch, change)
        return
    values = {_trigger(change.object), _trigger(change.previous)}
    for watch in list(cache.watches.values()):
        if watch.trigger is None or watch.trigger in values:
            _offer(server, kind, watch, change)


def _trigger(obj: dict[str, Any] | None) -> str | None:
    return None if obj is None else (obj.get("spec") or {}).get("nodeName") or ""


def _offer(server: Any, kind: Any, watch: Watch, change: Change) -> None:
    obj, previous = change.object, change.previous
    if watch.namespace and not change.key.startswith(watch.namespace + "/"):
        return
    if watch.name and change.key.rpartition("/")[2] != watch.name:
        return
    if watch.labels is None and watch.fields is None:
        now, before = obj is not None, previous is not None
    else:
        now = obj is not None and listing.selected(obj, watch.labels, watch.fields)
        before = previous is not None and listing.selected(previous, watch.labels, watch.fields)
    if now:
        type_, shown = ("MODIFIED" if before else "ADDED"), obj
    elif before:
        # The last state that matched, with the revision at which it stopped.
        type_, shown = "DELETED", at_revision(previous, change.revision)
    else:
        return
    assert shown is not None
    if watch.api_version != kind.api_version:
        shown = server.in_version(server.catalog.kind_of_watch(watch), shown)
    server.send_change(watch, type_, shown)


def at_revision(obj: dict[str, Any] | None, revision: int) -> dict[str, Any]:
    """An object with another resourceVersion."""
    assert obj is not None
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
