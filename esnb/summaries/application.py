"""An application: where it keeps its events, and its newest ones."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from esnb.clients.uri import display_uri, masked_error
from esnb.drawing.values import counted
from esnb.sources.application import has_text_ids
from esnb.sources.lag import has_gapless_ids
from esnb.sources.paging import Pager
from esnb.summaries.summary import Section, Summary, SummaryRow, Words
from esnb.threads.question import PATIENCE, within

if TYPE_CHECKING:
    from eventsourcing.application import Application

    from esnb.sources.record import Record

_NEWEST = 5
_STORES = {
    "eventsourcing.popo": "memory (POPO), gone with the process",
    "eventsourcing.sqlite": "SQLite",
    "eventsourcing.postgres": "PostgreSQL",
}
"""What the library's own persistence modules store events in."""


def of_application(app: Application[Any]) -> Summary:
    """Read at once, and at most for a second: a store that is away does not hold up a cell."""
    about = [SummaryRow("events in", Words(_store(app)))]
    if has_text_ids(app):
        about.append(SummaryRow("ids", Words("text")))
    about.append(SummaryRow("snapshots", Words("none" if app.snapshots is None else "taken")))
    try:
        count, newest = within(PATIENCE, "application", lambda: (_count(app), _newest(app)))
    except Exception as error:  # noqa: BLE001  whatever the store says, said here
        about.append(SummaryRow("events", Words(f"not known: {masked_error(error)}")))
        count, newest = None, []
        nothing = ""
    else:
        nothing = "no events yet"
    return Summary(
        app.name,
        "",
        "application" if count is None else f"application, {counted(count, 'event')}",
        [
            Section("Application", "where it keeps its events", about),
            Section("Events", "the newest first", [_row(each) for each in newest], nothing),
        ],
    )


def _store(app: Application[Any]) -> str:
    module = type(app.factory).__module__
    if module.startswith("esnb.eventstoredb"):
        return f"EventStoreDB, {display_uri(app.env.get('EVENTSTOREDB_URI', ''))}"
    return _STORES.get(module, module)


def _count(app: Application[Any]) -> int | None:
    if not has_gapless_ids(app.recorder):
        return None
    return app.recorder.max_notification_id() or 0


def _newest(app: Application[Any]) -> list[Record]:
    with Pager(app).backwards(None) as records:
        return list(islice(records, _NEWEST))


def _row(record: Record) -> SummaryRow:
    return SummaryRow(f"{record.version:,}", Words(""), record.type, record.stream)
