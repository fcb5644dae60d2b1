"""All groups of a server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from esnb.embedded.persistent import configuration
from esnb.embedded.persistent.configuration import Configuration, Unsound
from esnb.embedded.persistent.errors import GroupExists, GroupFailed, GroupMissing
from esnb.embedded.persistent.group import SubscriptionGroup
from esnb.embedded.persistent.group_settings import GroupSettings, GroupTarget
from esnb.embedded.persistent.journal import (
    Journal,
    checkpoint_stream,
    parked_stream,
    replay_stream,
)
from esnb.embedded.persistent.replay import replay_ranges
from esnb.embedded.persistent.source import matcher_of, source_of
from esnb.embedded.persistent.strategies import STRATEGIES
from esnb.embedded.storage.record import Content, Proposed, content
from esnb.embedded.streams.errors import BadExpression, ExpressionTooSlow
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.store import Clock
from esnb.embedded.streams.system_stream import UNSOUND, newest_first, newest_sound

_PAST_THE_END = (
    "Invalid Start From position: commit position must be less than or equal to the last "
    "commit position in the transaction file."
)


class Registry:
    """Groups by target and name. Which there are, `configuration` says, for the log to keep."""

    def __init__(self, reader: Reader, clock: Clock, journal: Journal) -> None:
        self._reader = reader
        self._clock = clock
        self._journal = journal
        self._groups: dict[tuple[str, str], SubscriptionGroup] = {}
        self._known: set[str] = set()
        """The targets that had a group once; EventStoreDB lists none for the others."""
        self.left_out: dict[tuple[str, str], str] = {}
        """Groups that the log keeps and that cannot be served, with the reasons."""

    def create(self, target: GroupTarget, name: str, settings: GroupSettings) -> SubscriptionGroup:
        """A new group.

        Raises `BadExpression`, `ExpressionTooSlow`, `GroupFailed` or `GroupExists`.
        """
        matcher_of(self._reader, target.filter)
        self._check(target, name, settings)
        if (target.name, name) in self._groups:
            raise GroupExists(target.name, name)
        self._check_buffer(target, name, settings)
        return self._add(target, name, settings)

    def update(
        self, target: GroupTarget, name: str, settings: GroupSettings
    ) -> tuple[SubscriptionGroup, SubscriptionGroup]:
        """The old group, ended, and the new one, which continues from the old one's checkpoint.

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

    def delete(self, target_name: str, name: str) -> SubscriptionGroup:
        """The group, which was ended and is forgotten; raises `GroupMissing`."""
        group = self.get(target_name, name)
        group.end()
        del self._groups[target_name, name]
        return group

    def get(self, target_name: str, name: str) -> SubscriptionGroup:
        """The group of that name; raises `GroupMissing`."""
        group = self._groups.get((target_name, name))
        if group is None:
            raise GroupMissing(target_name, name)
        return group

    def all(self) -> list[SubscriptionGroup]:
        """Every group."""
        return list(self._groups.values())

    def of(self, target_name: str) -> list[SubscriptionGroup]:
        """The groups of a target; raises `GroupMissing` when it never had any."""
        if target_name not in self._known:
            raise GroupMissing(target_name, "")
        return [group for (name, _), group in self._groups.items() if name == target_name]

    def forget(self, group: SubscriptionGroup) -> None:
        """Leave out a group that could not be kept, or whose store was emptied."""
        key = group.target.name, group.name
        if self._groups.get(key) is group:
            del self._groups[key]
        if not self.of(group.target.name):
            self._known.discard(group.target.name)

    def load(self) -> list[SubscriptionGroup]:
        """Start over with the groups that the log keeps; `left_out` names those that cannot be."""
        self._groups.clear()
        self._known.clear()
        self.left_out.clear()
        for kept in self._configurations():
            for target_name, name, reason in kept.unsound:
                if not self._is_settled(target_name, name):
                    self.left_out[target_name, name] = reason
            for target, name, settings, begin in kept.entries:
                if not self._is_settled(target.name, name):
                    self._add(target, name, settings, begin)
        return self.all()

    def _configurations(self) -> Iterator[Configuration]:
        """The newest event that keeps groups.

        One with unsound groups is a client's own: what the server wrote before it comes too.
        """
        for record in newest_first(self._reader.store, configuration.STREAM):
            try:
                found = self._sift(configuration.read(content(record).data))
            except UNSOUND:
                continue
            yield found
            if not found.unsound:
                return

    def _sift(self, found: Configuration) -> Configuration:
        """With the groups that no consumer could be served by among the unsound ones."""
        sifted = Configuration([], list(found.unsound))
        for entry in found.entries:
            target, name, settings, _ = entry
            fault = _fault(settings) or settings.buffer_fault() or self._filter_fault(target)
            if fault is None:
                sifted.entries.append(entry)
            else:
                sifted.unsound.append(Unsound(target.name, name, fault))
        return sifted

    def _is_settled(self, target_name: str, name: str) -> bool:
        """Whether a newer event said something about the group."""
        key = target_name, name
        return key in self._groups or key in self.left_out

    def configuration(self) -> Proposed:
        """The event that keeps the groups as they are now."""
        entries = (
            configuration.Entry(group.target, group.name, group.settings, group.begin)
            for group in self._groups.values()
        )
        return configuration.event(entries, self._clock())

    def _add(
        self, target: GroupTarget, name: str, settings: GroupSettings, begin: int | None = None
    ) -> SubscriptionGroup:
        group = self._group(target, name, settings, begin)
        self._groups[target.name, name] = group
        self._known.add(target.name)
        return group

    def _group(
        self,
        target: GroupTarget,
        name: str,
        settings: GroupSettings,
        begin: int | None = None,
        checkpoint: int | None = None,
        replaying: Sequence[range] | None = None,
    ) -> SubscriptionGroup:
        subscription = f"{target.name}::{name}"
        if checkpoint is None:
            checkpoint = self._checkpoint(target, subscription)
        if replaying is None:
            replaying = self._replayed_ranges(subscription)
        return SubscriptionGroup(
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

    def _checkpoint(self, target: GroupTarget, subscription: str) -> int | None:
        """The place that is kept; one that nothing has reached yet is not the server's."""
        head = source_of(self._reader, target).head()

        def read(kept: Content) -> int:
            place = target.parse_place(json.loads(kept.data))
            if not 0 <= place <= head:
                raise ValueError(place)
            return place

        return newest_sound(self._reader.store, checkpoint_stream(subscription), read)

    def _replayed_ranges(self, subscription: str) -> list[range]:
        store = self._reader.store
        stream = replay_stream(subscription)
        kept = newest_sound(store, stream, lambda event: replay_ranges(event.data)) or []
        end = store.shown.state(parked_stream(subscription)).last + 1
        return [range(one.start, min(one.stop, end)) for one in kept if one.start < end]

    def _check(self, target: GroupTarget, name: str, settings: GroupSettings) -> None:
        fault = _fault(settings)
        if fault is None and target.stream is None and settings.start > self._reader.store.head:
            fault = _PAST_THE_END
        if fault is not None:
            raise GroupFailed(target.name, name, fault)

    def _check_buffer(self, target: GroupTarget, name: str, settings: GroupSettings) -> None:
        fault = settings.buffer_fault()
        if fault is not None:
            raise GroupFailed(target.name, name, fault)

    def _filter_fault(self, target: GroupTarget) -> str | None:
        try:
            matcher_of(self._reader, target.filter)
        except BadExpression as error:
            return error.reason
        except ExpressionTooSlow as error:
            return str(error)
        return None


def _fault(settings: GroupSettings) -> str | None:
    """Why no group can work with these settings, None when one can."""
    if settings.strategy not in STRATEGIES:
        return f"Consumer strategy {settings.strategy} does not exist."
    return settings.start_fault()
