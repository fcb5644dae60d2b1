"""What every layer of the server answers requests with that it does not carry out."""

from __future__ import annotations


class Refused(Exception):
    """A request that is not carried out; the text says why."""


class LogDamaged(Refused):
    """The log cannot be read where something was written; the text says what to do."""
