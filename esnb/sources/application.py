"""An eventsourcing Application as a source: through its own recorder and mapper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from esnb.sources.columns import Schema
from esnb.sources.lag import has_gapless_ids
from esnb.sources.payload import (
    Decoded,
    decode_or_keep,
    is_transcoded,
    mapper_decoder,
    mapper_plain,
    writes_its_own_way,
)
from esnb.sources.record import Origin, Record, as_first_recorded

PAGE = 5_000
"""Events that a read asks the recorder for at once."""


class ApplicationSource:
    """The events of one application, as its recorder has them.

    Reads through `ApplicationRecorder` only, so it works with whatever
    persistence module the application runs on. What the library's classes have
    no place for (event id, recorded time, metadata) is taken from a recorder's
    own subclasses where they carry it.
    """

    def __init__(self, app: Application[Any]) -> None:
        self.app = app
        self.recorder = app.recorder
        self._decode = mapper_decoder(app.mapper)
        self._plain = mapper_plain(app.mapper)

    @property
    def name(self) -> str:
        return f"application {self.app.name!r}"

    @property
    def extra_columns(self) -> Schema:
        return {}

    def events(self, start: int | None) -> AbstractContextManager[Iterator[Record]]:
        return nullcontext(
            self.record(notification, notification.id) for notification in self.notifications(start)
        )

    def notifications(self, start: int | None) -> Iterator[Notification]:
        """The recorder's notifications in order, up to the last one there is now."""
        head = self.recorder.max_notification_id()
        if head is None:
            return
        inclusive = True
        while True:
            page = self.recorder.select_notifications(
                start, PAGE, stop=head, inclusive_of_start=inclusive
            )
            yield from page
            if len(page) < PAGE:
                return
            start, inclusive = page[-1].id, False

    def stream(
        self, name: UUID | str, start: int | None, stop: int | None, last: int | None
    ) -> AbstractContextManager[Iterator[Record]]:
        stored = self.select(
            name,
            gt=None if start is None else start - 1,
            lte=None if stop is None else stop - 1,
            last=last,
        )
        return nullcontext(self.record(event, getattr(event, "position", None)) for event in stored)

    def select(
        self,
        name: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        last: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The stored events of one aggregate, oldest first."""
        if last == 0:  # not every recorder takes a limit of none for one
            return []
        for originator_id in self.originator_ids(name):
            if last is None:
                stored = self.recorder.select_events(originator_id, gt=gt, lte=lte)
            else:
                newest = self.recorder.select_events(
                    originator_id, gt=gt, lte=lte, desc=True, limit=last
                )
                stored = newest[::-1]
            if stored:
                return stored
        return []

    def originator_ids(self, name: UUID | str) -> list[UUID | str]:
        """What `name` can mean to this application's recorder, likeliest first."""
        return originator_ids(self.app, name)

    def count(self, start: int | None) -> int | None:
        if not has_gapless_ids(self.recorder):
            return None
        return max(0, (self.recorder.max_notification_id() or 0) - (start or 1) + 1)

    @property
    def origin(self) -> Origin:
        mapper = self.app.mapper
        return Origin(
            "application", self.app.name, is_transcoded(mapper), writes_its_own_way(mapper)
        )

    def plain(self, record: Record) -> bytes:
        return self._plain(record.state)

    def decode(self, record: Record) -> Decoded:
        return decode_or_keep(self._decode, record.state)

    def category(self, first: Record, data: Any) -> str | None:
        return category_of_aggregate(first, data)

    def record(self, event: StoredEvent, position: int | None = None) -> Record:
        event_id = getattr(event, "event_id", None)
        metadata = getattr(event, "metadata", None)
        metadata, recorded = as_first_recorded(
            None if metadata is None else dict(metadata), getattr(event, "recorded", None)
        )
        return Record(
            str(event.originator_id),
            event.originator_version,
            event.topic,
            event.state,
            position,
            None if event_id is None else str(event_id),
            recorded,
            metadata,
        )


def category_of_aggregate(first: Record, data: Any) -> str | None:
    """The name of the aggregate's class, if its first event names it."""
    topic = data.get("originator_topic") if type(data) is dict else None
    if isinstance(topic, str) and topic:
        return topic.rpartition(":")[2]
    return first.around or None


def originator_ids(app: Application[Any], name: UUID | str) -> list[UUID | str]:
    """What `name` can mean to `app`, likeliest first.

    A UUID, its text, or a stream's name, of which the part after the category
    is the id. The recorder's own setting says whether ids are text; where they
    are not, other texts mean nothing.
    """
    if isinstance(name, UUID):
        return [str(name), name] if has_text_ids(app) else [name]
    if has_text_ids(app):
        naming = getattr(getattr(app.recorder, "category", None), "naming", None)
        own = None if naming is None else naming.originator_id(name)
        return [name] if own is None else [name, own]
    meanings: list[UUID | str] = []
    for text in (name, name.partition("-")[2]):
        try:
            meanings.append(UUID(text))
        except ValueError:
            continue
    if isinstance(app.recorder, POPOApplicationRecorder):
        meanings.append(name)  # POPO keeps ids as they are, whatever the setting
    return meanings


def has_text_ids(app: Application[Any]) -> bool:
    """Whether the application says that its ids are text."""
    return app.env.get("ORIGINATOR_ID_TYPE", "uuid").lower() == "text"
