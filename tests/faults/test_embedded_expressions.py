"""Filters that a backtracking matcher never ends with: answered or refused, others served."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from esnb.clients.installed import ClientError, NewEvent, StreamState
from tests.embedded_process import EmbeddedProcess

LONG = "a" * 30 + "!"
LINEAR = "(a+)+"
"""Between the `^` and `$` of the client: RE2 takes no longer for it than for others."""
BACKTRACKING = r"(?<!b)(a+)+"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedProcess]:
    with EmbeddedProcess() as server:
        append(server.client(), LONG)
        append(server.client(), "order-1")
        yield server


def append(client: Any, stream: str) -> None:
    client.append_to_stream(
        stream, current_version=StreamState.ANY, events=NewEvent("Happened", b"{}")
    )


def found(client: Any, pattern: str, **options: Any) -> list[str]:
    events = client.read_all(filter_include=[pattern], filter_by_stream_name=True, **options)
    return [event.stream_name for event in events]


def test_a_read_is_answered_where_no_backtracking_is_needed(server: EmbeddedProcess) -> None:
    assert found(server.client(), LINEAR) == []
    assert found(server.client(), "(a+)+!") == [LONG]


def test_a_read_is_refused_where_it_is(server: EmbeddedProcess) -> None:
    with pytest.raises(ClientError, match=r"the filter .* is too slow on the name .*prefixes"):
        found(server.client(), BACKTRACKING)
    assert found(server.client(), "(?<!my-)order-1") == ["order-1"]


def test_a_subscription_ends_at_the_name_that_takes_too_long(server: EmbeddedProcess) -> None:
    client = server.client()
    with client.subscribe_to_all(
        filter_include=[r"live|(?<!c)(b+)+"], filter_by_stream_name=True, timeout=120
    ) as subscription:
        append(client, "live")
        assert next(subscription).stream_name == "live"
        append(client, "b" * 30 + "!")
        with pytest.raises(ClientError, match="is too slow on the name"):
            next(subscription)


def test_others_are_served_meanwhile(server: EmbeddedProcess) -> None:
    done = threading.Event()

    def ask() -> None:
        client = server.client()
        for number in range(20):
            with pytest.raises(ClientError):
                found(client, rf"(?<!{number})(a+)+")
        done.set()

    asking = threading.Thread(target=ask)
    asking.start()
    client, answered = server.client(), 0
    while not done.is_set():
        append(client, "meanwhile")
        answered += 1
    asking.join()
    assert answered > 5


def create(client: Any, group: str, pattern: str) -> None:
    client.create_subscription_to_all(
        group, filter_include=[pattern], filter_by_stream_name=True, from_end=False
    )


def test_a_group_is_refused_where_its_filter_is_too_slow_already(server: EmbeddedProcess) -> None:
    client = server.client()
    with pytest.raises(ClientError, match="is too slow on the name"):
        create(client, "slow", BACKTRACKING)
    assert "slow" not in [group.group_name for group in client.list_subscriptions()]


def test_a_group_stops_at_the_name_that_takes_too_long_and_the_folder_starts(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path) as server:
        client = server.client()
        create(client, "slow", BACKTRACKING)
        create(client, "quick", LINEAR)
        consumer = client.read_subscription_to_all("slow")
        append(client, LONG)
        with pytest.raises(ClientError, match="is too slow on the name"):
            next(consumer)
        said = server.stop()
    assert "the group 'slow' on '$all' has stopped (the filter" in said
    with EmbeddedProcess(path) as server:
        client = server.client()
        assert len(client.list_subscriptions()) == 2
        with pytest.raises(ClientError, match="is too slow on the name"):
            next(client.read_subscription_to_all("slow"))
        append(client, "aaa")
        assert next(client.read_subscription_to_all("quick")).stream_name == "aaa"
        client.delete_subscription("slow")
        assert [group.group_name for group in client.list_subscriptions()] == ["quick"]
