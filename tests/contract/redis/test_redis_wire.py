"""The held connection of commits: shared by threads, not by processes, never out of step."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest
import redis
from eventsourcing.persistence import Tracking
from eventsourcing.utils import Environment

from esnb.redis import RedisView
from esnb.threads.forks import ForkedError

MakeEnvironment = Callable[..., Environment]


class Totals(RedisView):
    def add(self, number: int) -> None:
        with self.commit(Tracking("app", number)) as commands:
            commands.hincrby(self.key("totals"), "sum", number)

    def sum(self) -> int:
        return int(self.redis.hget(self.key("totals"), "sum") or 0)


def test_many_views_commit_at_once(environment: MakeEnvironment) -> None:
    views = [Totals.construct(environment(f"Totals{number}")) for number in range(4)]
    errors: list[Exception] = []

    def run(view: Totals) -> None:
        try:
            for number in range(1, 201):
                view.add(number)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=run, args=(view,)) for view in views]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert [view.sum() for view in views] == [sum(range(1, 201))] * 4


def test_a_connection_that_the_server_closed_is_opened_again(
    environment: MakeEnvironment, client: redis.Redis
) -> None:
    view = Totals.construct(environment())
    view.add(1)
    client.client_kill_filter(_type="normal", skipme=True)
    view.add(2)
    assert view.sum() == 3


def test_an_interrupt_between_command_and_answer_does_not_mix_answers_up(
    environment: MakeEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = Totals.construct(environment())
    view.add(1)
    connection_class = view._connection.binary.connection_pool.connection_class
    read = connection_class.read_response

    def interrupted(self: object, *args: object, **kwargs: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(connection_class, "read_response", interrupted)
    with pytest.raises(KeyboardInterrupt):
        view.add(2)
    monkeypatch.setattr(connection_class, "read_response", read)
    # The interrupted one was applied; each of the next gets its own answer.
    assert view.max_tracking_id("app") == 2
    view.add(3)
    assert view.sum() == 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_does_not_touch_its_parents_connection(
    environment: MakeEnvironment,
) -> None:
    view = Totals.construct(environment())
    view.add(1)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            view.add(2)
        except ForkedError:
            status = 7
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    view.add(3)
    assert view.sum() == 4
