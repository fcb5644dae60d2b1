"""One system projection: its settings and how far it has come."""

from __future__ import annotations

from esnb.embedded.projections import rules
from esnb.embedded.projections.category import BadCategoryQuery
from esnb.embedded.projections.links import stamp_json
from esnb.embedded.projections.rules import BadQuery, Rule

FIRST_EPOCH = -1
_MAKERS = {
    "$streams": (rules.streams, "", "IndexStreams"),
    "$stream_by_category": (rules.stream_by_category, "first\n-", "CategorizeStreamByPath"),
    "$by_category": (rules.by_category, "first\n-", "CategorizeEventsByStreamPath"),
    "$by_event_type": (rules.by_event_type, "", "IndexEventsByEventType"),
    "$by_correlation_id": (
        rules.by_correlation_id,
        '{"correlationIdProperty":"$correlationId"}',
        "ByCorrelationId",
    ),
}
NAMES = tuple(_MAKERS)


class SystemProjection:
    """`position` is the last event it has taken in, 0 for none; `epoch` grows with resets."""

    def __init__(self, name: str, *, enabled: bool = True) -> None:
        self.name = name
        self.number = NAMES.index(name) + 1
        self.handler = _MAKERS[name][2]
        self.enabled = enabled
        self.aborted = False
        self.epoch = FIRST_EPOCH
        self.version = 0
        self.position = 0
        self.checkpoint = 0
        self.processed = 0
        self.noted = 0
        """How many were processed when the last checkpoint was written."""
        self.query = ""
        self.rule: Rule
        self.set_query(_MAKERS[name][1])

    def set_query(self, query: str) -> None:
        """Emit by another query from now on; raises `BadQuery`."""
        try:
            self.rule = _MAKERS[self.name][0](query)
        except BadCategoryQuery as error:
            raise BadQuery(str(error)) from error
        self.query = query

    @property
    def status(self) -> str:
        """As EventStoreDB names it."""
        if self.enabled:
            return "Running"
        return "Aborted/Stopped" if self.aborted else "Stopped"

    def stamp(self, position: int) -> bytes:
        """The first metadata of what it emits for the event at `position`."""
        return stamp_json(self.number, self.epoch, self.version, position)
