"""Exceptions that would end a thread: errors in a thread of esnb's, themselves elsewhere."""

from __future__ import annotations

import asyncio
from concurrent import futures
from functools import partial

import pytest

from esnb.running.exits import ExitError, as_error, awaited, contained
from tests.outcomes import outcome

SIGNS = (
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
    StopIteration,
    asyncio.CancelledError,
    futures.CancelledError,
)


def raising(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("kind", SIGNS)
def test_in_a_thread_a_sign_is_an_error_with_its_cause(kind: type[BaseException]) -> None:
    sign = kind("at redis://:secret@cache.example")
    raised = outcome(partial(contained, raising, sign))
    assert isinstance(raised, ExitError)
    assert raised.__cause__ is sign
    assert str(raised) == (
        f"{kind.__name__}: at redis://***@cache.example was raised in a thread, where it counts "
        "as an error: raise another exception, or return"
    )


@pytest.mark.parametrize("kind", SIGNS)
def test_in_the_main_thread_a_sign_keeps_its_meaning(kind: type[BaseException]) -> None:
    sign = kind("enough")
    with pytest.raises(kind) as raised:
        contained(raising, sign)
    assert raised.value is sign


def test_errors_and_results_pass_unchanged() -> None:
    error = ValueError("no")
    assert outcome(partial(contained, raising, error)) is error
    assert as_error(error) is error
    assert outcome(partial(contained, lambda: None)) is None
    assert contained(lambda one, two: one + two, 1, two=2) == 3


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_an_async_function_that_exits_leaves_its_loop_running(kind: type[BaseException]) -> None:
    sign = kind("enough")

    async def exiting() -> None:
        await asyncio.sleep(0)
        raise sign

    async def main() -> None:
        with pytest.raises(ExitError, match=f"{kind.__name__}: enough") as raised:
            await awaited(exiting())
        assert raised.value.__cause__ is sign

    asyncio.run(main())


def test_who_cancels_a_task_still_does() -> None:
    async def main() -> None:
        begun = asyncio.Event()

        async def waiting() -> None:
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(awaited(waiting()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(main())
