"""The message classes of etcd's protocol, built from the table when this module is imported."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from cp_sim.etcd.wire.table import ENUMS, MESSAGES

Message = Any  # a message class exists at run time only

PACKAGE = "etcdserverpb"
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "bytes": _FIELD.TYPE_BYTES,
    "string": _FIELD.TYPE_STRING,
    "bool": _FIELD.TYPE_BOOL,
    "int64": _FIELD.TYPE_INT64,
    "uint64": _FIELD.TYPE_UINT64,
    "uint32": _FIELD.TYPE_UINT32,
    **dict.fromkeys(ENUMS, _FIELD.TYPE_INT32),
}


def _built() -> dict[str, Any]:
    """Every message class of the table, by its short name."""
    lines = [line.partition(":") for line in MESSAGES.splitlines() if line.strip()]
    full = {name.rpartition(".")[2]: name if "." in name else f"{PACKAGE}.{name}" for name, _, _ in lines}
    pool = descriptor_pool.DescriptorPool()  # a pool of its own: other clients of etcd in this process have theirs
    for package in ("mvccpb", PACKAGE):
        file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
        if package == PACKAGE:
            file.dependency.append("mvccpb.proto")
        for name, _, fields in lines:
            owner, _, short = full[name.rpartition(".")[2]].rpartition(".")
            if owner == package:
                _add_message(file, short, fields, full)
        pool.Add(file)
    return {
        short: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for short, name in sorted(full.items())
    }


def _add_message(file: Any, name: str, fields: str, full: dict[str, str]) -> None:
    message = file.message_type.add(name=name)
    for text in filter(None, (part.strip() for part in fields.split(","))):
        field_name, number, kind = text.split()
        label = _FIELD.LABEL_REPEATED if kind.startswith("*") else _FIELD.LABEL_OPTIONAL
        field = message.field.add(name=field_name, number=int(number), label=label)
        if kind.startswith("one/"):
            if not message.oneof_decl:
                message.oneof_decl.add(name="union")
            field.oneof_index = 0
        kind = kind.removeprefix("*").removeprefix("one/")
        if kind in _SCALARS:
            field.type = _SCALARS[kind]
        else:
            field.type, field.type_name = _FIELD.TYPE_MESSAGE, "." + full[kind]


CLASSES: dict[str, Any] = _built()


def make(kind: str, **fields: Any) -> Message:
    """A message of the kind, e.g. `make("RangeRequest", key=b"/registry")`."""
    return CLASSES[kind](**fields)


def enum(kind: str, name: str) -> int:
    """The number of an enumeration's value, e.g. `enum("SortOrder", "DESCEND")`."""
    return ENUMS[kind].index(name)


def enum_name(kind: str, number: int) -> str:
    """The name of an enumeration's value; the number as text if it has none."""
    names = ENUMS[kind]
    return names[number] if 0 <= number < len(names) else str(number)
