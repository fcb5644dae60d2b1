"""What a group is told to do: its target, and how it reads, retries and checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

ALL = "$all"
END = -1
"""Where a group begins that wants only what is still to come."""


class EventFilter(NamedTuple):
    """Which events of `$all` a group takes: by stream name or by type, by expression or prefix."""

    by_stream: bool
    regex: str
    prefixes: tuple[str, ...]


class GroupTarget(NamedTuple):
    """What a group reads: the stream, or `$all` where it is None."""

    stream: str | None
    filter: EventFilter | None = None

    @property
    def name(self) -> str:
        """As clients name it."""
        return ALL if self.stream is None else self.stream

    def place_text(self, place: int) -> str:
        """A place in the target as clients read it: a revision, or a position in `$all`."""
        return str(place) if self.stream is not None else f"C:{place}/P:{place}"

    def parse_place(self, text: str) -> int:
        """The place that `place_text` returned as `text`."""
        if self.stream is not None:
            return int(text)
        return int(text.partition("/")[0].removeprefix("C:"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """Times are in milliseconds. `checkpoint_after` 0 means never, `message_timeout` 0 at
    every tick of the clock. `start` is the first place that is wanted.
    """

    start: int
    resolve_links: bool
    extra_statistics: bool
    message_timeout: int
    checkpoint_after: int
    max_retry_count: int
    min_checkpoint_count: int
    max_checkpoint_count: int
    max_subscriber_count: int
    live_buffer_size: int
    read_batch_size: int
    history_buffer_size: int
    strategy: str

    def start_fault(self) -> str | None:
        """Why no group can begin at `start`, None when one can."""
        if self.start < END:
            return "Invalid Start From position: event number must be greater than or equal to -1."
        return None

    def buffer_fault(self) -> str | None:
        """Why a page of history would never fit the buffer, None when it does."""
        if self.read_batch_size < self.history_buffer_size:
            return None
        return (
            "Specified argument was out of the range of valid values. (Parameter "
            "'ReadBatchSize may not be greater than or equal to BufferSize')"
        )
