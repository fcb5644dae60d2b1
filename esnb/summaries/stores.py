"""The pair of stores: which servers they are, and the applications that use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from esnb.summaries.summary import Section, Summary, SummaryRow, Words

if TYPE_CHECKING:
    from eventsourcing.application import Application


def of_stores(description: str, applications: Iterable[Application[Any]]) -> Summary:
    """What the stores say of themselves, which shows no password."""
    rows = [SummaryRow("servers", Words(description))]
    names = sorted({app.name for app in applications})
    if names:
        rows.append(SummaryRow("applications", Words(", ".join(names))))
    return Summary("Stores", "", "", [Section("Servers", "EventStoreDB and Redis", rows)])
