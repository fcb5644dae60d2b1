"""Where the lines of a file begin, so that any of them is read without those before it."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

_PARTS = re.compile(rb"[^\r]*\r+\n?|[^\r]+")
"""The lines in what ends with a line feed, if with anything."""


class FileLine(NamedTuple):
    """A line: its number from 1, where it begins, and its bytes."""

    number: int
    begin: int
    content: bytes


def lines(file: IO[bytes]) -> Iterator[FileLine]:
    """The lines, whichever way they end, without blank ones.

    Editors and transfers change `\\n` to `\\r\\n`, `\\r` and more. JSON has carriage
    returns as escapes only, so that each one, or several in a row, end a line.
    """
    number = begin = 0
    for chunk in file:
        for content in _PARTS.findall(chunk) if b"\r" in chunk else (chunk,):
            number += 1
            if content.strip():
                yield FileLine(number, begin, content)
            begin += len(content)


class LineIndex:
    """The lines of a file by their place: 0 is the header, 1 the first event."""

    def __init__(self, found: Iterable[FileLine]) -> None:
        self._numbers, self._begins, self._sizes = array("Q"), array("Q"), array("Q")
        for line in found:
            self._numbers.append(line.number)
            self._begins.append(line.begin)
            self._sizes.append(len(line.content))

    def __len__(self) -> int:
        return len(self._numbers)

    def read(self, file: IO[bytes], place: int) -> FileLine:
        """The line at a place."""
        begin = self._begins[place]
        if file.tell() != begin:
            file.seek(begin)
        return FileLine(self._numbers[place], begin, file.read(self._sizes[place]))

    def last_number(self) -> int:
        """The number of the last line, as an editor shows it."""
        return self._numbers[-1]
