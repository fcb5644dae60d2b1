"""A file that `esnb.export` wrote, as a source: no server, no application."""

from __future__ import annotations

import os
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from esnb._uri import masked
from esnb.frames import _line
from esnb.frames._application import category_of_aggregate
from esnb.frames._line import NotAnExportError
from esnb.frames._payload import Decoded, decode_announced
from esnb.frames._record import (
    SERVER_COLUMNS,
    Origin,
    Record,
    category_of_stream,
    is_of_library,
)
from esnb.frames._schema import Schema


class FileSource:
    """The events of one file, in the order in which they stand there."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises OSError where there is no such file, NotAnExportError for another one.

        TypeError for a URI, which would name its password as a file that is not there.
        """
        if "://" in os.fspath(path):
            raise TypeError(
                f"no source of events: {masked(os.fspath(path))!r} is a URI: connect to the server "
                "first, stores = esnb.connect(…), and give the stores"
            )
        self.path = Path(path)
        with self._open() as lines:
            try:
                self.origin: Origin = _line.read_header(next(iter(lines), ""))
            except (NotAnExportError, UnicodeDecodeError) as error:
                raise self._refusal(1, error) from None

    def _open(self) -> IO[str]:
        try:
            return self.path.open(encoding="utf-8")
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
        """All of them; NotAnExportError, with the line named, at a damaged one."""
        with self.path.open(encoding="utf-8") as lines:
            next(lines)
            number = 1
            while True:
                number += 1
                try:
                    text = lines.readline()
                    record = _line.read(text) if text else None
                except (NotAnExportError, UnicodeDecodeError) as error:
                    raise self._refusal(number, error) from None
                if record is None:
                    return
                yield record

    def backwards(self) -> Generator[tuple[int, Record], None, None]:
        """The last one first, each with its place from 1; those not taken are not read.

        NotAnExportError, with the line named, at a damaged one that is come to.
        """
        with self.path.open("rb") as lines:
            begins = array("Q", [0])
            for line in lines:
                begins.append(begins[-1] + len(line))
            for place in range(len(begins) - 2, 0, -1):  # before them stands the header
                lines.seek(begins[place])
                try:
                    record = _line.read(lines.readline().decode("utf-8"))
                except (NotAnExportError, UnicodeDecodeError) as error:
                    raise self._refusal(place + 1, error) from None
                yield place, record

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
        found = [
            record
            for record in self.records()
            if record.stream in meanings
            and (start is None or (record.version or 0) >= start)
            and (stop is None or (record.version or 0) < stop)
        ]
        yield iter(found if last is None else found[max(0, len(found) - last) :])

    def count(self, start: int | None) -> int | None:
        return None

    def plain(self, record: Record) -> bytes:
        return record.state

    def decode(self, record: Record) -> Decoded:
        transcoded = self.origin.transcoded
        if self.origin.kind == "server":
            transcoded = is_of_library(record)
        return decode_announced(record.state, record.content_type, transcoded)

    def category(self, first: Record, data: Any) -> str | None:
        if self.origin.kind == "application":
            return category_of_aggregate(first, data)
        return category_of_stream(first.stream)

    def _refusal(self, number: int, error: Exception) -> NotAnExportError:
        return NotAnExportError(
            f"{str(self.path)!r} is not a file that esnb.export wrote, or was damaged since "
            f"(line {number}): {error}"
        )


def _meanings(name: UUID | str) -> frozenset[str]:
    """The streams that `name` can mean: an id's text is written in one way."""
    text = str(name)
    found = {text}
    for part in (text, text.partition("-")[2]):
        try:
            found.add(str(UUID(part)))
        except ValueError:
            continue
    return frozenset(found)
