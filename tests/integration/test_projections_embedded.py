"""Runners on embedded stores, as notebooks have them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import esnb
from esnb.projections import CatchUpRunner
from esnb.stores import Stores
from tests.domain.bank import Bank, Deposits, RedisSums
from tests.waiting import until


def test_a_runner_follows_an_application_of_the_stores(stores: Stores) -> None:
    app = stores.application(Bank)
    with CatchUpRunner(Bank, Deposits, RedisSums, env=stores.env) as runner:
        app.deposit(app.open(), 1, 2, 3)
        runner.wait()
        assert runner.view.seen() == [1, 2, 3]
        assert esnb.runners(runner)["lag"].tolist() == [0]
        assert esnb.checkpoints(runner)["lag"].tolist() == [0]
        assert esnb.read_model(runner)["value"].tolist() == ["1", "2", "3", "6"]


def test_it_stops_when_the_stores_close() -> None:
    stores = esnb.connect(embedded=True)
    runner = CatchUpRunner(
        Bank, Deposits, RedisSums, env={**stores.env, "OF_THE_TEST": "1"}
    ).start()
    runner.wait()
    thread = runner._tasks[0].thread

    stores.close()

    assert thread is not None
    assert not thread.is_alive()
    assert runner.status().state == "stopped"


@pytest.mark.parametrize("amounts", [[7], [7, 8], [7, 8, 9, 10]])
def test_it_goes_on_after_both_stores_were_emptied(stores: Stores, amounts: list[int]) -> None:
    app = stores.application(Bank)
    app.deposit(app.open(), 1, 2)
    with CatchUpRunner(Bank, Deposits, RedisSums, env=stores.env) as runner:
        runner.wait()
        stores.reset()
        app.deposit(app.open(), *amounts)
        runner.wait()
        assert runner.view.seen() == amounts


def test_a_kernel_with_a_running_runner_ends_at_once(start_kernel: Callable[..., Any]) -> None:
    kernel = start_kernel()
    kernel.ask(
        """
import sys; sys.path.insert(0, '.')
import esnb
from esnb.projections import CatchUpRunner
from tests.domain.bank import Bank, Deposits, RedisSums
stores = esnb.connect(embedded=True)
app = stores.application(Bank)
app.deposit(app.open(), 1)
runner = CatchUpRunner(Bank, Deposits, RedisSums, env=stores.env).start()
runner.wait()
""",
        "runner.view.seen()",
    )
    assert kernel.process.stdin is not None
    kernel.process.stdin.close()

    until(lambda: kernel.process.poll() is not None)
    assert kernel.process.returncode == 0


def test_many_runners_side_by_side(stores: Stores) -> None:
    app = stores.application(Bank)

    class Other(Deposits):
        name = "others"

    runners = [
        CatchUpRunner(Bank, projection, RedisSums, env=stores.env).start()
        for projection in (Deposits, Other)
    ]
    writers = [
        threading.Thread(target=lambda: app.deposit(app.open(), *range(5))) for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    for runner in runners:
        runner.wait()
        assert sorted(runner.view.seen()) == sorted([*range(5)] * 4)
        runner.stop()
    assert runners[0].view.seen() == runners[1].view.seen()
