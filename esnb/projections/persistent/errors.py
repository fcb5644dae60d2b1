"""What can be wrong with a group of consumers."""

from __future__ import annotations

from eventsourcing.persistence import ProgrammingError


class ForeignGroupError(ProgrammingError):
    """A group of that name is there already, and delivers events of something else."""


class CategoryNotProjectedError(ProgrammingError):
    """The server does not run the projection that links an application's events."""
