"""Transactions of SQLAlchemy that write."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text


def begin_writing(session: Any) -> None:
    """Begins a transaction that no other writer comes into between."""
    if session.get_bind().dialect.name == "sqlite":
        # Python's driver would begin with the first write, and each savepoint be a commit.
        session.execute(text("BEGIN IMMEDIATE"))
