"""The aggregate and the view of the docstrings' examples."""

from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.popo import POPOTrackingRecorder


class Dog(Aggregate):
    """Has a name and learns tricks."""

    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name
        self.tricks: list[str] = []

    @event("TrickAdded")
    def add_trick(self, trick: str) -> None:
        """Learns one more."""
        self.tricks.append(trick)


class Tricks(POPOTrackingRecorder):
    """How many dogs know each trick."""

    def __init__(self) -> None:
        super().__init__()
        self.by_trick: dict[str, int] = {}

    def count(self, trick: str, tracking: Tracking) -> None:
        """One more dog knows it."""
        with self._database_lock:
            self._assert_tracking_uniqueness(tracking)
            self._insert_tracking(tracking)
            self.by_trick[trick] = self.by_trick.get(trick, 0) + 1
