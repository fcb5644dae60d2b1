"""A file that `esnb.export` wrote, as a source: no server, no application."""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from esnb.clients.uri import masked
from esnb.sources import line as _line
from esnb.sources.application import category_of_aggregate
from esnb.sources.columns import Schema
from esnb.sources.line import NotAnExportError
from esnb.sources.line_index import FileLine, LineIndex, lines
from esnb.sources.numbers import FURTHEST
from esnb.sources.payload import Decoded, decode_announced
from esnb.sources.record import (
    SERVER_COLUMNS,
    Origin,
    Record,
    category_of_stream,
    decode_remarked,
    is_of_library,
)


class FileSource:
    """The events of one file, in the order in which they stand there."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises OSError where there is no such file, NotAnExportError for any other file.

        TypeError for what is not a path, and for a URI: an error about a missing file
        would show its password.
        """
        place = os.fspath(path) if isinstance(path, str | os.PathLike) else None
        if not isinstance(place, str):
            raise TypeError(
                "a file that esnb.export wrote is named by text or a Path, not by "
                f"{type(path).__qualname__}"
            )
        if "://" in place:
            raise TypeError(
                f"no source of events: {masked(place)!r} is a URI: connect to the server "
                "first, stores = esnb.connect(…), and pass the stores"
            )
        self.path = Path(place)
        with self._open() as file:
            first = next(lines(file), FileLine(1, 0, b""))
        with self._refusing(first.number):
            self.origin: Origin = _line.read_header(_text(first.content))
            self._events = _line.read_count(_text(first.content))
        self._indexed: tuple[tuple[int, int, int], LineIndex] | None = None

    def _open(self) -> IO[bytes]:
        try:
            return self.path.open("rb")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                error.errno,
                "there is no such file, and a text is a source only as the path of a file that "
                "esnb.export wrote",
                str(self.path),
            ) from None

    @property
    def name(self) -> str:
        return f"file {str(self.path)!r}"

    @property
    def extra_columns(self) -> Schema:
        return SERVER_COLUMNS if self.origin.kind == "server" else {}

    def records(self) -> Iterator[Record]:
        """All of them; NotAnExportError, which names the line, at a damaged or missing one."""
        for line in self._lines():
            yield self._record(line.number, line.content)

    def _lines(self) -> Iterator[FileLine]:
        """Those of the events; NotAnExportError at the end where some are missing."""
        found, last = 0, 1
        with self._open() as file:
            for line in islice(lines(file), 1, None):
                found, last = found + 1, line.number
                yield line
        self._require_all(found, last)

    def events_at(self, places: Iterable[int]) -> Generator[tuple[int, Record], None, None]:
        """The events at these places, from 1 to `size`, each with its place; no others are read.

        NotAnExportError, which names the line, on reaching a damaged one.
        """
        index = self._index()
        with self._open() as file:
            for place in places:
                line = index.read(file, place)
                yield place, self._record(line.number, line.content)

    @property
    def size(self) -> int:
        """How many events there are; NotAnExportError where the file was cut."""
        return len(self._index()) - 1

    def _index(self) -> LineIndex:
        """Where its lines are; looked for again once the file has changed."""
        with self._open() as file:
            found = os.fstat(file.fileno())
            stamp = found.st_ino, found.st_size, found.st_mtime_ns
            if self._indexed is None or self._indexed[0] != stamp:
                index = LineIndex(lines(file))
                self._require_all(len(index) - 1, index.last_number())
                self._indexed = stamp, index
        return self._indexed[1]

    def _require_all(self, found: int, last: int) -> None:
        """Refuses a file that has fewer events than its first line says."""
        if self._events is not None and found < self._events:
            with self._refusing(last):
                raise NotAnExportError(
                    f"it ends after {found:,} of {self._events:,} events, so it was cut: export "
                    f'it again, or, if that is wanted, write {found} as "events" in its first line'
                )

    def _record(self, number: int, content: bytes) -> Record:
        with self._refusing(number):
            return _line.read(_text(content))

    @contextmanager
    def _refusing(self, number: int) -> Iterator[None]:
        """Names the file and the line where its content is not what it should be."""
        try:
            yield
        except (NotAnExportError, UnicodeDecodeError) as error:
            problem = error
        else:
            return
        raise NotAnExportError(
            f"{str(self.path)!r} is not a file that esnb.export wrote, or was damaged since "
            f"(line {number:,}): {problem}"
        )

    @contextmanager
    def events(self, start: int | None) -> Iterator[Iterator[Record]]:
        yield (
            record
            for record in self.records()
            if start is None or (record.position is not None and record.position >= start)
        )

    @contextmanager
    def stream(
        self, name: UUID | str, start: int | None, stop: int | None, last: int | None
    ) -> Iterator[Iterator[Record]]:
        meanings = _meanings(name)
        may_have = _may_have(meanings)
        found = [
            record
            for line in self._lines()
            if may_have(line.content)
            and (record := self._record(line.number, line.content)).stream in meanings
            and (start is None or _number(record) >= start)
            and (stop is None or _number(record) < stop)
        ]
        yield iter(found if last is None else found[max(0, len(found) - last) :])

    def count(self, start: int | None) -> int | None:
        return None

    def plain(self, record: Record) -> bytes:
        return record.state

    def decode(self, record: Record) -> Decoded:
        if record.remark is not None:
            return decode_remarked(record)
        transcoded = self.origin.transcoded
        if self.origin.kind == "server":
            transcoded = is_of_library(record)
        return decode_announced(record.state, record.content_type, transcoded)

    def category(self, first: Record, data: Any) -> str | None:
        if self.origin.kind == "application":
            return category_of_aggregate(first, data)
        return category_of_stream(first.stream)


def _text(content: bytes) -> str:
    """The text of a line, without the mark that some editors begin a file with."""
    if content.endswith(b"\0") and b"\0" not in (rest := content.rstrip(b"\0")):
        raise NotAnExportError(
            f"{len(content) - len(rest):,} NUL bytes stand here instead of text in UTF-8, as a crash of the "
            "machine leaves them: export it again, or remove this line and what follows"
        )
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in content:
        raise NotAnExportError("it is not text in UTF-8 (perhaps it is UTF-16): save it as UTF-8")
    return content.removeprefix(BOM_UTF8).decode("utf-8")


def _number(record: Record) -> int:
    """The version by which a stream is cut; a tombstone stands after all of them."""
    return FURTHEST if record.is_tombstone else record.version or 0


def _meanings(name: UUID | str) -> frozenset[str]:
    """The streams that `name` can mean: the text of an id is brought to one form."""
    text = str(name)
    found = {text}
    for part in (text, text.partition("-")[2]):
        try:
            found.add(str(UUID(part)))
        except ValueError:
            continue
    return frozenset(found)


_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")
"""Characters that JSON writes as they are, unless it escapes them."""


def _may_have(streams: frozenset[str]) -> Callable[[bytes], bool]:
    """Whether a line may be an event of these streams, without reading it.

    Also for a line with an escape, or one that is not whole: reading it says more.
    """
    words = [max(_PLAIN.findall(each), key=len, default="").encode() for each in streams]

    def may_have(content: bytes) -> bool:
        return (
            any(word in content for word in words)
            or b"\\u" in content
            or not (content[:1] == b"{" and content.rstrip()[-1:] == b"}")
        )

    return may_have
