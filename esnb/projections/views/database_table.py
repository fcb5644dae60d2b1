"""A table of esnb's own beside those of a view in one of the library's SQL modules.

The views' tables, which are the library's, stay as they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class DatabaseTable(ABC):
    """One such table, of which a view has the rows that bear its name."""

    _called: ClassVar[str]
    """Its name."""
    _columns: ClassVar[str]
    """As SQL declares them."""
    _is_there: ClassVar[str]
    """A query for the table of that name."""

    def __init__(self, view: Any) -> None:
        self._view = view

    def has_table(self) -> bool:
        with self._view.datastore.transaction(commit=False) as cursor:
            cursor.execute(self._sql(self._is_there), (self._table,))
            row = cursor.fetchone()
        return row is not None and row["name"] is not None

    def create_table(self) -> None:
        with self._view.datastore.transaction(commit=True) as cursor:
            cursor.execute(self._sql(f"CREATE TABLE IF NOT EXISTS {{table}} ({self._columns})"))

    @property
    def _name(self) -> str:
        """The view's."""
        return getattr(self._view, "tracking_table_name", "tracking")

    @property
    @abstractmethod
    def _table(self) -> str:
        """Its name as SQL writes it."""

    def _sql(self, text: str) -> str:
        return text.format(table=self._table)


class InSQLite(DatabaseTable):
    _is_there = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?"

    @property
    def _table(self) -> str:
        return self._called


class InPostgres(DatabaseTable):
    _is_there = "SELECT to_regclass(?)::text AS name"

    @property
    def _table(self) -> str:
        return f"{quoted(self._view.datastore.schema)}.{self._called}"

    def _sql(self, text: str) -> str:
        return super()._sql(text.replace("?", "%s"))


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
