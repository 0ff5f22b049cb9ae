"""Which objects a command line means: `pod web`, `pod/a deploy/b`, `pods,services -l app=web`, `-f file`, `--all`.

Source: k8s.io/cli-runtime/pkg/resource/builder.go, whose sentences these are.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl import manifests
from cp_sim.course.kubectl.client import Type
from cp_sim.course.kubectl.errors import KubectlError, StatusError, failure
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.shell import Invocation
from cp_sim.sim import immutable

NOTHING_NAMED = """You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""
_MIXED = (
    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form "
    "(e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'"
)


@immutable
class Wanted:
    """One thing asked for: an object by its name, or with an empty name all of a type."""

    type: Type
    namespace: str
    name: str = ""


def parse(invocation: Invocation, words: list[str]) -> list[Wanted]:
    """What the words of a command line name.

    Raises:
        KubectlError: they name types that the server does not know, or mix both ways of naming.
    """
    if not words:
        return []
    if any("/" in word for word in words):
        return _slashed(invocation, words)
    types = [type_ for part in words[0].split(",") for type_ in _types(invocation, part)]
    if len(words) == 1:
        return [_wanted(invocation, type_) for type_ in types]
    return [_wanted(invocation, type_, name) for type_ in types for name in words[1:]]


def _slashed(invocation: Invocation, words: list[str]) -> list[Wanted]:
    wanted = []
    for word in [part for given in words for part in (given.split(",") if "/" in given else [given])]:
        parts = word.split("/")
        if len(parts) == 1:
            raise failure(_MIXED)
        if len(parts) != 2 or not parts[0] or not parts[1]:
            raise failure("arguments in resource/name form must have a single resource and name")
        wanted.append((parts[0], parts[1]))
    return [_wanted(invocation, invocation.client.type_of(type_), name) for type_, name in wanted]


def _types(invocation: Invocation, word: str) -> list[Type]:
    known = invocation.client.types.all(invocation.client)
    if word == "all" or any(word in type_.categories for type_ in known):
        return [type_ for type_ in known if word in type_.categories]
    return [invocation.client.type_of(word)]


def _wanted(invocation: Invocation, type_: Type, name: str = "") -> Wanted:
    everywhere = invocation.flags["all-namespaces"]
    namespace = invocation.namespace if type_.namespaced and not everywhere else ""
    if everywhere and name and type_.namespaced:
        raise failure("a resource cannot be retrieved by name across all namespaces")
    return Wanted(type_, namespace, name)


class Found:
    """The objects found, and the errors met on the way."""

    def __init__(self) -> None:
        self.infos: list[Info] = []
        self.errors: list[KubectlError] = []


def infos(
    invocation: Invocation,
    words: list[str] | None = None,
    *,
    fetch: bool = True,
    need_name: str = "resource(s) were provided, but no name was specified",
    stop: bool = False,
) -> Found:
    """The objects that the command line means, by words, selector, `--all` or `-f`.

    Args:
        fetch: read each object that is named (those found by a selector were read anyway).
        need_name: the refusal of a type alone, empty where a type alone means all of it.
        stop: whether the first object that cannot be read ends it.

    Raises:
        KubectlError: the command line names nothing, or names it in a way that does not hold together.
    """
    words = invocation.arguments if words is None else words
    flags, found = invocation.flags, Found()
    selector, field_selector, everything = flags["selector"], flags["field-selector"], flags["all"]
    if flags["filename"] or flags["kustomize"]:
        names = flags["filename"] or [flags["kustomize"]]
        for info in manifests.read(invocation, names, found.errors):
            _take(invocation, found, info, fetch, stop)
        return found
    if not words:
        raise failure(NOTHING_NAMED)
    wanted = parse(invocation, words)
    named = any(entry.name for entry in wanted)
    if named and (selector or field_selector):
        raise failure("name cannot be provided when a selector is specified")
    if everything and selector:
        raise failure("setting 'all' parameter but found a non empty selector. ")
    if named and everything:
        raise failure("setting 'all' parameter but also specifying a name")
    if not named and need_name and not (selector or field_selector or everything):
        raise failure(need_name)
    for entry in wanted:
        if entry.name:
            _take(invocation, found, Info(entry.type, entry.namespace, entry.name), fetch, stop)
            continue
        try:
            objects = invocation.client.list(
                entry.type, entry.namespace, labelSelector=selector, fieldSelector=field_selector
            )
        except StatusError as error:
            found.errors.append(list_error(error, entry.type, selector, field_selector))
            continue
        found.infos += [info_of(entry.type, obj) for obj in objects]
    return found


def _take(invocation: Invocation, found: Found, info: Info, fetch: bool, stop: bool) -> None:
    if not fetch:
        found.infos.append(info)
        return
    try:
        obj = invocation.client.get(info.type, info.namespace, info.name)
    except KubectlError as error:
        if stop:
            raise
        found.errors.append(error)
        return
    found.infos.append(Info(info.type, info.namespace, info.name, obj, info.source))


def info_of(type_: Type, obj: dict[str, Any]) -> Info:
    """The info of an object that was read."""
    metadata = obj["metadata"]
    return Info(type_, metadata.get("namespace", ""), metadata["name"], obj)


def list_error(error: StatusError, type_: Type, selector: str, field_selector: str) -> StatusError:
    """A refused list as kubectl tells it: it adds what it was looking for."""
    if error.reason not in ("BadRequest", "NotFound"):
        return error
    if not selector and not field_selector:
        return error.at(f'Unable to list "{type_.described}"')
    looking = (
        f'Unable to find "{type_.described}" that match label selector "{selector}", field selector "{field_selector}"'
    )
    return error.at(looking)
