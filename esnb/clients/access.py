"""Access that a store refuses to a user."""

from __future__ import annotations

from eventsourcing.persistence import OperationalError


class AccessRefusedError(OperationalError):
    """A store has refused a user something; it does so again until somebody grants the right."""
