"""Open widgets whose stores go away: closed, or killed; what they then say to do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import esnb
from tests.unit.frames_domain import Bank, an_account
from tests.unit.widget_pages import Outline


@pytest.fixture
def stores() -> Iterator[esnb.Stores]:
    with esnb.connect(embedded=True) as opened:
        yield opened


def kill(stores: esnb.Stores, server: str, eventually: Callable[..., None]) -> None:
    """Ends one of the embedded servers as an accident would."""
    pair = stores._pair
    assert pair is not None
    process = {"EventStoreDB": pair._eventstoredb, "Redis": pair._redis}[server]
    assert process is not None
    os.kill(process.state["pid"], signal.SIGKILL)
    eventually(pair.dead)


def opened_over(stores: esnb.Stores) -> list[Any]:
    app = stores.application(Bank)
    account = an_account(app)
    return [
        esnb.browse(stores.eventstoredb, live=True),
        esnb.browse(app, live=True),
        esnb.explore(app, account, live=True),
        esnb.flow(app, "order-17", live=True),
    ]


def said_by(shown: list[Any]) -> list[str]:
    """What each says that was told to read again; then it is closed."""
    texts = []
    for each in shown:
        each.refresh()
        texts.append(Outline(each._controls()._message.value).text)
        each.close()
    return texts


def test_of_closed_stores_they_say_to_connect_again_and_nothing_else(stores: esnb.Stores) -> None:
    shown = opened_over(stores)
    stores.close()
    for text in said_by(shown):
        assert text.count("again,") == 1
        assert "are closed: call esnb.connect() again, and make the application" in text
        assert "Make this widget again after that." in text
        assert "connection" not in text


def test_of_a_killed_embedded_server_they_say_that_nobody_starts_it_again(
    stores: esnb.Stores, eventually: Callable[..., None]
) -> None:
    shown = opened_over(stores)
    kill(stores, "EventStoreDB", eventually)
    for text in said_by(shown):
        assert "the embedded EventStoreDB has ended: call esnb.connect() again" in text
        assert "Make this widget again after that." in text
        assert "refused" not in text
        assert "127.0.0.1" not in text
