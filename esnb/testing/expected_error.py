"""An error that a cell or a test is there to show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from esnb.clients.uri import masked_error
from esnb.drawing.ids import without_ids
from esnb.values.ordered_repr import printable, safe_repr


class Caught:
    """What `expect()` has caught."""

    error: BaseException | None = None
    """The error, once the block has ended."""


@contextmanager
def expect(
    *errors: type[BaseException], match: str | None = None, ids: bool = True
) -> Iterator[Caught]:
    """Expects a block to end in one of these errors, and prints it on one line.

    In a notebook this takes the place of a traceback, which has paths and
    addresses in it that differ on every machine. With `match` the error's text
    must contain the pattern (a regular expression). `ids=False` prints numbers
    in place of UUIDs. `error` of what the block gets is the error afterwards.

    Raises AssertionError where the block ends without an error or `match` is not
    found; any other error is raised as it is.

    >>> with expect(ZeroDivisionError) as caught:
    ...     1 / 0
    ZeroDivisionError: division by zero
    >>> caught.error
    ZeroDivisionError('division by zero')
    >>> with expect(KeyError, ValueError):
    ...     pass
    Traceback (most recent call last):
    AssertionError: KeyError or ValueError was expected, and no error was raised
    """
    if not errors or not all(map(_is_error, errors)):
        raise TypeError(
            f"expect() takes classes of errors, not {safe_repr(errors)}: expect(ValueError)"
        )
    caught = Caught()
    try:
        yield caught
    except errors as error:
        # A traceback would keep what the cell's frames hold alive.
        caught.error = error.with_traceback(None)
    if caught.error is None:
        names = " or ".join(each.__qualname__ for each in errors)
        raise AssertionError(f"{names} was expected, and no error was raised")
    line = line_of(caught.error, ids=ids)
    if match is not None and not re.search(match, str(caught.error)):
        raise AssertionError(f"{match!r} was expected in the error: {line}") from caught.error
    print(line)


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def line_of(error: BaseException, *, ids: bool = True) -> str:
    """An error's name and text on one line, as the end of a traceback has it.

    >>> line_of(ValueError("no such dog:\\n  Fido"))
    'ValueError: no such dog: Fido'
    """
    text = " ".join(masked_error(error).split())
    return printable(text if ids else without_ids(text))
