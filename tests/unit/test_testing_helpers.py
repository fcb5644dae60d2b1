"""`expect`, `until` and handlers that fail on purpose."""

from __future__ import annotations

import threading
import weakref
from typing import Any
from uuid import uuid4

import pytest

from esnb.testing import FailingHandler, expect, until


class TestExpect:
    def test_an_error_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        with expect(LookupError) as caught:
            raise KeyError("Fido")
        assert capsys.readouterr().out == "KeyError: 'Fido'\n"
        assert isinstance(caught.error, KeyError)

    @pytest.mark.parametrize(
        ("error", "line"),
        [
            (ValueError(), "ValueError"),
            (ValueError("two\nlines"), "ValueError: two lines"),
            (ValueError("redis://:secret@host"), "ValueError: redis://***@host"),
            (ValueError("a\u202eb\x1b[2J"), "ValueError: a\\u202eb\\x1b[2J"),
            (ValueError("half \ud83d"), "ValueError: half \\ud83d"),
        ],
    )
    def test_whatever_its_text(
        self, error: Exception, line: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with expect(ValueError):
            raise error
        assert capsys.readouterr().out == f"{line}\n"

    def test_ids_are_numbered_where_they_are_not_wanted(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        one, other = uuid4(), uuid4()
        with expect(ValueError, ids=False):
            raise ValueError(f"{one} is not {other}, {one}")
        assert capsys.readouterr().out == "ValueError: id-1 is not id-2, id-1\n"

    def test_another_error_is_raised_as_it_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(KeyError), expect(ValueError, TypeError):
            raise KeyError("x")
        with pytest.raises(KeyboardInterrupt), expect(Exception):
            raise KeyboardInterrupt
        assert capsys.readouterr().out == ""

    def test_an_error_that_does_not_come(self) -> None:
        with (
            pytest.raises(AssertionError, match="ValueError or TypeError was expected, and no"),
            expect(ValueError, TypeError),
        ):
            pass

    def test_a_text_that_does_not_match(self, capsys: pytest.CaptureFixture[str]) -> None:
        with expect(ValueError, match=r"f.ve$"):
            raise ValueError("not five")
        assert capsys.readouterr().out == "ValueError: not five\n"
        with (
            pytest.raises(AssertionError, match="'six' was expected in the error: ValueError: f"),
            expect(ValueError, match="six"),
        ):
            raise ValueError("five")

    def test_nothing_of_the_cell_is_kept_alive(self) -> None:
        class Held:
            pass

        def fails() -> weakref.ref[Held]:
            held = Held()
            reference = weakref.ref(held)
            with expect(ValueError) as caught:
                raise ValueError(str(type(held)))
            self.caught = caught
            return reference

        assert fails()() is None

    @pytest.mark.parametrize("errors", [(), (ValueError(),), ("ValueError",), (int,), (None,)])
    def test_only_classes_of_errors_can_be_expected(self, errors: tuple[Any, ...]) -> None:
        with pytest.raises(TypeError, match=r"expect\(ValueError\)"), expect(*errors):
            pass


class TestUntil:
    def test_it_returns_what_comes_to_hold(self) -> None:
        answers = iter([0, None, "", "here"])
        assert until(lambda: next(answers)) == "here"

    def test_errors_that_say_not_yet(self) -> None:
        found: dict[str, int] = {}
        threading.Timer(0.05, found.update, [{"a": 1}]).start()
        assert until(lambda: found["a"], despite=KeyError) == 1
        with pytest.raises(KeyError):
            until(lambda: found["b"])
        with pytest.raises(AssertionError, match=r"b did not come to hold .*: KeyError"):
            until(lambda: found["b"], "b", timeout=0, despite=(KeyError, ValueError))


class TestFailingHandler:
    def test_it_fails_and_then_does_as_it_should(self) -> None:
        done: list[tuple[Any, ...]] = []
        handler = FailingHandler(2, lambda *arguments: done.append(arguments))
        for number in (1, 2):
            with pytest.raises(RuntimeError, match=f"failed on purpose, {number} of 2"):
                handler("event", "recorded")
        handler("event", "recorded")
        handler("another")
        assert done == [("event", "recorded"), ("another",)]
        assert (len(handler.calls), handler.failures) == (4, 2)

    def test_without_a_handler_it_returns_nothing(self) -> None:
        assert FailingHandler(0)("event") is None

    def test_an_error_of_ones_own(self) -> None:
        with pytest.raises(ConnectionError, match="away"):
            FailingHandler(1, error=ConnectionError("away"))()

    def test_calls_of_many_threads_are_counted(self) -> None:
        handler, failed = FailingHandler(50), []

        def call() -> None:
            try:
                handler()
            except RuntimeError as error:
                failed.append(str(error))

        threads = [threading.Thread(target=call) for _ in range(80)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(failed) == sorted(f"failed on purpose, {n} of 50" for n in range(1, 51))
        assert len(handler.calls) == 80

    @pytest.mark.parametrize("times", [-1, 1.5, True, None, "2"])
    def test_how_often_is_a_whole_number(self, times: Any) -> None:
        with pytest.raises(ValueError, match="a whole number from 0"):
            FailingHandler(times)
        with pytest.raises(TypeError, match="pass a function"):
            FailingHandler(1, "handle")  # type: ignore[arg-type]
