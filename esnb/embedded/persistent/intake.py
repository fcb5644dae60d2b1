"""What comes into a group: what is committed from now on, and the history where it is behind."""

from __future__ import annotations

from collections.abc import Callable

from esnb.embedded.persistent.buffer import Buffer
from esnb.embedded.persistent.group_settings import END, GroupSettings, Target
from esnb.embedded.persistent.message import Message
from esnb.embedded.persistent.progress import GroupProgress
from esnb.embedded.persistent.source import Candidate, source_of
from esnb.embedded.streams.reading import Reader

_DEFAULT_PAGE = 20
_LARGEST_PAGE = 500


class Intake:
    """Fills a group's buffer, in order, each event once."""

    def __init__(
        self,
        target: Target,
        settings: GroupSettings,
        reader: Reader,
        progress: GroupProgress,
        begin: int | None,
    ) -> None:
        """`begin` is the first place where no checkpoint is known; None: the settings'."""
        self._settings = settings
        self._reader = reader
        self._progress = progress
        self._source = source_of(reader, target)
        self._arrived = self._source.head() + 1
        """The first place of what arrives from now on."""
        first = settings.start if begin is None else begin
        if progress.checkpoint is not None:
            first = progress.checkpoint + 1
        live = first == END
        self.begin = self._arrived if live else first
        self._following = self.begin
        """The first place of history that has not been read."""
        self.last_known: int | None = None
        """The last place of an event that the group wants."""
        self.buffer = Buffer(
            settings.history_buffer_size, settings.live_buffer_size, live, progress.entered
        )

    def take_in(self, give_out: Callable[[], None]) -> bool:
        """Take in a part of what there is. True when there may be more at once.

        `give_out` makes room in the buffer where consumers take what is in it.
        Raises `StreamDeleted` when the history is that of a tombstoned stream.
        """
        more = self._take_in_arrivals(give_out)
        return self._read_history() or more

    def _take_in_arrivals(self, give_out: Callable[[], None]) -> bool:
        page = self._source.arrivals(self._arrived)
        self._arrived = page.next
        buffer = self.buffer
        for one in page.records:
            if one.place < self.begin or self._has_come(one.place):
                continue
            if not one.wanted:
                if buffer.live:
                    self._progress.passed(one.place)
                continue
            self._know(one.place)
            was_live = buffer.live
            if was_live and buffer.is_full():
                give_out()  # EventStoreDB gives out each event as it arrives
            buffer.add_arrived(self._message(one, live=True))
            if was_live and not buffer.live:
                self._following = one.place
        return not page.ended

    def _read_history(self) -> bool:
        buffer, size = self.buffer, self._settings.read_batch_size
        if buffer.live or not buffer.accepts(size):
            return False
        page = self._source.page(self._following, min(size or _DEFAULT_PAGE, _LARGEST_PAGE))
        for one in page.records:
            if one.wanted:
                self._know(one.place)
                buffer.add_read(self._message(one, live=False))
            if buffer.live:
                return False
            if not one.wanted:
                self._progress.passed(one.place)
        self._following = page.next
        if page.ended:
            buffer.end_of_history()
        return not page.ended

    def _has_come(self, place: int) -> bool:
        reached = self._progress.reached
        return reached is not None and place <= reached

    def _know(self, place: int) -> None:
        if self.last_known is None or place > self.last_known:
            self.last_known = place

    def _message(self, one: Candidate, *, live: bool) -> Message:
        if not self._settings.resolve_links:
            return Message(one.record, None, one.place)
        event, link = self._reader.resolved(one.record, live=live)
        return Message(event, link, one.place)
