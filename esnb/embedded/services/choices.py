"""What a request chose among alternatives (`oneof`s), and what is said when it chose nothing.

EventStoreDB's refusals name the type of the choice as its own language does:
`'None' is not a valid EventStore.Client.Streams.ReadReq+Types+Options+StreamOptionOneofCase`.
"""

from __future__ import annotations

from typing import Any

from esnb.embedded.streams.errors import InvalidArgument

NOTHING = "None"


def chosen_field(message: Any, oneof: str) -> str:
    """The field that is set of a `oneof`; raises `InvalidArgument` when none is."""
    field: str | None = message.WhichOneof(oneof)
    if field is None:
        raise InvalidArgument(NOTHING, f"{kind(message)}+{_pascal(oneof)}OneofCase")
    return field


def title(field: str | None) -> str:
    """How EventStoreDB shows the field that was chosen of a `oneof`."""
    return NOTHING if field is None else _pascal(field)


def kind(message: Any) -> str:
    """What EventStoreDB calls the type of a message."""
    descriptor = message.DESCRIPTOR
    package: str = descriptor.file.package
    nested = descriptor.full_name.removeprefix(f"{package}.").split(".")
    return f"{'.'.join(map(_pascal, package.split('.')))}.{'+Types+'.join(nested)}"


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
