"""What a traceback that shows local variables would print out of esnb's own frames."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import esnb

_OWN = str(Path(esnb.__file__).parent)


def raised_by(fails: Callable[[], object]) -> BaseException:
    """What `fails()` raises."""
    try:
        fails()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
        return error
    raise AssertionError("nothing was raised")


def shown(error: BaseException) -> Iterator[tuple[str, str]]:
    """Each local variable of esnb's frames, and what they hold: where, and what is shown."""
    for frame in _frames(error):
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_qualname}"
        for name, value in list(frame.f_locals.items()):
            yield from _looks(f"{place}: {name}", value, 3)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it came of."""
    seen: list[BaseException] = []
    pending = [error]
    while pending:
        each = pending.pop()
        if each is not None and each not in seen:
            seen.append(each)
            yield each
            pending += [each.__cause__, each.__context__]


def own_traceback(error: BaseException) -> Any:
    """The traceback from the first of esnb's frames on."""
    found = error.__traceback__
    while found is not None and not found.tb_frame.f_code.co_filename.startswith(_OWN):
        found = found.tb_next
    return found


def _frames(error: BaseException) -> Iterator[FrameType]:
    for each in chain(error):
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if frame.f_code.co_filename.startswith(_OWN):
                yield frame


def _looks(place: str, value: Any, levels: int) -> Iterator[tuple[str, str]]:
    try:
        yield place, repr(value)
    except Exception as error:  # noqa: BLE001 - of an object that is only half made
        yield place, f"unprintable: {error}"
    if levels and type(value).__module__.partition(".")[0] == "esnb":
        for name, inner in list(getattr(value, "__dict__", {}).items()):
            yield from _looks(f"{place}.{name}", inner, levels - 1)
