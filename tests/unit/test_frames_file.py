"""Exported files that an editor, a transfer or a hand has changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from eventsourcing.application import Application

import esnb
from esnb.sources.file import FileSource
from esnb.sources.line import NotAnExportError
from tests.domain.accounts import Bank, an_account

BOM = b"\xef\xbb\xbf"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    app = Bank()
    an_account(app)
    path = tmp_path / "log.jsonl"
    assert esnb.export(app, path) == 5
    return path


SOUND: dict[str, Callable[[bytes], bytes]] = {
    "byte-order mark": lambda content: BOM + content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "bare CR": lambda content: content.replace(b"\n", b"\r"),
    "mark and bare CR": lambda content: BOM + content.replace(b"\n", b"\r"),
    "mark and CRLF": lambda content: BOM + content.replace(b"\n", b"\r\n"),
    "mixed ends": lambda content: content.replace(b"\n", b"\r", 2).replace(b"\n", b"\r\n", 2),
    "no last end": lambda content: content.rstrip(b"\n"),
    "blank lines at the end": lambda content: content + b"\n\n  \n",
    "blank lines of all kinds at the end": lambda content: content + b"\r\r\n \t\r\n\r",
    "CRLF twice": lambda content: content.replace(b"\n", b"\r\r\n"),
    "bare CR twice": lambda content: content.replace(b"\n", b"\r\r"),
    "a blank line between": lambda content: content.replace(b"\n", b"\n\n", 3),
    "blank lines between": lambda content: content.replace(b"\n", b"\n \t\r\n\v\f\n"),
    "blank lines first": lambda content: b"\n \n" + content,
    "spaces around": lambda content: content.replace(b"\n", b" \t\n  "),
}


@pytest.mark.parametrize("change", SOUND.values(), ids=SOUND)
def test_what_an_editor_does_to_it_does_no_harm(
    path: Path, change: Callable[[bytes], bytes]
) -> None:
    before = esnb.events(path)
    path.write_bytes(change(path.read_bytes()))

    pd.testing.assert_frame_equal(esnb.events(path), before)
    assert list(esnb.streams(path)["events"]) == [5]
    browser = esnb.browse(path, live=False, rows=2)
    numbers = [each["version"] for each in browser.events]
    while len(numbers) < 5:
        browser.earlier()
        numbers = [each["version"] for each in browser.events] + numbers
    assert numbers == [1, 2, 3, 4, 5]
    other: Application[UUID] = Application()
    assert esnb.load(path, other) == 5
    assert esnb.export(other, path) == 5  # it is still one that export may replace


DAMAGED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "UTF-16 with a mark": (lambda content: content.decode().encode("utf-16"), "line 1.*UTF-16"),
    "UTF-16": (lambda content: content.decode().encode("utf-16-le"), "line 1.*UTF-16"),
    "UTF-16 big": (lambda content: content.decode().encode("utf-16-be"), "line 1.*UTF-16"),
    "UTF-32": (lambda content: content.decode().encode("utf-32"), "line 1.*UTF-16"),
    "Latin-1": (lambda content: content + '{"ü":1}\n'.encode("latin-1"), "line 7.*utf-8"),
    "garbage at the end": (lambda content: content + b"%PDF\n", "line 7"),
    "garbage after a blank line": (lambda content: content + b"\n\ngarbage", "line [79]"),
    "blank lines only": (lambda content: b"\n\n", "line 1"),
    "garbage between blank lines": (
        lambda content: content.replace(b"\n", b"\n\ngarbage\n\n", 1),
        "line 3",
    ),
    "zeros at the end": (lambda content: content + b"\0" * 4096, "line 7.*UTF-8"),
    "a zero within": (lambda content: content.replace(b"Ann", b"A\0n"), "line 2.*UTF-8"),
    "two events on a line": (lambda content: content.replace(b"}\n{", b"}{", 2), "line 1"),
    "a torn last line": (lambda content: content[:-20], "line 6"),
    "a list": (lambda content: content + b"[]\n", "line 7"),
    "too deep": (lambda content: content + b"[" * 100_000 + b"\n", "line 7.*RecursionError"),
    "a version that is none": (
        lambda content: content.replace(b'"version":3', b'"version":"3"'),
        "line 4.*version is '3'",
    ),
    "a version beyond 64 bits": (
        lambda content: content.replace(b'"version":3', b'"version":9223372036854775808'),
        "line 4.*version is 9223372036854775808",
    ),
    "a fraction": (lambda content: content.replace(b'"position":3', b'"position":3.5'), "line 4"),
    "truth": (lambda content: content.replace(b'"position":3', b'"position":true'), "line 4"),
    "no type": (lambda content: content.replace(b'"type":"Account.Frozen"', b'"type":null'), "6"),
    "no time": (lambda content: content.replace(b'"recorded":null', b'"recorded":7', 1), "line 2"),
}


@pytest.mark.parametrize(("change", "problem"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_said_with_its_line(
    path: Path, change: Callable[[bytes], bytes], problem: str
) -> None:
    path.write_bytes(change(path.read_bytes()))

    other: Application[UUID] = Application()
    for ask in (
        esnb.events,
        esnb.streams,
        esnb.catalog,
        lambda path: esnb.load(path, other),
        lambda path: esnb.browse(path, live=False),
    ):
        with pytest.raises(NotAnExportError, match=problem):
            ask(path)
    assert other.recorder.max_notification_id() is None


@pytest.mark.parametrize(
    "key", ["stream", "version", "type", "topic", "position", "event_id", "recorded", "data"]
)
def test_a_key_that_is_missing_is_named(path: Path, key: str) -> None:
    lines = path.read_text("utf-8").splitlines()
    lines[2] = json.dumps(
        {k: v for k, v in json.loads(lines[2]).items() if k not in (key, "base64")}
    )
    path.write_text("\n".join(lines), "utf-8")

    with pytest.raises(NotAnExportError, match=rf"line 3\): its key '{key}' is missing"):
        esnb.events(path)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"source": "elsewhere"}, "its source is 'elsewhere', not 'application' or 'server'"),
        ({"source": None}, "its source is None, not"),
        ({"source": ["server"]}, "its source is ['server'], not"),
        ({"name": 7}, "its name is 7, not text"),
        ({"esnb.export": 9}, "it has the format 9, and this esnb reads 1"),
        ({"esnb.export": 9, "source": "elsewhere"}, "it has the format 9, and this esnb reads 1"),
    ],
)
def test_a_header_says_what_is_wrong_with_it(
    path: Path, changed: dict[str, Any], problem: str
) -> None:
    first, rest = path.read_text("utf-8").split("\n", 1)
    path.write_text(json.dumps({**json.loads(first), **changed}) + "\n" + rest, "utf-8")

    with pytest.raises(NotAnExportError, match=re.escape(f"(line 1): {problem}")):
        esnb.events(path)


@pytest.mark.parametrize("key", ["source", "name"])
def test_a_key_that_a_header_lacks_is_named(path: Path, key: str) -> None:
    first, rest = path.read_text("utf-8").split("\n", 1)
    header = json.loads(first)
    del header[key]
    path.write_text(json.dumps(header) + "\n" + rest, "utf-8")

    with pytest.raises(NotAnExportError, match=rf"line 1\): its key '{key}' is missing"):
        esnb.events(path)


class _InBytes:
    def __fspath__(self) -> bytes:
        return b"x"


@pytest.mark.parametrize("given", [b"x", None, 5, _InBytes()])
def test_what_is_not_a_path_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=f"by text or a Path, not by {type(given).__name__}"):
        esnb.load(given, Application())


def test_a_very_long_line_is_read(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    event = json.loads(lines[-1])
    event["data"] = {"text": "ü" * 500_000}
    lines[-1] = json.dumps(event)
    path.write_text("\r".join(lines), "utf-8")

    assert len(esnb.events(path)["data"].iloc[-1]["text"]) == 500_000
    assert "ü" in str(esnb.browse(path, live=False))


def test_what_is_not_json_in_metadata_is_written_all_the_same(tmp_path: Path) -> None:
    from esnb.sources import line as _line
    from esnb.sources.record import Record
    from esnb.sources.redaction import NOTHING

    for metadata in ({"cut": "\ud83d"}, {"n": float("inf")}, {"\udc00": ["\ud83d"]}):
        record = Record("a-\ud83d", 1, "A", b"{}", metadata=metadata)
        text = _line.write(record, b"{}", NOTHING)
        text.encode()
        assert _line.read(text) == record
    data: Any = {"cut": "\ud83d"}
    plain = json.dumps(data).encode()
    assert _line.read(_line.write(Record("a", 1, "A", plain), plain, NOTHING)).state == plain
    by_hand = json.dumps({**json.loads(_line.write(Record("a", 1, "A", b""), b"{}", NOTHING))})
    by_hand = by_hand.replace('"data": {}', f'"data": {json.dumps(data)}')
    assert json.loads(_line.read(by_hand).state) == data


@pytest.mark.parametrize("left", range(1, 6))
@pytest.mark.parametrize(
    "read",
    [
        lambda path: esnb.events(path),
        lambda path: FileSource(path).size,
        lambda path: esnb.streams(path),
        lambda path: esnb.catalog(path),
        lambda path: esnb.load(path, Bank()),
        lambda path: esnb.export(path, path.with_suffix(".again")),
    ],
)
def test_a_file_that_was_cut_at_the_end_of_a_line_is_refused(
    tmp_path: Path, left: int, read: Callable[[Path], Any]
) -> None:
    app, path = Bank(), tmp_path / "log.jsonl"
    an_account(app)
    total = esnb.export(app, path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: min(left, total)]))

    kept = min(left, total) - 1
    with pytest.raises(NotAnExportError, match=rf"ends after {kept} of {total} events.*export it"):
        read(path)


def test_the_first_events_of_a_file_that_was_cut_are_read(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))

    assert len(esnb.events(path, limit=2)) == 2


def test_a_file_of_an_earlier_version_says_nothing_of_its_size(path: Path, tmp_path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    header = json.loads(lines[0])
    assert header.pop("events") == len(lines) - 1
    path.write_text("".join([json.dumps(header) + "\n", *lines[1:-1]]))

    assert len(esnb.events(path)) == len(lines) - 2
    assert esnb.load(path, Bank()) == len(lines) - 2


def test_a_line_that_is_added_by_hand_is_read(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1]]))

    assert len(esnb.events(path)) == len(lines)


@pytest.mark.parametrize("damage", [b"\0" * 4096, b"\0", b'{"stream": "a\0\0\0', b"\n\0\0\0"])
def test_zeros_that_a_crash_leaves_are_called_so(path: Path, damage: bytes) -> None:
    path.write_bytes(path.read_bytes() + damage)

    with pytest.raises(NotAnExportError, match=r"line \d+\): [\d,]+ NUL bytes .* crash .* export"):
        esnb.events(path)


def test_a_file_of_zeros_alone_is_called_so(path: Path) -> None:
    path.write_bytes(b"\0" * 100)

    with pytest.raises(NotAnExportError, match="100 NUL bytes"):
        esnb.events(path)
