"""How long a consumer took for its last messages: a group's extra statistics."""

from __future__ import annotations

from collections import deque

_KEPT = 1000
_TICKS = 10_000
"""A millisecond, in the clock's units of 100 ns."""
_SHARES = {
    "Quintile 1": 0.0,
    "Quintile 2": 0.2,
    "Quintile 3": 0.4,
    "Quintile 4": 0.6,
    "Quintile 5": 0.8,
    "90%": 0.9,
    "95%": 0.95,
    "99%": 0.99,
    "99.5%": 0.995,
    "99.9%": 0.999,
}


class Timings:
    """Milliseconds from giving a message to having it back, of the last thousand."""

    def __init__(self) -> None:
        self._begun: dict[bytes, int] = {}
        self._taken: deque[int] = deque(maxlen=_KEPT)

    def begin(self, message_id: bytes, now: int) -> None:
        """The consumer was given the message."""
        self._begun[message_id] = now

    def end(self, message_id: bytes, now: int) -> None:
        """The consumer is done with it."""
        begun = self._begun.pop(message_id, None)
        if begun is not None:
            self._taken.append((now - begun) // _TICKS)

    def measurements(self) -> dict[str, int]:
        """The measurements by name; none before the first message is done."""
        taken = sorted(self._taken)
        if not taken:
            return {}
        measurements = {
            "Mean": sum(taken) // len(taken),
            "Median": taken[len(taken) // 2],
            "Fastest": taken[0],
        }
        for name, share in _SHARES.items():
            measurements[name] = taken[int(share * len(taken))]
        measurements["Highest"] = taken[-1]
        return measurements
