"""Events that are skipped, beside views in the library's own SQL modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from esnb.projections import CatchUpRunner
from tests.domain.bank import Bank, Deposits, SQLiteSums
from tests.postgresql_server import PostgreSQLServer

pytestmark = pytest.mark.extras


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def view(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[type[Any], dict[str, str]]:
    """A view class, and the settings of its database."""
    if request.param == "SQLite":
        return SQLiteSums, {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": f"{tmp_path}/view.db",
        }
    from tests.contract.sums_postgresql import PostgresSums

    server: PostgreSQLServer = request.getfixturevalue("postgresql")
    return PostgresSums, server.env


def test_a_skipped_event_is_kept_in_the_views_database(
    view: tuple[type[Any], dict[str, str]],
) -> None:
    class Skipping(Deposits):
        name = f"skipping{uuid4().hex[:8]}"

        @staticmethod
        def before(domain_event: Any) -> None:
            if domain_event.amount == 2:
                raise ValueError("cannot take 2: %s {table} ?")

    def run() -> CatchUpRunner[Bank, Any]:
        return CatchUpRunner(app, Skipping, view_class, env)

    view_class, env = view
    app = Bank()
    app.deposit(app.open(), 1, 2, 3, 2)
    with run() as runner:
        for _ in range(2):
            with pytest.raises(ValueError, match="cannot take 2"):
                runner.wait()
            assert "in the view's database" in str(runner.status().skipping)
            runner.skip_event()
        runner.wait()
    assert runner.view.seen() == [1, 3]
    letters = run().dead_letters()
    assert [each.notification_id for each in letters] == [3, 5]
    assert letters[0].error == "ValueError: cannot take 2: %s {table} ?"
    assert runner.view.max_tracking_id("Bank") == 5
