"""Pages of a log, forwards and backwards, through applications of the library's own modules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.sources import line as _line
from esnb.sources.line import NotAnExportError
from esnb.sources.page import NEWEST, Anchor, Filter, read_page
from esnb.sources.paging import Pager
from esnb.sources.record import Record
from tests.domain.accounts import Account, Bank, an_account, bank, record
from tests.unit.paging_checks import (
    check_index,
    check_paging,
    check_seeking,
    check_stream_paging,
)


@pytest.fixture(params=["popo", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    with bank(request.param, tmp_path) as opened:
        for _ in range(41):
            an_account(opened)
        yield opened


@pytest.mark.parametrize("size", [1, 20, 1000])
def test_every_event_is_on_one_page(app: Bank, size: int) -> None:
    check_paging(app, size)


def test_a_stream_is_paged_by_version(app: Bank) -> None:
    account = Account("Ann", 1)  # type: ignore[arg-type]
    for number in range(300):
        account.note(str(number))
    app.save(account)
    check_stream_paging(app, str(account.id), 70)


def test_a_file_is_paged_too(app: Bank, tmp_path: Path) -> None:
    path = str(tmp_path / "log.jsonl")
    esnb.export(app, path)
    check_paging(path, 20)
    check_seeking(path)
    check_index(path)


def test_a_file_of_one_stream_is_paged_by_place(app: Bank, tmp_path: Path) -> None:
    path = str(tmp_path / "stream.jsonl")
    esnb.export(app, path, stream=an_account(app))
    page = read_page(Pager(path), None, Filter(), Anchor("before"), 2)
    assert [event.record.version for event in page.events] == [4, 5]
    assert page.earlier is not None
    page = read_page(Pager(path), None, Filter(), page.earlier, 2)
    assert [event.record.version for event in page.events] == [2, 3]


def test_a_page_at_the_end_of_a_file_reads_no_more_of_it(
    app: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "log.jsonl")
    number = esnb.export(app, path)
    pager = Pager(path)
    read: list[str] = []
    parse = _line.read

    def counted(text: str) -> Record:
        read.append(text)
        return parse(text)

    monkeypatch.setattr(_line, "read", counted)

    page = read_page(pager, None, Filter(), NEWEST, 3)

    assert len(page.events) == 3 < number
    assert len(read) <= 4  # one more, whether there are earlier ones


def test_a_place_in_the_middle_of_a_file_reads_few_lines(
    app: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "log.jsonl")
    esnb.export(app, path)
    pager = Pager(path)
    middle = pager.time(_nth(pager, 100))
    assert middle is not None
    read: list[str] = []
    parse = _line.read

    def counted(text: str) -> Record:
        read.append(text)
        return parse(text)

    monkeypatch.setattr(_line, "read", counted)

    number = pager.seek(None, middle)
    page = read_page(pager, None, Filter(), Anchor("from", number), 3)

    assert [event.number for event in page.events] == [101, 102, 103]
    assert len(read) < 100  # of 205


def test_a_file_that_is_replaced_is_read_anew(app: Bank, tmp_path: Path) -> None:
    path = str(tmp_path / "log.jsonl")
    esnb.export(app, path)
    pager = Pager(path)
    assert pager.source.size == 205  # type: ignore[attr-defined]
    an_account(app)

    esnb.export(app, path)

    with pager.backwards(None) as records:
        assert next(records).position == 210


@pytest.mark.parametrize("name", ["plain", 'with "quotes"', "Ümläut", "日本", "\x01", "a-b_$c d"])
def test_a_stream_of_a_file_is_found_whatever_its_name(tmp_path: Path, name: str) -> None:
    app = Application[Any]()
    for each in ("other", name, "another"):
        app.recorder.insert_events([StoredEvent(each, 1, "m:T", b'{"plain": 1}')])
    path = tmp_path / "log.jsonl"
    esnb.export(app, path)
    escaped = path.read_text("utf-8").replace('"stream":"plain"', '"stream":"pl\\u0061in"')
    path.write_text(escaped, "utf-8")

    assert esnb.stream(str(path), name)["stream"].tolist() == [name]


def test_a_damaged_line_is_named_from_the_end_too(app: Bank, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    esnb.export(app, path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], "{\n", *lines[4:]]))

    with Pager(str(path)).backwards(None) as records:
        for _ in lines[4:]:
            next(records)
        with pytest.raises(NotAnExportError, match=r"log\.jsonl.*\(line 4\)"):
            next(records)


def test_a_time_leads_to_a_position(app: Bank) -> None:
    check_seeking(app)


def test_streams_are_found_piece_by_piece(app: Bank) -> None:
    check_index(app)


def test_a_page_costs_no_more_at_the_end_of_a_long_log(
    app: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    select = app.recorder.select_notifications

    def counted(*args: Any, **kwargs: Any) -> Any:
        found = select(*args, **kwargs)
        asked.append(len(found))
        return found

    monkeypatch.setattr(app.recorder, "select_notifications", counted)
    read_page(Pager(app), None, Filter(), Anchor("before"), 20)
    assert sum(asked) < 100  # of 205


def test_gaps_in_positions_are_passed_over(app: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a rolled-back transaction in PostgreSQL."""
    whole = {each.id: each for each in app.recorder.select_notifications(1, 1000)}
    kept = {number: each for number, each in whole.items() if number < 5 or number > 195}

    def select(
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Any = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Any]:
        low = (start or 1) + (not inclusive_of_start)
        return [e for n, e in kept.items() if n >= low and (stop is None or n <= stop)][:limit]

    monkeypatch.setattr(app.recorder, "select_notifications", select)
    check_paging(app, 3)


def test_a_filter_stops_at_its_budget_and_goes_on_from_there(app: Bank) -> None:
    record(app, b'{"note": "needle"}')
    for _ in range(20):
        an_account(app)
    wanted = Filter(text="NEEDLE")
    page = read_page(Pager(app), None, wanted, Anchor("before"), 20, budget=50)
    assert (page.events, page.searched, page.unfinished) == ((), 50, True)
    looks = 1
    while not page.events and page.earlier is not None:
        page = read_page(Pager(app), None, wanted, page.earlier, 20, budget=50)
        looks += 1
    assert [event.data for event in page.events] == [{"note": "needle"}]
    assert looks == 3


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Filter(types=("Noted",)), {"Noted"}),
        (Filter(types=("account.n*", "FROZEN")), {"Noted", "Frozen"}),
        (Filter(types=("tests.domain.accounts:Account.Opened",)), {"Opened"}),
        (Filter(text="month"), set()),
        (Filter(text="cALLed"), {"Noted"}),
        (Filter(types=("Opened",), text="called"), set()),
        (Filter(text="2.50"), {"Deposited"}),
    ],
)
def test_filters_by_type_and_text(wanted: Filter, names: set[str]) -> None:
    app = Bank()
    an_account(app)
    page = read_page(Pager(app), None, wanted, Anchor("before"), 20)
    assert {event.name for event in page.events} == names


def test_filters_by_time_include_both_ends(app: Bank) -> None:
    whole = read_page(Pager(app), None, Filter(), Anchor("from"), 20)
    times = [event.time for event in whole.events]
    wanted = Filter(since=times[3], until=times[7])
    page = read_page(Pager(app), None, wanted, Anchor("from"), 20)
    assert [event.time for event in page.events] == times[3:8]


def test_foreign_and_damaged_events_are_on_the_page_too() -> None:
    app = Application[Any]()
    record(app, b"\xff\xfe no json")
    record(app, b'{"timestamp": 3}')
    app.recorder.insert_events([StoredEvent(uuid4(), 1, "no topic", b"")])
    page = read_page(Pager(app), None, Filter(text="no json"), Anchor("from"), 20)
    assert [event.data for event in page.events] == [b"\xff\xfe no json"]
    assert "payload not readable" in str(page.events[0].error)
    page = read_page(Pager(app), None, Filter(), Anchor("from"), 20)
    assert [event.name for event in page.events] == ["Seen", "Seen", "no topic"]
    assert page.events[2].time is None


def test_a_search_for_a_time_says_where_it_gave_up(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Bank()
    ids = [an_account(app) for _ in range(10)]
    pager = Pager(app)
    with pager.forwards(None) as records:
        times = [pager.time(record) for record in records]
    middle = times[25]
    assert middle is not None
    monkeypatch.setattr(pager._reading, "gapless", False)
    assert pager.seek(None, middle) == 26
    with pytest.raises(LookupError, match="the first and the last 5 events do not reach"):
        pager.seek(None, middle, reach=5)
    first = pager.time(_first_of(pager, str(ids[0])))
    assert first is not None
    assert pager.seek(str(ids[0]), first - timedelta(1)) == 1


def _nth(pager: Pager, number: int) -> Any:
    with pager.forwards(None) as records:
        return next(islice(records, number, None))


def _first_of(pager: Pager, stream: str) -> Any:
    with pager.forwards(stream) as records:
        return next(records)
