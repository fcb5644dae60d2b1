"""Filters of `$all`: by stream name or event type, by prefix or regular expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from esnb.embedded.storage.names import Names
from esnb.embedded.storage.record import LogRecord
from esnb.embedded.streams.searching import compile_search

Matches = Callable[[LogRecord], bool]


def by_name(
    names: Names, of: Callable[[LogRecord], int], accepts: Callable[[str], bool]
) -> Matches:
    """Whether the name that `of` picks from a record (its stream's or type's) is accepted.

    Names recur, so each is judged once a filter.
    """
    judged: dict[int, bool] = {}

    def matches(record: LogRecord) -> bool:
        number = of(record)
        verdict = judged.get(number)
        if verdict is None:
            if len(judged) > 100_000:
                judged.clear()
            verdict = judged[number] = accepts(names.name(number))
        return verdict

    return matches


def accepted_by(pattern: str, prefixes: Sequence[str]) -> Callable[[str], bool]:
    """A search for `pattern`, else whether a name begins with one of `prefixes`.

    Raises `BadExpression` or `ExpressionTooSlow`, and so does the function it returns.
    """
    return compile_search(pattern) if pattern else _begins_with(prefixes)


def _begins_with(prefixes: Sequence[str]) -> Callable[[str], bool]:
    """As quick for thousands of prefixes as for one."""
    lengths = sorted({len(prefix) for prefix in prefixes})
    wanted = frozenset(prefixes)
    return lambda name: any(name[:length] in wanted for length in lengths)
