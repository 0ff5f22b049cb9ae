"""What `-f` names: files, directories, standard input; read, checked for a kind, and mapped to types of objects.

Source: k8s.io/cli-runtime/pkg/resource (visitor.go, mapper.go), kubernetes/kubectl pkg/validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cp_sim.course.kubectl.client import Type, not_mapped
from cp_sim.course.kubectl.errors import KubectlError, failure
from cp_sim.course.kubectl.shell import Invocation
from cp_sim.course.kubectl.yaml_reader import YamlError, documents
from cp_sim.objects import meta
from cp_sim.sim import immutable

Object = dict[str, Any]
_ENDINGS = (".json", ".yaml", ".yml")
_TURN_OFF = "; if you choose to ignore these errors, turn validation off with --validate=false"


@immutable
class Info:
    """One object that a command is about: `source` is the file it came from, `object` the manifest or what was read."""

    type: Type
    namespace: str
    name: str
    object: Any = None
    source: str = ""

    @property
    def shown(self) -> str:
        """As kubectl names it in its answers: `deployment.apps/web`."""
        return f"{self.type.shown_name}/{self.name}"


def texts(invocation: Invocation, names: list[str], *, recursive: bool = False) -> Iterator[tuple[str, str]]:
    """(source, text) of each file that `names` mean.

    Raises:
        KubectlError: one does not exist.
    """
    for name in names:
        if name == "-":
            yield "STDIN", invocation.stdin
        elif name.startswith(("http://", "https://")):
            raise failure(f"unable to read URL {name!r}: the simulated cluster has no way out to the network")
        else:
            yield from _files(invocation, name, recursive)


def _files(invocation: Invocation, name: str, recursive: bool) -> Iterator[tuple[str, str]]:
    files = invocation.kubectl.files
    if files is not None:
        if name in files:
            yield name, files[name]
            return
        inside = name.rstrip("/") + "/" if name not in (".", "./") else ""
        found = [file for file in sorted(files) if file.startswith(inside) and file.endswith(_ENDINGS)]
        if not found:
            raise failure(f'the path "{name}" does not exist')
        yield from ((file, files[file]) for file in found if recursive or "/" not in file[len(inside) :])
        return
    path = Path(name)
    if not path.exists():
        raise failure(f'the path "{name}" does not exist')
    if path.is_file():
        yield name, path.read_text()
        return
    pattern = "**/*" if recursive else "*"
    for file in sorted(file for file in path.glob(pattern) if file.is_file() and file.suffix in _ENDINGS):
        yield str(file), file.read_text()


def read(invocation: Invocation, names: list[str], errors: list[KubectlError]) -> list[Info]:
    """The objects in the files `names`; what cannot be used is told in `errors`, what stops the reading is raised."""
    flags = invocation.flags
    infos: list[Info] = []
    for source, text in texts(invocation, names, recursive=bool(flags["recursive"])):
        stream = documents(text)
        while True:
            try:
                manifest = next(stream)
            except StopIteration:
                break
            except YamlError as error:
                raise failure(f"error parsing {source}: error converting YAML to JSON: {error}") from None
            if manifest is None:
                continue
            _check_kind(manifest, source, flags["validate"])
            for part in _flatten(manifest):
                try:
                    infos.append(_info(invocation, part, source))
                except KubectlError as error:
                    errors.append(error)
    return infos


def _check_kind(manifest: Any, source: str, validate: str) -> None:
    if validate in ("false", "ignore"):
        return
    if not isinstance(manifest, dict):
        said = "invalid object to validate"
    else:
        missing = [f"{field} not set" for field in ("apiVersion", "kind") if not manifest.get(field)]
        if not missing:
            return
        said = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
    raise failure(f'error validating "{source}": error validating data: {said}{_TURN_OFF}')


def _flatten(manifest: Object) -> list[Object]:
    if str(manifest.get("kind", "")).endswith("List") and isinstance(manifest.get("items"), list):
        return [part for item in manifest["items"] for part in _flatten(item)]
    return [manifest]


def _info(invocation: Invocation, manifest: Object, source: str) -> Info:
    _check_metadata(manifest, source)
    type_ = invocation.client.kind_of(str(manifest["apiVersion"]), str(manifest["kind"]))
    if type_ is None:
        raise not_mapped(source, manifest)
    namespace = ""
    if type_.namespaced:
        namespace = meta.namespace(manifest) or invocation.namespace
        if invocation.namespace_given and namespace != invocation.namespace:
            raise failure(
                f'the namespace from the provided object "{namespace}" does not match the namespace '
                f"\"{invocation.namespace}\". You must pass '--namespace={namespace}' to perform this operation."
            )
    return Info(type_, namespace, str(meta.name(manifest)), manifest, source)


def _check_metadata(manifest: Object, source: str) -> None:
    """kubectl reads names and labels itself, so it is the one that refuses what is no text there."""
    metadata = manifest.get("metadata")
    if metadata is None:
        return
    wrong = ""
    if not isinstance(metadata, dict):
        wrong = f"{_json_type(metadata)} into Go struct field ObjectMeta.metadata of type v1.ObjectMeta"
    else:
        for field in ("labels", "annotations"):
            entries = metadata.get(field)
            for value in (entries or {}).values() if isinstance(entries, dict) else ():
                if value is not None and not isinstance(value, str) and not wrong:
                    wrong = f"{_json_type(value)} into Go struct field ObjectMeta.metadata.{field} of type string"
        for field in ("name", "namespace"):
            value = metadata.get(field)
            if value is not None and not isinstance(value, str) and not wrong:
                wrong = f"{_json_type(value)} into Go struct field ObjectMeta.metadata.{field} of type string"
    if wrong:
        raise failure(f'unable to decode "{source}": json: cannot unmarshal {wrong}')


def _json_type(value: Any) -> str:
    names = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
