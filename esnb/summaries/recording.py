"""Recordings: what `save` returns, an event and its place in the application's sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from esnb.drawing.values import Limits, ValueTree, counted, tree
from esnb.summaries.summary import Section, Summary, SummaryRow
from esnb.topics import own_name, short_type
from esnb.values.state import attributes

if TYPE_CHECKING:
    from eventsourcing.persistence import Recording

BOOKKEEPING = frozenset({"originator_id", "originator_version", "timestamp", "originator_topic"})
"""What every event has, and the summary says elsewhere."""


def of_recording(recording: Recording[Any]) -> Summary:
    """The event and its data."""
    notification = recording.notification
    rows = [SummaryRow(name, value) for name, value in _data(recording).items()]
    return Summary(
        short_type(notification.topic),
        str(notification.originator_id),
        f"version {notification.originator_version:,}",
        [Section("Action", "the event and its data", rows, "no data")],
    )


def of_recordings(recordings: Sequence[Recording[Any]]) -> Summary:
    """Several, one line each."""
    rows = [_row(each) for each in recordings]
    count = counted(len(rows), "event")
    return Summary(
        "Recorded", "", count, [Section("Events", "in the order of their recording", rows)]
    )


def _row(recording: Recording[Any]) -> SummaryRow:
    notification = recording.notification
    return SummaryRow(
        f"{notification.originator_version:,}",
        _keyless(tree(_data(recording), Limits(60, 6, 2))),
        own_name(notification.topic, short_type(notification.topic)),
        str(notification.originator_id),
    )


def _keyless(node: ValueTree) -> ValueTree:
    """The entries of the data on one line, without the quotes of their names."""
    entries = ", ".join(f"{key.strip(chr(39))}: {inner.line()}" for key, inner in node.entries)
    return ValueTree(entries)


def _data(recording: Recording[Any]) -> Mapping[str, Any]:
    found = attributes(recording.domain_event)
    return {name: value for name, value in found if name not in BOOKKEEPING}
