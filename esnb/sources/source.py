"""From what a caller passes to a source of events."""

from __future__ import annotations

import os
from typing import Any

from eventsourcing.application import Application

from esnb.sources.application import ApplicationSource
from esnb.sources.file import FileSource
from esnb.sources.record import EventSource

_SUPPORTED = (
    "an eventsourcing Application, an EventStoreDB client, the Stores that esnb.connect() returns, "
    "or the path of a file that esnb.export wrote"
)

_DCB_APPLICATION = "eventsourcing.dcb.application.DCBApplication"
"""By its name: few have one, and nobody else is to import what it needs."""


def source_of(source: Any) -> EventSource:
    """The events of an application, of a client's database, of a `Stores`' one, or of a file.

    Raises TypeError for anything else, including a class instead of an instance,
    and for a path what `FileSource` raises.
    """
    if isinstance(source, str | os.PathLike):
        return FileSource(source)
    if isinstance(source, Application):
        return ApplicationSource(source)
    client: Any = source if is_client(source) else getattr(source, "eventstoredb", None)
    if not isinstance(source, type) and is_client(client):
        from esnb.sources.server import ServerSource  # brings gRPC

        return ServerSource(client)
    raise TypeError(f"no source of events: {describe_source(source)}; pass {_SUPPORTED}")


def application_of(source: Any, purpose: str) -> ApplicationSource:
    """The application whose aggregates `purpose` folds; TypeError for other sources."""
    if isinstance(source, Application):
        return ApplicationSource(source)
    raise TypeError(
        f"{purpose} folds an aggregate with its application's own classes: "
        f"pass an eventsourcing Application, not {describe_source(source)}"
    )


def describe_source(given: Any) -> str:
    """How an error names an argument of the wrong kind: by its class, never by its content."""
    kind = given if isinstance(given, type) else str if isinstance(given, str) else type(given)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if any(f"{each.__module__}.{each.__qualname__}" == _DCB_APPLICATION for each in kind.__mro__):
        return f"{name} (a DCBApplication's events belong to no aggregate: esnb does not read them)"
    return f"the class {kind.__qualname__} (pass an instance)" if given is kind else name


def is_client(given: Any) -> bool:
    """Whether it is an EventStoreDB client."""
    # By its methods: importing the client's class takes longer than most reads.
    return callable(getattr(given, "read_all", None)) and callable(
        getattr(given, "read_stream", None)
    )
