"""What open widgets say when their store can no longer be read, and what to do then."""

from __future__ import annotations

from typing import Any

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import OperationalError, ProgrammingError

import esnb
from esnb.clients.ended import CONNECT_AGAIN
from esnb.projections import CatchUpRunner
from esnb.widgets.live.unread import unanswered, unread
from tests.domain.accounts import Bank, an_account
from tests.domain.bank import Deposits, Sums
from tests.unit.widget_pages import Outline


def said_by(*shown: Any) -> list[str]:
    """The message of each widget, after it was told to read again."""
    for each in shown:
        each.refresh()
    return [Outline(each._controls()._message.value).text for each in shown]


def opened(app: Application[Any]) -> tuple[Any, Any, Any]:
    account = an_account(app)
    return (
        esnb.browse(app, live=True),
        esnb.explore(app, account, live=True),
        esnb.flow(app, "order-17", live=True),
    )


def test_of_a_closed_application_they_say_to_make_it_again() -> None:
    app = Bank(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": ":memory:"})
    shown = opened(app)
    app.close()
    for text in said_by(*shown):
        assert "the application is closed" in text
        assert "Make the application again, then this widget" in text
        assert "What was read before is still shown" in text
        assert "Check the connection" not in text
        assert "PoolClosed" not in text
    for each in shown:
        each.close()


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ConnectionError("refused"), "Check the connection, then try again."),
        (OperationalError("the server is away"), "Check the connection, then try again."),
        (OperationalError("no answer: check whether it runs"), "Then try again."),
        (OperationalError("silent: check that it runs, then read again"), ""),
        (
            OperationalError("Stores(x, closed) are closed: call esnb.connect() again, and so on"),
            "Make this widget again after that.",
        ),
        (
            OperationalError("the pool 'pool-1' is already closed"),
            "Make the application again, then this widget.",
        ),
        (ProgrammingError("no such table"), ""),
    ],
)
def test_what_to_do_is_said_once(error: Exception, advice: str) -> None:
    first, second = unread("The flow could not be read again", error).split("\n")
    assert first.startswith("The flow could not be read again: ")
    assert second == f"What was read before is still shown. {advice}".rstrip()


@pytest.mark.parametrize(
    ("error", "runner", "advice"),
    [
        ("OperationalError: refused", True, "Check the server: the runner goes on by itself once"),
        ("OperationalError: refused", False, "Check the server: it is shown again once it answers"),
        (
            "silent: check that it runs",
            True,
            "The runner goes on by itself once the server answers",
        ),
        (f"x are closed: {CONNECT_AGAIN}", True, "Make the runner and this widget again after"),
        (f"x are closed: {CONNECT_AGAIN}", False, "Make this widget again after that."),
        ("ConnectionPoolClosedError", False, "The application is closed: make it again, then its"),
    ],
)
def test_what_to_do_about_what_is_watched_is_said_once(
    error: str, runner: bool, advice: str
) -> None:
    assert unanswered(error, runner=runner).startswith(advice)


def test_a_runner_over_a_closed_application_says_so() -> None:
    app = Bank(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": ":memory:"})
    runner = CatchUpRunner(app, Deposits, Sums)
    app.close()
    (seen,) = esnb.watch(runner).runners
    assert (seen.name, seen.state) == ("deposits", "unknown")
    assert "make it again, then its runner" in str(seen.advice)


def test_secrets_are_not_said() -> None:
    assert "hunter2" not in unread("Nothing", OperationalError("esdb://me:hunter2@db:2113"))
