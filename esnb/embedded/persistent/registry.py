"""All groups of a server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from esnb.embedded.persistent import configuration
from esnb.embedded.persistent.errors import GroupExists, GroupFailed, GroupMissing
from esnb.embedded.persistent.group import Group
from esnb.embedded.persistent.group_settings import GroupSettings, Target
from esnb.embedded.persistent.journal import Journal, checkpoint_stream, replay_stream
from esnb.embedded.persistent.replay import replay_ranges
from esnb.embedded.persistent.source import matching
from esnb.embedded.storage.record import Proposed, content
from esnb.embedded.streams.errors import InvalidRequest, StreamDeleted
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.store import Clock

_PAST_THE_END = (
    "Invalid Start From position: commit position must be less than or equal to the last "
    "commit position in the transaction file."
)
_MOST = 2**63 - 1
_LOOK_BACK = 100
"""How many events that are not the server's own are passed over."""
Kept = TypeVar("Kept")


class Registry:
    """Groups by target and name. Which there are, `configuration` says, for the log to keep."""

    def __init__(self, reader: Reader, clock: Clock, journal: Journal) -> None:
        self._reader = reader
        self._clock = clock
        self._journal = journal
        self._groups: dict[tuple[str, str], Group] = {}
        self._known: set[str] = set()
        """The targets that had a group once; EventStoreDB lists none for the others."""

    def create(self, target: Target, name: str, settings: GroupSettings) -> Group:
        """A new group; raises `InvalidRequest`, `GroupFailed` or `GroupExists`."""
        self._check_filter(target)
        self._check(target, name, settings)
        if (target.name, name) in self._groups:
            raise GroupExists(target.name, name)
        self._check_buffer(target, name, settings)
        return self._add(target, name, settings)

    def update(self, target: Target, name: str, settings: GroupSettings) -> tuple[Group, Group]:
        """The old group, ended, and the new one, which goes on from the old one's checkpoint.

        Raises `GroupMissing` or `GroupFailed`.
        """
        old = self.get(target.name, name)
        self._check(old.target, name, settings)
        self._check_buffer(target, name, settings)
        new = self._group(
            old.target, name, settings, checkpoint=old.checkpoint, replaying=old.replaying
        )
        old.end()
        self._groups[target.name, name] = new
        return old, new

    def delete(self, target_name: str, name: str) -> Group:
        """The group, which was ended and is forgotten; raises `GroupMissing`."""
        group = self.get(target_name, name)
        group.end()
        del self._groups[target_name, name]
        return group

    def get(self, target_name: str, name: str) -> Group:
        """The group of that name; raises `GroupMissing`."""
        group = self._groups.get((target_name, name))
        if group is None:
            raise GroupMissing(target_name, name)
        return group

    def all(self) -> list[Group]:
        """Every group."""
        return list(self._groups.values())

    def of(self, target_name: str) -> list[Group]:
        """The groups of a target; raises `GroupMissing` when it never had any."""
        if target_name not in self._known:
            raise GroupMissing(target_name, "")
        return [group for (name, _), group in self._groups.items() if name == target_name]

    def forget(self, group: Group) -> None:
        """Leave out a group that could not be kept, or whose store was emptied."""
        key = group.target.name, group.name
        if self._groups.get(key) is group:
            del self._groups[key]
        if not self.of(group.target.name):
            self._known.discard(group.target.name)

    def load(self) -> list[Group]:
        """Start over with the groups that the log keeps."""
        self._groups.clear()
        self._known.clear()
        for entry in self._newest(configuration.STREAM, configuration.entries) or ():
            self._add(entry.target, entry.group, entry.settings, entry.begin)
        return self.all()

    def configuration(self) -> Proposed:
        """The event that keeps the groups as they are now."""
        entries = (
            configuration.Entry(group.target, group.name, group.settings, group.begin)
            for group in self._groups.values()
        )
        return configuration.event(entries, self._clock())

    def _add(
        self, target: Target, name: str, settings: GroupSettings, begin: int | None = None
    ) -> Group:
        group = self._group(target, name, settings, begin)
        self._groups[target.name, name] = group
        self._known.add(target.name)
        return group

    def _group(
        self,
        target: Target,
        name: str,
        settings: GroupSettings,
        begin: int | None = None,
        checkpoint: int | None = None,
        replaying: Sequence[range] | None = None,
    ) -> Group:
        subscription = f"{target.name}::{name}"
        if checkpoint is None:
            checkpoint = self._newest(
                checkpoint_stream(subscription), lambda data: _place(target, data)
            )
        if replaying is None:
            replaying = self._newest(replay_stream(subscription), replay_ranges) or ()
        return Group(
            target,
            name,
            settings,
            self._reader,
            self._clock,
            self._journal,
            begin=begin,
            checkpoint=checkpoint,
            replaying=replaying,
        )

    def _newest(self, stream: str, read: Callable[[bytes], Kept]) -> Kept | None:
        """What the newest sound event holds: these streams are open to every client."""
        try:
            found = self._reader.backwards(stream, _MOST, _LOOK_BACK)
        except StreamDeleted:
            return None
        for record in () if found is None else found.records:
            with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
                return read(content(record).data)
        return None

    def _check(self, target: Target, name: str, settings: GroupSettings) -> None:
        fault = settings.fault()
        if fault is None and target.stream is None and settings.start > self._reader.store.head:
            fault = _PAST_THE_END
        if fault is not None:
            raise GroupFailed(target.name, name, fault)

    def _check_buffer(self, target: Target, name: str, settings: GroupSettings) -> None:
        fault = settings.buffer_fault()
        if fault is not None:
            raise GroupFailed(target.name, name, fault)

    def _check_filter(self, target: Target) -> None:
        try:
            matching(self._reader, target.filter)
        except re.error as error:
            raise InvalidRequest(f"the filter is not a regular expression: {error}") from error


def _place(target: Target, data: bytes) -> int:
    place = target.place(json.loads(data))
    if not 0 <= place <= _MOST:
        raise ValueError(place)
    return place
