"""The aggregate of the docstrings' examples."""

from eventsourcing.domain import Aggregate, event


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
