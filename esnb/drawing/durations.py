"""How long something took, in words."""

from __future__ import annotations

from datetime import timedelta

_STEPS = (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))
"""A unit of time and the one below it, with their seconds."""


def duration(length: timedelta) -> str:
    """The two largest units of it; below a minute, tenths of a second.

    >>> [duration(timedelta(seconds=each)) for each in (0.0123, 5.64, 125, 4000, 200_000)]
    ['12 ms', '5.6 s', '2 min 5 s', '1 h 6 min', '2 d 7 h']
    """
    milliseconds = round(length / timedelta(milliseconds=1))
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 59_950:
        return f"{milliseconds / 1000:.1f} s"
    left = round(milliseconds / 1000)
    unit, size, lower, below = next(step for step in _STEPS if left >= step[1])
    return f"{left // size} {unit} {left % size // below} {lower}"


def since(before: timedelta) -> str:
    """A duration after something, signed: clocks of two computers may disagree.

    >>> since(timedelta(seconds=5.64)), since(timedelta(seconds=-2))
    ('+5.6 s', '−2.0 s')
    """
    return f"{'−' if before < timedelta() else '+'}{duration(abs(before))}"
