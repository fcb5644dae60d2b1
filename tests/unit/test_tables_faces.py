"""What a frame shows of itself, as text and as HTML."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pytest
from eventsourcing.application import Application

import esnb
from esnb.examples.dog import Dog
from esnb.frames.events import EVENT, EVENTS
from esnb.frames.schema import build
from esnb.sources.columns import Schema
from esnb.tables.kind import Kind
from tests.unit.widget_pages import Outline

NOON = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=UTC)
ROW = Kind("row")
ID = "246f9971-884f-4643-b5a6-130b91bb4f57"


def html(frame: pd.DataFrame) -> str:
    page = frame._repr_html_()  # type: ignore[operator]
    assert isinstance(page, str)
    return page


def lines(frame: pd.DataFrame) -> list[str]:
    return repr(frame).split("\n")


def bare(frame: pd.DataFrame) -> list[str]:
    """The lines of the HTML's text, without any markup."""
    return [line.strip() for line in Outline(html(frame)).text.split("\n") if line.strip()]


def frame_of(schema: Schema, **columns: list[Any]) -> pd.DataFrame:
    return build(ROW, schema, columns)


def objects(*values: Any) -> pd.DataFrame:
    return frame_of({"value": "object"}, value=list(values))


def events(count: int = 4, **columns: list[Any]) -> pd.DataFrame:
    """Events of two streams, two each in turn."""
    ids = [ID, "5f07f21c-aaaa-4643-b5a6-130b91bb4f57"]
    made: dict[str, list[Any]] = {
        "stream": [ids[i // 2 % 2] for i in range(count)],
        "version": [i % 2 + 1 for i in range(count)],
        "type": [("Dog.Registered", "Dog.TrickAdded")[i % 2] for i in range(count)],
        "time": [NOON + timedelta(milliseconds=i) for i in range(count)],
        "data": [({"name": "Fido"}, {"trick": "sit"})[i % 2] for i in range(count)],
        "position": list(range(count)),
    }
    return build(EVENT, EVENTS, made | columns)


def test_events_show_one_line_each_with_the_payload_and_the_rest_in_a_line_below() -> None:
    assert lines(events()) == [
        "stream     version  type            time          data",
        "246f9971…        1  Dog.Registered  12:00:00.123  name: 'Fido'",
        "246f9971…        2  Dog.TrickAdded  12:00:00.124  trick: 'sit'",
        "5f07f21c…        1  Dog.Registered  12:00:00.125  name: 'Fido'",
        "5f07f21c…        2  Dog.TrickAdded  12:00:00.126  trick: 'sit'",
        "4 events, 2 streams · 2026-11-30 UTC · also: position, event_id, metadata",
    ]


def test_the_html_says_the_same_and_reads_as_a_table_without_its_markup() -> None:
    shown = events()

    assert [re.split(" +", line) for line in bare(shown)] == [
        re.split(" +", line.strip()) for line in lines(shown)
    ]
    page = html(shown)
    assert f'title="{ID}"' in page
    assert 'title="2026-11-30 12:00:00.123456+00:00"' in page


def test_the_html_has_no_script_nothing_to_load_and_no_blank_line() -> None:
    page = html(events())

    outline = Outline(page)
    assert outline.tags <= {"div", "style", "table", "thead", "tbody", "tr", "th", "td", "p", "bdi"}
    assert not re.search(r"<script|url\(|@import|\son\w+=|https?:", page)
    assert "\n\n" not in page
    assert page == html(events())


def test_bookkeeping_that_is_a_column_is_left_out_of_the_payload() -> None:
    app: Application[Any] = Application()
    app.save(Dog("Fido"))
    shown = esnb.events(app)

    assert lines(shown)[1].endswith("  name: 'Fido'")
    without = repr(shown[["type", "data"]])
    assert "name: 'Fido', timestamp: 2" in without
    assert "originator_topic" not in without


def test_a_flattened_payload_shows_the_domain_s_fields() -> None:
    app: Application[Any] = Application()
    dog = Dog("Fido")
    dog.add_trick("sit")
    app.save(dog)

    head, first, second, *below = lines(esnb.events(app, flatten=True))

    assert head.endswith("time          name  trick")
    assert first.endswith("Fido  –")
    assert second.endswith("–     sit")
    assert "timestamp, originator_topic" in " ".join(below)


FOREIGN = {
    "a list": ([1, 2], "[1, 2]"),
    "a text": ("<b>", "'<b>'"),
    "bytes": (b"\x00", "b'\\x00'"),
    "nothing": (None, "–"),
    "a number": (7, "7"),
    "no fields": ({}, ""),
    "its own timestamp": ({"timestamp": 17, "a": 1}, "timestamp: 17, a: 1"),
    "odd keys": ({1: 2, None: 3, "a b": 4}, "1: 2, None: 3, a b: 4"),
    "nested": ({"a": {"b": [1]}}, "a: {'b': [1]}"),
    "an id": ({"order": ID}, "order: '246f9971…'"),
    "a price": ({"price": Decimal("1.10")}, "price: 1.10"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_payload_of_any_kind_is_one_line(name: str) -> None:
    payload, text = FOREIGN[name]
    shown = events(2, data=[payload, {"name": "Fido"}])

    assert (
        lines(shown)[1].removeprefix("246f9971…        1  Dog.Registered  12:00:00.123").strip()
        == text
    )
    assert len(lines(shown)) == 4


def test_both_sides_of_a_change_are_shown_even_if_empty() -> None:
    app: Application[Any] = Application()
    dog = Dog("Fido")
    app.save(dog)

    assert lines(esnb.diff(app, dog.id, before=0)) == [
        "field   before  after",
        "name    –       'Fido'",
        "tricks  –       []",
        "2 changed fields",
    ]


def test_an_error_is_shown_where_there_is_one() -> None:
    schema: Schema = {**EVENTS, "error": "string"}
    columns: dict[str, list[Any]] = {
        "type": ["A", "B"],
        "version": [1, 2],
        "error": [None, "broken"],
    }

    assert "error" in lines(build(EVENT, schema, columns))[0]
    assert "error" not in lines(build(EVENT, schema, columns).head(1))[0]


@pytest.mark.parametrize("value", [None, pd.NA, pd.NaT, "", float("nan")])
def test_a_frame_that_says_nothing_shows_a_column(value: Any) -> None:
    made = build(ROW, {}, {}, {"a": [value, None], "b": [None, None]})

    assert lines(made)[0].split()[0] == "a"
    assert lines(made)[-1].startswith("2 rows")
    assert bare(made)[0].split()[0] == "a"


# --- ids, times, numbers --------------------------------------------------------------


def test_ids_have_as_many_digits_as_tell_them_apart() -> None:
    rivals = [f"246f9971-{i:04x}-4643-b5a6-130b91bb4f57" for i in range(3)]
    counting = [str(UUID(int=i)) for i in range(3)]

    assert [line.split()[0] for line in lines(frame_of({"id": "string"}, id=rivals))[1:4]] == [
        "246f9971-0000…",
        "246f9971-0001…",
        "246f9971-0002…",
    ]
    assert [line.split()[0] for line in lines(frame_of({"id": "string"}, id=counting))[1:4]] == [
        "…00000000",
        "…00000001",
        "…00000002",
    ]


def test_a_stream_s_name_keeps_its_category() -> None:
    shown = frame_of({"stream": "string"}, stream=[f"Dog-{ID}", "orders of 2026"])

    assert lines(shown)[1:3] == ["Dog-246f9971…", "orders of 2026"]
    assert f'title="Dog-{ID}"' in html(shown)


def test_times_say_their_day_where_there_are_several() -> None:
    later = NOON + timedelta(days=1)

    assert lines(frame_of({"time": "time"}, time=[NOON, None, later])) == [
        "time",
        "2026-11-30 12:00:00.123",
        "–",
        "2026-12-01 12:00:00.123",
        "3 rows · times in UTC",
    ]
    assert lines(frame_of({"a": "time", "b": "time"}, a=[NOON], b=[later]))[1:] == [
        "2026-11-30 12:00:00.123  2026-12-01 12:00:00.123",
        "1 row · times in UTC",
    ]
    days = [NOON.replace(hour=0, microsecond=0) + timedelta(days=i) for i in range(2)]
    assert lines(frame_of({"day": "time"}, day=days))[1:3] == ["2026-11-30", "2026-12-01"]


@pytest.mark.parametrize("year", [1, 1677, 2263, 9999])
def test_times_beyond_nanoseconds_show(year: int) -> None:
    shown = frame_of({"time": "time"}, time=[NOON.replace(year=year)])

    assert lines(shown) == ["time", "12:00:00.123", f"1 row · {year:04}-11-30 UTC"]


def test_times_without_a_zone_or_of_another_one_are_written_whole() -> None:
    shown = frame_of({"time": "time"}, time=[NOON])
    shown["local"] = shown["time"].dt.tz_convert("Europe/Berlin")
    shown["naive"] = shown["time"].dt.tz_localize(None)

    assert lines(shown)[1] == (
        "12:00:00.123  2026-11-30 13:00:00.123456+01:00  2026-11-30 12:00:00.123456"
    )


def test_numbers_stand_right_texts_left() -> None:
    shown = frame_of(
        {"n": "Int64", "name": "string", "price": "object", "rate": "Float64"},
        n=[1, 1000, None],
        name=["a", "bb", None],
        price=[Decimal("1.10"), 20, None],
        rate=[0.5, 12.25, None],
    )

    assert lines(shown) == [
        "   n  name  price   rate",
        "   1  a      1.10   0.50",
        "1000  bb       20  12.25",
        "   –  –         –      –",
        "3 rows",
    ]
    assert html(shown).count('class="esnb-number"') == 3 * 4


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([1.0, 2.0], ["1.0", "2.0"]),
        ([1e-9, 1.0], ["1e-09", "1"]),
        ([1e300, float("inf"), float("nan")], ["1e+300", "inf", "–"]),
        ([123456.789], ["123456.789"]),
    ],
)
def test_floats_have_the_decimals_that_they_need(numbers: list[float], texts: list[str]) -> None:
    shown = build(ROW, {}, {}, {"x": numbers})

    assert [line.strip() for line in lines(shown)[1:-1]] == texts
    with pd.option_context("display.float_format", "{:.1f}!".format):
        assert lines(shown)[1].strip()[:9] == f"{numbers[0]:.1f}!"[:9]


def test_columns_of_any_dtype_show() -> None:
    shown = objects(1, 2, 3)
    shown["category"] = pd.Categorical(["a", "b", "a"])
    shown["delta"] = pd.to_timedelta([1, 2, 3], unit="s")
    shown["span"] = pd.period_range("2026-01", periods=3, freq="M")
    shown["complex"] = [1j, 2j, 3j]
    shown["truth"] = pd.array([True, None, False], dtype="boolean")
    shown["mixed"] = pd.Series([1, "a", 2.5], dtype=object)
    shown["empty"] = [None, None, None]
    shown[7] = [1, 2, 3]

    head, first, *_, below = lines(shown)
    assert head.split() == ["value", "category", "delta", "span", "complex", "truth", "mixed", "7"]
    assert first.split()[:2] == ["1", "'a'"]
    assert "True" in first
    assert below == "3 rows · also: empty"
    assert bare(shown)[-1] == below


# --- rows and columns -----------------------------------------------------------------


def test_the_index_is_shown_once_it_says_something() -> None:
    shown = events()

    assert lines(shown.tail(1))[:2] == [
        "   stream     version  type            time          data",
        "3  5f07f21c…        2  Dog.TrickAdded  12:00:00.126  trick: 'sit'",
    ]
    assert lines(shown.head(2))[1].startswith("246f9971…")
    assert lines(shown[shown["version"] == 2].reset_index(drop=True))[1].startswith("246f9971…")
    assert lines(shown.set_index("type"))[1].startswith("Dog.Registered  246f9971…        1  12:00")
    assert lines(shown.set_index("time"))[1].startswith("12:00:00.123  246f9971…")


def test_columns_that_were_chosen_are_all_shown() -> None:
    shown = events()

    assert lines(shown[["type", "position", "event_id"]])[:2] == [
        "type            position  event_id",
        "Dog.Registered         0  –",
    ]
    assert "position" not in lines(shown.drop(columns="metadata"))[0]
    assert lines(shown.assign(price=[1, 2, 3, 4]))[0].endswith("data          price")


@pytest.mark.parametrize(("size", "shown"), [(0, 0), (1, 1), (60, 60), (61, 20), (10_000, 20)])
def test_a_long_frame_is_cut_in_the_middle_and_says_so(size: int, shown: int) -> None:
    made = events(size)
    rows = [line for line in lines(made) if re.search(r"\d\d:\d\d", line)]

    assert len(rows) == shown
    cut = f"… {size - shown:,} more …"
    assert (cut in lines(made)) == (cut in bare(made)) == (size > shown)
    if size > shown:
        assert lines(made).index(cut) == 11
        assert rows[-1] in lines(made.tail(1))[1]
    assert lines(made)[shown + 1 + (size > shown)].startswith(f"{size:,} event")


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"display.max_rows": None}, 100),
        ({"display.max_rows": 0}, 20),
        ({"display.max_rows": 5}, 5),
        ({"display.max_rows": 1}, 1),
        ({"display.min_rows": 4}, 4),
        ({"display.min_rows": None}, 60),
        ({"display.min_rows": 30}, 30),
    ],
)
def test_pandas_options_say_how_many_rows(options: dict[str, Any], shown: int) -> None:
    with pd.option_context(*(part for pair in options.items() for part in pair)):
        made = lines(events(100))
        page = html(events(100))

    assert len([line for line in made if re.search(r"\d\d:\d\d", line)]) == shown
    assert page.count("<tr>") == shown + 1
    assert (f"… {100 - shown} more …" in made) == (shown < 100)


def test_a_wide_frame_is_cut_and_says_so() -> None:
    wide = build(ROW, {}, {}, {f"field {i}": [i] for i in range(500)})

    assert bare(wide)[0].split("  ")[0].count("field") == 20
    assert bare(wide)[-1].startswith("1 row · also: field 20, field 21,")
    assert bare(wide)[-1].endswith("… 456 more")
    assert all(len(line) <= 80 for line in lines(wide))


def test_a_read_that_was_cut_says_so() -> None:
    app: Application[Any] = Application()
    app.save(Dog("Fido"), Dog("Rex"))

    assert "1 event, 1 stream · there are more" in repr(esnb.events(app, limit=1))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_text_keeps_within_pandas_width_and_the_type_is_always_there(width: int) -> None:
    made = events(data=[{"name": "Fido " * 40}] * 4)
    with pd.option_context("display.width", width):
        shown = lines(made)
        assert shown == lines(made)

    assert max(map(len, shown)) <= width
    assert "Dog.Registered" in shown[1]
    assert ("name: " in shown[1]) == (width > 20)
    gone = {"stream", "version", "time", "data"} - set(shown[0].split())
    assert gone <= set(re.split(r"[ ,·]+", " ".join(shown[5:])))


@pytest.mark.parametrize(
    ("option", "columns", "expected"),
    [(80, 130, 130), (80, 50, 50), (100, 130, 100), (None, 130, 130)],
)
def test_in_a_terminal_its_width_counts_unless_pandas_was_told(
    option: int | None, columns: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pd.option_context("display.width", option):
        assert len(lines(objects("x" * 500))[1]) == expected


def test_text_has_no_limit_where_pandas_has_none() -> None:
    made = events(data=[{"name": "Fido " * 30}] * 4)
    with pd.option_context("display.expand_frame_repr", False):
        assert lines(made)[1].endswith("Fido '")


@pytest.mark.parametrize(("option", "length"), [(50, 160), (10, 10), (300, 300), (None, 1007)])
def test_pandas_option_says_how_long_a_cell_is(option: int | None, length: int) -> None:
    made = events(1, data=[{"key": "x" * 1000}])
    with pd.option_context("display.max_colwidth", option):
        page = html(made)

    cell = re.findall("<bdi>(key.*?)</bdi>", page)[0]
    assert len(unescape(cell)) == length
    assert ("esnb-long" in page.partition("</style>")[2]) == (option == 50)


def test_wide_characters_are_aligned_by_the_cells_that_they_take() -> None:
    shown = frame_of(
        {"name": "string", "n": "Int64"}, name=["日本", "e\u0301x", "abc"], n=[1, 2, 3]
    )

    assert lines(shown)[1:4] == ["日本  1", "e\u0301x    2", "abc   3"]


def test_an_empty_frame_shows_its_columns() -> None:
    made = events(0)

    assert lines(made) == [
        "stream  version  type  time  data",
        "0 events, 0 streams · also: position, event_id, metadata",
    ]
    assert bare(made)[-1] == lines(made)[-1]


def test_no_more_of_a_frame_is_written_than_is_shown() -> None:
    written = []

    class Costly:
        def __repr__(self) -> str:
            written.append(self)
            return "costly"

    cell = Costly()
    made = objects(*[1] * 100_000)
    made["value"] = pd.Series([cell] * 100_000, dtype=object)
    repr(made), html(made)

    assert 0 < len(written) <= 2 * 20 * 3


# --- hostile --------------------------------------------------------------------------


class Raises:
    def __repr__(self) -> str:
        raise ValueError("no repr")

    __str__ = __repr__


class RaisesText(str):
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


HOSTILE: dict[str, Any] = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "an attribute": '" onmouseover="alert(1)',
    "the end of a title": "'\"></td></table><h1>",
    "a style": "</style><b>",
    "a surrogate": "cut \ud83d here",
    "bidi": "abc\u202egnp.exe\u2066",
    "control": "a\x00b\x1b[31mred\r\n\t\u2028\u0085",
    "lines": "one\n\ntwo",
    "dollars": "from $100 to $200, \\(x\\) $$y$$",
    "huge": "x" * 1_000_000,
    "deep": None,
    "raises": Raises(),
    "raises in a list": [Raises()],
    "a signalling nan": Decimal("sNaN"),
    "a huge number": 10**5000,
    "a huge list": list(range(1_000_000)),
    "a dict of anything": {("a", 1): {Raises(): "\ud83d"}, "<b>": "<i>"},
    "not a number": float("nan"),
    "a text that raises": RaisesText("x"),
    "a type": int,
}
_deep: list[Any] = []
for _ in range(5000):
    _deep = [_deep]
HOSTILE["deep"] = _deep


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_never_yield_markup_nor_raise(name: str) -> None:
    value = HOSTILE[name]
    made = events(2)
    made["data"] = pd.Series([value, {"field": value}], dtype=object)
    made["more"] = pd.Series([value, "x"], dtype=object)
    made["text"] = pd.Series(
        [str(value) if isinstance(value, str) and name != "a text that raises" else "x"] * 2,
        dtype=pd.StringDtype("python"),
    )
    made.index = pd.Index([value if isinstance(value, str) else 0, 1], dtype=object)

    for face in (repr(made), html(made)):
        assert face.encode()
        assert len(face) < 20_000
        assert all(character.isprintable() or character == "\n" for character in face)
    assert len(made.to_dict()) == 10
    outline = Outline(html(made))
    assert outline.tags <= {"div", "style", "table", "thead", "tbody", "tr", "th", "td", "p", "bdi"}
    assert outline.attributes <= {"class", "tabindex", "role", "aria-label", "scope", "title"}
    assert len(bare(made)) == 4
    assert 'class="esnb-frame tex2jax_ignore mathjax_ignore"' in html(made)


@pytest.mark.parametrize(
    "name", ["<b>bold</b>", '"', "\ud83d", "a\nb", "\u202e", "", "x" * 10_000, "$a$"]
)
def test_hostile_names_of_columns_and_rows(name: str) -> None:
    made = objects(1, 2)
    made[name] = ["x", None]
    made["none"] = None
    made[f"{name} 2"] = None
    for each in (made, made.set_index(name)):
        assert repr(each).encode()
        outline = Outline(html(each))
        assert "b" not in outline.tags
        assert "\n\n" not in html(each)
        assert len(lines(each)) < 12


def test_random_ids_leave_no_trace_of_the_machine() -> None:
    made = objects(object(), Dog, uuid4())

    assert " at 0x" not in repr(made) + html(made)
