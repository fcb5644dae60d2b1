"""A group: one position in a stream or `$all`, shared by consumers who compete for its messages."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from enum import Enum

from esnb.embedded.persistent.consumer import Consumer
from esnb.embedded.persistent.deliveries import Deliveries
from esnb.embedded.persistent.errors import GroupDropped, TooManyConsumers
from esnb.embedded.persistent.group_settings import GroupSettings, Target
from esnb.embedded.persistent.intake import Intake
from esnb.embedded.persistent.journal import (
    CHECKPOINT_TYPE,
    Journal,
    checkpoint_stream,
    parked_stream,
    replay_stream,
)
from esnb.embedded.persistent.message import Message
from esnb.embedded.persistent.parking import Parking
from esnb.embedded.persistent.progress import GroupProgress
from esnb.embedded.persistent.replay import Replay, replay_event
from esnb.embedded.persistent.statistics import GroupStatistics, Rate, per_second
from esnb.embedded.persistent.strategies import STRATEGIES, Pins
from esnb.embedded.persistent.timings import Timings
from esnb.embedded.storage.record import Proposed
from esnb.embedded.streams.errors import Refused, StreamDeleted
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.store import Clock
from esnb.embedded.streams.stream_metadata import metastream_of

_MILLISECOND = 10_000


class Nack(Enum):
    """What a consumer wants done with a message that it could not handle."""

    RETRY = "retry"
    PARK = "park"
    SKIP = "skip"
    STOP = "stop"


class Group:
    """The rules of delivery. Every method belongs to one thread.

    `advance` takes in what the store has, a part at a time, and is to be called
    again for as long as it says so and whenever `wake` was called or the source
    has news; `tick` is to be called every second.
    """

    def __init__(
        self,
        target: Target,
        name: str,
        settings: GroupSettings,
        reader: Reader,
        clock: Clock,
        journal: Journal,
        *,
        begin: int | None = None,
        checkpoint: int | None = None,
        replaying: Sequence[range] = (),
    ) -> None:
        """`begin` is the first place of a group that has no checkpoint yet; None: its settings'.

        `replaying` are the parked messages, by their revisions, whose replay goes on.
        """
        self.target = target
        self.name = name
        self.settings = settings
        self.wake: Callable[[], None] = lambda: None
        self._reader = reader
        self._clock = clock
        self._journal = journal
        self._parking = Parking(reader, parked_stream(self.subscription))
        pins = Pins(reader.store.streams, reader.store.types)
        self._deliveries = Deliveries(
            STRATEGIES[settings.strategy](pins), settings.message_timeout, clock
        )
        self._progress = GroupProgress(checkpoint)
        self._intake = Intake(target, settings, reader, self._progress, begin)
        self._buffer = self._intake.buffer
        self._replay = Replay(reader, self._parking.stream, replaying)
        self._replay_kept = list(replaying)
        self._buffer.add_replayed(self._replay.page())
        self._ended: Exception | None = None
        self._rate = Rate(clock())
        self._ticked = False
        self.begin = self._intake.begin

    @property
    def subscription(self) -> str:
        """The group's name among all groups."""
        return f"{self.target.name}::{self.name}"

    @property
    def checkpoint(self) -> int | None:
        """The place up to which everything is finished, as last written."""
        return self._progress.checkpoint

    @property
    def failure(self) -> Exception | None:
        """What ended the group, where nobody wanted it to end."""
        return None if isinstance(self._ended, GroupDropped) else self._ended

    @property
    def replaying(self) -> list[range]:
        """The parked messages that are being replayed, by their revisions."""
        return self._replay.remaining()

    # --- consumers ------------------------------------------------------------

    def connect(self, consumer: Consumer) -> None:
        """Give the consumer its part from now on; raises `TooManyConsumers`."""
        most = self.settings.max_subscriber_count
        if most and len(self._deliveries.consumers) >= most:
            raise TooManyConsumers(self.target.name, self.name)
        if self.settings.extra_statistics:
            consumer.timings = Timings()
        if self._ended is not None:
            consumer.drop(self._ended)
            return
        self._deliveries.add(consumer)
        self._give_out()

    def disconnect(self, consumer: Consumer) -> None:
        """The consumer is gone: the others get what it had, once more tried."""
        for message in self._deliveries.remove(consumer):
            self._try_again(message)
        self._give_out()

    def end(self, error: Exception | None = None) -> None:
        """Drop every consumer, and each that comes; with an `error` nothing can be written."""
        if self._ended is not None:
            return
        if error is None:
            self._keep_replay()
        self._ended = error or GroupDropped(self.target.name, self.name)
        self._deliveries.drop(self._ended)

    # --- what consumers say ---------------------------------------------------

    def acknowledge(self, ids: Sequence[bytes]) -> None:
        """These messages were handled. Unknown ids are passed over."""
        for message_id in ids:
            message = self._deliveries.taken_back(message_id)
            if message is not None:
                self._finish(message)
        self._went_on()

    def refuse(self, ids: Sequence[bytes], action: Nack, reason: str) -> None:
        """These messages were not handled. Unknown ids are passed over."""
        for message_id in ids:
            message = self._deliveries.taken_back(message_id)
            if message is None:
                continue
            if action is Nack.RETRY:
                self._retry(message)
            elif action is Nack.PARK:
                self._park(message, f"Client explicitly NAK'ed message.\n{reason}")
            else:
                self._finish(message)
        self._went_on()

    def replay_parked(self, stop_at: int | None = None) -> None:
        """Deliver the parked messages, those before revision `stop_at` of their stream only.

        They leave the parked stream; those parked meanwhile stay in it.
        """
        parked = self._parking.revisions(self._replay.end)
        stop = parked.stop if stop_at is None else min(stop_at, parked.stop)
        if stop <= parked.start:
            return
        self._replay.add(range(parked.start, stop))
        self._keep_replay()  # before they leave their stream: they are never nowhere
        self._write(metastream_of(self._parking.stream), self._parking.truncation(stop))
        self._buffer.add_replayed(self._replay.page())
        self._give_out()

    # --- what time and the store say --------------------------------------------

    def tick(self) -> None:
        """A second has gone by: take back what timed out, and write a checkpoint if one is due."""
        if self._ended is not None:
            return
        for message in self._deliveries.late():
            self._retry(message)
        self._give_out()
        self._ticked = True
        self._checkpoint()
        self._keep_replay()
        if not self._buffer.live:
            self.wake()

    def advance(self) -> bool:
        """Take in some of the source's events. True when there may be more at once."""
        if self._ended is not None:
            return False
        try:
            more = self._intake.take_in(self._give_out)
        except StreamDeleted:
            self.end()
            return False
        except Refused as error:
            self.end(error)
            return False
        self._checkpoint()
        self._give_out()
        return more

    def statistics(self) -> GroupStatistics:
        """How the group stands. Rates count from one call to the next."""
        now = self._clock()
        elapsed = self._rate.elapsed(now)
        given = self._deliveries
        since = self._rate.since(given.total)
        return GroupStatistics(
            target=self.target,
            group=self.name,
            settings=self.settings,
            live=self._buffer.live,
            consumers=[consumer.statistics(elapsed) for consumer in given.consumers],
            total=given.total,
            since_last=since,
            per_second=per_second(since, elapsed),
            checkpoint=self._progress.checkpoint,
            last_known=self._intake.last_known,
            read_buffer=len(self._buffer.fresh),
            live_buffer=len(self._buffer.recent),
            retry_buffer=len(self._buffer.retry),
            outstanding=len(given),
            parked=len(self._parking.revisions(self._replay.end)),
        )

    # --- inside ---------------------------------------------------------------

    def _give_out(self) -> None:
        if self._deliveries.consumers:
            self._buffer.give_out(self._deliveries.offer, self._replay.page)

    def _retry(self, message: Message) -> None:
        most = self.settings.max_retry_count
        if message.retries >= most:
            self._park(message, f"Reached retry count of {most}")
        else:
            self._try_again(message)

    def _try_again(self, message: Message) -> None:
        message.retries += 1
        self._buffer.add_retry(message)

    def _park(self, message: Message, reason: str) -> None:
        def parked(kept: bool) -> None:
            if not kept:
                if not message.replayed:
                    self._progress.reopened(message)
                self._buffer.add_retry(message)  # better delivered again than lost
            elif message.replayed:
                self._replay.finished(message)

        if not message.replayed:
            # It counts at once. A checkpoint behind it is written after it, so
            # that the log never holds the one without the other.
            self._progress.finished(message)
        event = self._parking.link(message, reason, self._clock())
        self._write(self._parking.stream, event, parked)

    def _finish(self, message: Message) -> None:
        if message.replayed:
            self._replay.finished(message)
        else:
            self._progress.finished(message)

    def _keep_replay(self) -> None:
        remaining = self._replay.remaining()
        if remaining != self._replay_kept:
            self._replay_kept = remaining
            self._write(replay_stream(self.subscription), replay_event(remaining))

    def _went_on(self) -> None:
        self._checkpoint()
        if not self._buffer.live:
            self.wake()
        self._give_out()

    def _checkpoint(self) -> None:
        settings = self.settings
        place = self._progress.due(
            self._clock(),
            after=settings.checkpoint_after * _MILLISECOND if settings.checkpoint_after else None,
            least=settings.min_checkpoint_count,
            most=settings.max_checkpoint_count,
            on_tick=self._ticked,
        )
        self._ticked = False
        if place is not None:
            data = json.dumps(self.target.described(place)).encode()
            event = Proposed(uuid.uuid4().bytes, CHECKPOINT_TYPE, True, data, b"")
            self._write(checkpoint_stream(self.subscription), event)

    def _write(
        self, stream: str, event: Proposed, done: Callable[[bool], None] = lambda kept: None
    ) -> None:
        if self._ended is None:
            self._journal.write(stream, event, done)
