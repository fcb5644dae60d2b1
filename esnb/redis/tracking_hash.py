"""What stands in the hash that keeps a view's checkpoints, and the views that have one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from esnb.adapters.checkpoint_event import CheckpointEvent
from esnb.redis.namespace import DEFAULT_PREFIX, Namespace

_POSITION = "id:"
"""Begins a field with the position of the checkpoint in the application that it ends with."""
_EVENT = "event:"
"""Likewise, with the event that a checkpoint stands at."""
_STREAMS = "streams:"
"""Likewise, with the prefix of the streams that the view follows."""


class Followed(NamedTuple):
    """What a view says of an application that it follows."""

    view: str
    """The view's name, with its label where it is one beside the view."""
    application: str
    position: int
    streams: str | None
    """The prefix of the streams that it follows; None: it does not tell."""
    event: CheckpointEvent | None
    """The event that the position is of, or one below it; None: it does not tell."""


def position_field(application_name: str) -> str:
    return f"{_POSITION}{application_name}"


def event_field(application_name: str) -> str:
    return f"{_EVENT}{application_name}"


def streams_field(application_name: str) -> str:
    return f"{_STREAMS}{application_name}"


def positions(stored: Mapping[bytes, bytes]) -> dict[str, int]:
    """The checkpoint in each application, by the application's name, in order of the names."""
    return {name: int(value) for name, value in sorted(_named(stored, _POSITION))}


def streams(stored: Mapping[bytes, bytes]) -> dict[str, bytes]:
    """The prefix of an application's streams, for each of which the view tells it."""
    return dict(_named(stored, _STREAMS))


def read_event(value: bytes | None) -> CheckpointEvent | None:
    """The event in the value of such a field; None where there is none."""
    return None if value is None else CheckpointEvent.from_text(value)


def followed(client: Any, prefix: str | None) -> Iterator[Followed]:
    """All that the views of a Redis follow whose keys begin with `prefix`, or as by default."""
    prefix = prefix or DEFAULT_PREFIX
    for key in client.scan_iter(match=Namespace.tracking_keys(prefix)):
        view, stored = Namespace.name_in(key.decode(), prefix), client.hgetall(key)
        prefixes = streams(stored)
        for application, position in positions(stored).items():
            own = prefixes.get(application)
            event = read_event(stored.get(event_field(application).encode()))
            yield Followed(
                view, application, position, None if own is None else own.decode(), event
            )


def _named(stored: Mapping[bytes, bytes], begin: str) -> Iterator[tuple[str, bytes]]:
    for field, value in stored.items():
        if field.startswith(begin.encode()):
            yield field[len(begin) :].decode(), value
