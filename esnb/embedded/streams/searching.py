"""Searches for regular expressions of .NET, none of which holds up the server.

RE2 runs what it can: it does not backtrack, so no expression and no name takes
it long. What only a backtracking matcher can do (backreferences, looking around
in the middle, word edges in names of other scripts) runs in a process of its own, which is
ended when it takes too long. That is so for everything where there is no RE2.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

from esnb.embedded.streams.allowance import Allowance
from esnb.embedded.streams.backtracking import BacktrackingSearch
from esnb.embedded.streams.errors import BadExpression, ExpressionTooSlow
from esnb.embedded.streams.expressions import translate_dotnet
from esnb.embedded.streams.linear_dialect import Linear, NotLinear, to_linear

try:
    import re2
except ImportError:  # a platform that it has no wheel for
    re2 = None

Search = Callable[[str], bool]

_MEMORY = 32 << 20
_MUCH_WORK = 20_000
_MOST_WORK = 20_000_000
"""RE2's time grows with the expression's size times the text's: from nearly nothing to
two tenths of a second for the most, and it cannot be interrupted."""
_OPERATORS = "\\[(|?*+{"
_MOST_OPERATORS = 200_000
_MOST_CHARACTERS = 1 << 20


@lru_cache(64)
def compile_search(pattern: str) -> Search:
    """Whether a name has what `pattern` says; raises `BadExpression` or `ExpressionTooSlow`.

    The search raises the latter, too, when it takes too long.
    """
    try:
        pattern.encode()
    except UnicodeEncodeError as error:
        raise BadExpression(pattern, "it contains a lone surrogate") from error
    if _is_huge(pattern):
        raise ExpressionTooSlow(pattern, "")
    if re2 is None:
        return BacktrackingSearch(pattern)
    try:
        return LinearSearch(pattern, to_linear(pattern))
    except (NotLinear, re2.error):
        return BacktrackingSearch(pattern)


def _is_huge(pattern: str) -> bool:
    """Whether reading the pattern would take too long already."""
    operators = sum(map(pattern.count, _OPERATORS))
    return len(pattern) > _MOST_CHARACTERS or operators > _MOST_OPERATORS


class LinearSearch:
    """A search by RE2, but for the names that it reads otherwise than .NET does."""

    def __init__(self, pattern: str, linear: Linear) -> None:
        """Raises `re2.error` for what RE2 does not take, or finds too large."""
        self._pattern = pattern
        self._allowance = Allowance()
        self._ascii_only = linear.has_word_edges
        self._one_line = linear.has_lines
        if self._ascii_only or self._one_line:
            translate_dotnet(pattern)  # is refused now, not when the first name of that kind comes
        self._tests = [(_compile(test.expression), test.wanted) for test in linear.tests]
        self._size = sum(test.programsize for test, _ in self._tests)

    def __call__(self, name: str) -> bool:
        if (self._one_line and "\n" in name) or (self._ascii_only and not name.isascii()):
            return self._backtracking(name)
        text = name.encode()
        work = len(text) * self._size
        if work > _MOST_WORK:
            return self._backtracking(name)
        return self._search(text) if work < _MUCH_WORK else self._search_in_time(name, text)

    def _search(self, text: bytes) -> bool:
        return all((test.search(text) is not None) is wanted for test, wanted in self._tests)

    def _search_in_time(self, name: str, text: bytes) -> bool:
        begun = time.thread_time()
        found = self._search(text)
        if not self._allowance.spend(time.thread_time() - begun):
            raise ExpressionTooSlow(self._pattern, name)
        return found

    @cached_property
    def _backtracking(self) -> Search:
        return BacktrackingSearch(self._pattern)


def _compile(expression: str) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.never_capture = True
    return re2.compile(expression, options)
