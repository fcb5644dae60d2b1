"""Checkpoints: how far projections have come."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pandas as pd
from eventsourcing.application import Application
from eventsourcing.persistence import TrackingRecorder

from esnb.adapters.checkpoint_event import CheckpointEvent, event_instead
from esnb.adapters.stream_prefix import stream_prefix
from esnb.clients.uri import guarded, guarded_argument
from esnb.frames.schema import build
from esnb.frames.subscriptions import subscriptions as group_frame
from esnb.projections.views import kind_of
from esnb.sources.columns import Schema
from esnb.sources.lag import application_lag, category_lag
from esnb.sources.redis_client import answering
from esnb.sources.source import describe_source, is_client
from esnb.tables.kind import Kind

_URL = "REDIS_URL"
_KEY_PREFIX = "REDIS_KEY_PREFIX"

CHECKPOINTS: Schema = {
    "name": "string",
    "application": "string",
    "position": "Int64",
    "head": "Int64",
    "lag": "Int64",
}
CHECKPOINT = Kind("checkpoint", strong="name")


@dataclass(frozen=True)
class CheckpointRow:
    """How far the projection `name` has come in the events of `application`."""

    name: str
    application: str
    position: int | None
    head: int | None = None
    lag: int | None = None


def checkpoints(source: Any) -> pd.DataFrame:
    """One row per application that a projection follows, sorted by both names.

    `source` is a projection's view (any `TrackingRecorder`), a runner, an
    application that processes the events of others, the `Stores` that
    `esnb.connect()` returns (all views in its Redis), any other application
    (the views in the Redis of its `REDIS_URL` that follow its streams, not those
    of another tenant's EVENTSTOREDB_STREAM_PREFIX; none without a `REDIS_URL`),
    or an EventStoreDB client (the groups of its persistent subscriptions).

    Columns: `name` (string: the projection's, the view's or the group's),
    `application` (string; for a group the stream, or `$all`), `position` (Int64:
    the last event applied), `head` (Int64: the application's last event; for a
    group the last one it has seen) and `lag` (Int64: events between the two; 0
    when caught up). Head and lag are missing where the source does not lead to
    the application (a view alone; through `Stores`, an application whose streams
    have no prefix, or one other than its name that the view does not record). A
    lag is missing where more than 10,000 events would have to be counted, and
    where a view was made from a different log than the application now
    has: its runner reports that, too.

    Raises TypeError for any other source and for a recorder that cannot tell
    which applications it follows, OperationalError when a server does not answer.

    >>> import esnb
    >>> from eventsourcing.persistence import Tracking
    >>> from eventsourcing.popo import POPOTrackingRecorder
    >>> view = POPOTrackingRecorder()
    >>> view.insert_tracking(Tracking("Shop", 7))
    >>> esnb.checkpoints(view)[["application", "position"]]
    application  position
    Shop                7
    1 checkpoint
    """
    source = guarded_argument(source)
    found = sorted(_checkpoints(source), key=lambda each: (each.name, each.application))
    return build(
        CHECKPOINT,
        CHECKPOINTS,
        {column: [getattr(each, column) for each in found] for column in CHECKPOINTS},
    )


def _checkpoints(source: Any) -> Iterator[CheckpointRow]:
    if isinstance(source, TrackingRecorder):
        yield from _of_recorder(source, kind_of(source).name)
    elif isinstance(source, Application) and isinstance(source.recorder, TrackingRecorder):
        yield from _of_recorder(source.recorder, source.name)
    elif isinstance(source, Application):
        yield from _of_followers(source)
    elif not isinstance(source, type) and hasattr(source, "projection"):
        yield from _of_runner(source)
    elif not isinstance(source, type) and is_client(source):
        yield from _of_groups(source)
    elif not isinstance(source, type) and hasattr(source, "eventstoredb"):
        yield from _of_stores(source)
    else:
        raise TypeError(
            f"no checkpoints: {describe_source(source)}; pass a view (a TrackingRecorder), a runner, an "
            "application, an EventStoreDB client, or the Stores that esnb.connect() returns"
        )


def _of_recorder(recorder: TrackingRecorder, name: str) -> Iterator[CheckpointRow]:
    for application, position in kind_of(recorder).positions().items():
        yield CheckpointRow(name, application, position)


def _of_runner(runner: Any) -> Iterator[CheckpointRow]:
    """A runner's, with the head of the application that it runs over."""
    recorder = tracking_recorder_of(runner)
    kind = kind_of(recorder)
    name = getattr(runner.projection, "name", "") or kind.name
    application = runner.app.name
    try:
        known = kind.positions()
    except TypeError:  # it need not be able to list them: the runner names its application
        known = {}
    position = known.get(application, recorder.max_tracking_id(application))
    events = kind.checkpoint_events(may_create=False)
    followed = dict(known) if position is None else {**known, application: position}
    for each, reached in followed.items():
        head = runner.app.recorder.max_notification_id() if each == application else None
        event = None if head is None else events.load(each)
        lag = _lag(runner.app.recorder, reached, head, event)
        yield CheckpointRow(name, each, reached, head, lag)


def tracking_recorder_of(runner: Any) -> TrackingRecorder:
    """The recorder in which a runner keeps its checkpoint; TypeError where there is none."""
    for candidate in (getattr(runner, "view", None), getattr(runner.projection, "recorder", None)):
        if isinstance(candidate, TrackingRecorder):
            return candidate
    raise TypeError(f"{describe_source(runner)} has neither a view nor a recorder with checkpoints")


def _of_followers(app: Application[Any]) -> Iterator[CheckpointRow]:
    """Those of the views that follow an application, in the Redis of its environment."""
    url, prefix = _redis_settings(app)
    if not url:
        return
    from esnb.clients.redis import redis_client  # brings redis-py
    from esnb.redis.connection import check_url
    from esnb.redis.tracking_hash import followed

    check_url(url)
    head = app.recorder.max_notification_id()
    with closing(redis_client(url)) as client, answering(client):
        found = list(followed(client, prefix))
    own = stream_prefix(app.env, app.name)
    for each in found:
        is_own = None in (own, each.streams) or own == each.streams
        if each.application == app.name and is_own:
            yield CheckpointRow(
                each.view,
                each.application,
                each.position,
                head,
                _lag(app.recorder, each.position, head, each.event),
            )


def _lag(
    recorder: Any, position: int, head: int | None, event: CheckpointEvent | None
) -> int | None:
    """The events between the two; None in a log that is not the one of the checkpoint's event."""
    if head is None or (event is not None and event_instead(event, recorder) is not None):
        return None
    return application_lag(recorder, position, head)


def _redis_settings(app: Application[Any]) -> tuple[str, str | None]:
    """Redis' URL and the prefix of its keys.

    Here, where no error passes: tracebacks with variables show all that a line names.
    """
    return guarded(app.env.get(_URL) or ""), app.env.get(_KEY_PREFIX)


def _prefix_of(stores: Any) -> str | None:
    found: str | None = stores.env.get(_KEY_PREFIX) or os.environ.get(_KEY_PREFIX)
    return found


def _of_stores(stores: Any) -> Iterator[CheckpointRow]:
    """Every view's in the Redis of `stores`."""
    from esnb.redis.tracking_hash import followed  # brings redis-py

    with answering(stores.redis):
        found = list(followed(stores.redis, _prefix_of(stores)))
    for each in found:
        head = lag = None
        # Without a prefix they are in no category: any stream may be one of them.
        if category := each.application if each.streams is None else each.streams:
            head, lag = category_lag(stores.eventstoredb, category, each.position)
        yield CheckpointRow(each.view, each.application, each.position, head, lag)


def _of_groups(client: Any) -> Iterator[CheckpointRow]:
    """Those that a server keeps for persistent subscriptions."""
    for group in group_frame(client).to_dict("records"):
        place, head, lag = (
            None if pd.isna(number := group[column]) else int(number)
            for column in ("checkpoint", "last_known", "lag")
        )
        yield CheckpointRow(group["group"], group["stream"], place, head, lag)
