"""Names of an application's streams, and the expressions that find them.

EventStoreDB takes what stands before a stream name's first dash for its
category; an application's streams form one category, its snapshots another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from eventsourcing.persistence import DataError, InfrastructureFactoryError

from esnb.adapters.settings import IDType

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SNAPSHOT = ".snapshot"
"""Ends the category of snapshots, so no application's name may end with it."""
_FOREIGN_SNAPSHOT = "snapshot-$"
"""Begins the snapshot streams of eventsourcing-kurrentdb and eventsourcing-eventstoredb."""
_RESERVED = ("$", f"{_SNAPSHOT}-", _FOREIGN_SNAPSHOT)


@dataclass(frozen=True)
class StreamNaming:
    """Maps aggregate ids to stream names `{prefix}-{id}`, bare ids for an empty prefix.

    >>> StreamNaming("Shop", "text").stream("order-1")
    'Shop-order-1'
    >>> StreamNaming("Shop", "text").originator_id("Shop-order-1")
    'order-1'
    >>> StreamNaming("Shop", "text").originator_id("Shopping-order-1") is None
    True
    """

    prefix: str
    id_type: IDType = "uuid"

    def __post_init__(self) -> None:
        if "-" in self.prefix or self.prefix.startswith("$") or self.prefix.endswith(_SNAPSHOT):
            raise InfrastructureFactoryError(
                f"stream prefix {self.prefix!r} must not contain '-' (the part before it would be "
                f"the category), begin with '$' (system streams) or end with {_SNAPSHOT!r} "
                "(snapshots): rename the application, or set EVENTSTOREDB_STREAM_PREFIX"
            )

    def stream(self, originator_id: UUID | str) -> str:
        """The name of an aggregate's stream.

        Raises DataError for an id that ORIGINATOR_ID_TYPE does not allow, or that
        would name a stream of another kind.
        """
        name = self._id_text(originator_id)
        if not self.prefix and name.startswith(_RESERVED):
            raise DataError(
                f"aggregate id {name!r} would name a stream of another kind: with an empty "
                f"EVENTSTOREDB_STREAM_PREFIX ids must not begin with {', '.join(_RESERVED)}"
            )
        return f"{self.prefix}-{name}" if self.prefix else name

    def snapshot_stream(self, originator_id: UUID | str) -> str:
        """The name of the stream of an aggregate's snapshots."""
        return f"{self.prefix}{_SNAPSHOT}-{self._id_text(originator_id)}"

    def originator_id(self, stream: str) -> UUID | str | None:
        """The id of the aggregate whose events `stream` holds; None when it is not ours."""
        return self._parse(self.pattern, stream)

    def snapshot_originator_id(self, stream: str) -> UUID | str | None:
        """The id of the aggregate whose snapshots `stream` holds; None when it holds none."""
        return self._parse(self.snapshot_pattern, stream)

    @property
    def pattern(self) -> str:
        """A regular expression for whole names of this application's event streams.

        Written in what Python's and .NET's engines understand alike: the server
        filters by it.
        """
        if self.prefix:
            return f"{re.escape(self.prefix)}-({self._id_pattern})"
        if self.id_type == "uuid":
            return f"({_UUID})"
        reserved = "|".join(re.escape(each) for each in _RESERVED)
        return f"((?!{reserved}).+)"

    @property
    def snapshot_pattern(self) -> str:
        """A regular expression for whole names of this application's snapshot streams."""
        return f"{re.escape(self.prefix + _SNAPSHOT)}-({self._id_pattern})"

    @property
    def _id_pattern(self) -> str:
        return _UUID if self.id_type == "uuid" else ".+"

    def _id_text(self, originator_id: UUID | str) -> str:
        if self.id_type == "text" or isinstance(originator_id, UUID):
            if not originator_id:
                raise DataError("an empty aggregate id cannot name a stream")
            return str(originator_id)
        try:
            return str(UUID(originator_id))
        except ValueError:
            raise DataError(
                f"aggregate id {originator_id!r} is not a UUID: "
                "set ORIGINATOR_ID_TYPE=text for an application whose ids are text"
            ) from None

    def _parse(self, pattern: str, stream: str) -> UUID | str | None:
        found = re.fullmatch(pattern, stream, re.DOTALL)
        if found is None:
            return None
        return UUID(found[1]) if self.id_type == "uuid" else found[1]


def application_prefix(name: str, configured: str | None) -> str:
    """The prefix of an application's streams: as configured, else its name.

    Raises InfrastructureFactoryError when the application's name cannot be one.
    """
    if configured is not None:
        return configured
    if "-" in name:
        raise InfrastructureFactoryError(
            f"application name {name!r} contains '-', and EventStoreDB would take "
            f"{name.partition('-')[0]!r} for the category of its streams: "
            "rename the application, or set EVENTSTOREDB_STREAM_PREFIX"
        )
    return name
