"""Values whose own methods raise, and texts that no encoding has: frames and widgets show them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn
from uuid import UUID

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import JSONTranscoder, StoredEvent, Tracking, Transcoder, Transcoding
from eventsourcing.popo import POPOTrackingRecorder

import esnb
from esnb.clients.uri import masked_error
from esnb.drawing.values import Limits, line, tree
from esnb.frames.schema import build
from esnb.tables.kind import Kind
from esnb.values.cell import as_cell, encodable
from tests.unit.widget_pages import explorer_pages

CUT = "cut \ud83d here"
WRITTEN = "cut \\ud83d here"


def refuse(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("refused")


METHODS = (
    *("__repr__", "__str__", "__html__", "__format__", "_repr_html_", "_repr_mimebundle_"),
    *("__eq__", "__ne__", "__lt__", "__hash__", "__len__", "__bool__", "__iter__", "__next__"),
    *("__contains__", "__getitem__", "__array__", "__float__", "__int__", "__index__"),
    *("items", "keys", "values", "get", "__dir__", "__sizeof__"),
)


def spiteful(base: type, *methods: str, name: str = "Spiteful") -> Any:
    """A subclass of which these methods raise; a copy is the object itself."""
    return type(
        name, (base,), dict.fromkeys(methods, refuse) | {"__deepcopy__": lambda self, memo: self}
    )


class Mute(Exception):
    __str__ = __repr__ = refuse


class Odd(Enum):
    ONE = 1
    __str__ = __repr__ = refuse


class Sly:
    """Its text has a lone surrogate."""

    def __repr__(self) -> str:
        return CUT

    def __deepcopy__(self, _memo: object) -> Sly:
        return self


class Hash:
    """Equal to nothing that it can be compared with, and in a set all the same."""

    def __hash__(self) -> int:
        return 7

    __repr__ = __str__ = __eq__ = refuse

    def __deepcopy__(self, _memo: object) -> Hash:
        return self


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def in_itself() -> list[Any]:
    value: list[Any] = [1]
    value += [value, {"self": value}]
    return value


VALUES: dict[str, Callable[[], Any]] = {
    **{name: partial(lambda name: spiteful(object, name)(), name) for name in METHODS},
    "all of them": lambda: spiteful(object, *METHODS)(),
    "dict": lambda: spiteful(dict, *METHODS)(a=1),
    "list": lambda: spiteful(list, *METHODS)([1]),
    "tuple": lambda: spiteful(tuple, *METHODS)((1,)),
    "set": lambda: spiteful(set, *METHODS)({1}),
    "str": lambda: spiteful(str, *METHODS)("x"),
    "int": lambda: spiteful(int, *METHODS)(3),
    "float": lambda: spiteful(float, *METHODS)(3.5),
    "Decimal": lambda: spiteful(Decimal, *METHODS)("3.5"),
    "datetime": lambda: spiteful(datetime, "__repr__", "__str__", "isoformat")(2026, 3, 1),
    "enum": lambda: Odd.ONE,
    "exception": Mute,
    "in a list": lambda: [spiteful(object, *METHODS)(), 1],
    "in a dict": lambda: {"a": {"b": spiteful(object, *METHODS)()}},
    "in a tuple": lambda: (spiteful(object, *METHODS)(),),
    "a key": lambda: {Hash(): 1},
    "in a set": lambda: {Hash()},
    "in a frozenset": lambda: frozenset({Hash()}),
    "in an object": lambda: SimpleNamespace(a=spiteful(object, *METHODS)()),
    "a class": lambda: spiteful(object, *METHODS),
    "surrogate": lambda: CUT,
    "surrogate in a list": lambda: ["fine", CUT],
    "surrogate as a key": lambda: {CUT: {CUT: 1}},
    "surrogate in a set": lambda: {CUT, "b"},
    "surrogate in a repr": Sly,
    "surrogate in an object": lambda: SimpleNamespace(a=CUT),
    "surrogate in a subclass": lambda: spiteful(str)(CUT),
    "large": lambda: 10**5000,
    "large ones": lambda: [10**5000, {"a": -(10**5000)}],
    "deep": lambda: nested(900),
    "very deep": lambda: nested(5000),
    "in itself": in_itself,
    "not comparable": lambda: Decimal("sNaN"),
}


class Thing(Aggregate):
    """Its field is a value that is not in its events."""

    made: Callable[[], Any] = staticmethod(lambda: None)

    @event("Made")
    def __init__(self) -> None:
        self.n = 1
        self.value = type(self).made()

    @event("Changed")
    def change(self) -> None:
        self.n = 2
        self.value = type(self).made()


STATES = [name for name in VALUES if name not in METHODS or name in ("__repr__", "__eq__")]


@pytest.fixture(params=STATES)
def thing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Thing:
    monkeypatch.setattr(Thing, "made", staticmethod(VALUES[request.param]))
    return Thing()


def show(frame: pd.DataFrame) -> str:
    """All that a kernel does with a frame, and what is done with it by hand."""
    html: str = frame.to_html()
    faces = [repr(frame), str(frame), frame.to_string(), html, frame._repr_html_() or ""]  # type: ignore[operator]
    faces += [repr(frame[name]) for name in frame]
    frame.copy()
    frame.head(1)
    for face in faces:
        face.encode()
    return html


# --- folds ------------------------------------------------------------------------------


def test_a_frame_shows_any_state(thing: Thing) -> None:
    app: Application[UUID] = Application()
    thing.change()
    app.save(thing)

    for redact in (None, "elsewhere", "value"):
        for frame in (
            esnb.history(app, thing.id, redact=redact),
            esnb.diff(app, thing.id, redact=redact),
            esnb.diff(app, thing.id, before=0, redact=redact),
            esnb.blame(app, thing.id, redact=redact),
            esnb.what_if(app, thing.id, skip=2, redact=redact),
        ):
            show(frame)
    history = esnb.history(app, thing.id)
    assert list(history["n"]) == [1, 2]
    assert esnb.bisect(app, thing.id, lambda found: found.n == 2) == 2
    assert esnb.at(app, thing.id, version=1).n == 1


def test_a_widget_shows_any_state(thing: Thing) -> None:
    app: Application[UUID] = Application()
    thing.change()
    app.save(thing)

    explorer = esnb.explore(app, thing.id, live=True)
    for face in (str(explorer), repr(explorer), explorer._repr_html_()):
        face.encode()
    panel = explorer._controls()
    panel._tables.what_if.skip(frozenset({2}))
    explorer.version = 1
    for each in explorer_pages(panel):
        each.value.encode()
    for label, _ in panel._list.root.options:
        label.encode()
    explorer.close()


@pytest.mark.parametrize("name", VALUES)
def test_any_value_is_a_cell_and_a_tree(name: str) -> None:
    value = VALUES[name]()

    show(
        build(
            Kind("row"),
            {"a": "object", "b": "string"},
            {"a": [value], "b": [value]},
            {"c": [value]},
        )
    )
    tree(value, Limits()).line().encode()
    line(value).encode()


def test_what_can_be_shown_is_not_changed() -> None:
    for value in (
        *(None, True, 3, 2.5, "ü", "😀", b"\xff", Decimal("1"), UUID(int=1), pd.NA, pd.NaT),
        *(
            [],
            {},
            set(),
            [1, ["a", {"b": (1, 2)}]],
            {"a": {1, 2}},
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
        *(SimpleNamespace(a=1), object(), len, int, range(3), 2**70, nested(100)),
    ):
        assert as_cell(value) is value


def test_only_the_part_that_cannot_be_shown_is_a_text() -> None:
    bad = spiteful(object, "__repr__")()

    assert as_cell({"a": [1, bad], "b": CUT}) == {
        "a": [1, "<Spiteful: its repr raises RuntimeError>"],
        "b": WRITTEN,
    }
    assert as_cell(nested(300)) != nested(300)
    assert encodable("ü 😀") == "ü 😀"


def test_an_error_that_cannot_be_read_is_named() -> None:
    assert masked_error(Mute()) == "Mute: its text raises RuntimeError"


def test_an_error_without_a_text_in_a_fold() -> None:
    app: Application[UUID] = Application()
    thing = Thing()
    app.save(thing)

    def project(aggregate: Any, events: Any) -> NoReturn:
        raise Mute

    frame = esnb.history(app, thing.id, projector_func=project)
    assert "its text raises" in show(frame)
    assert "its text raises" in str(esnb.explore(app, thing.id, projector_func=project, live=False))


# --- events ------------------------------------------------------------------------------


class Point:
    def __init__(self, text: str) -> None:
        self.text = text

    __repr__ = __str__ = __eq__ = __bool__ = refuse
    __hash__ = None  # type: ignore[assignment]


class PointTranscoder(Transcoder):
    """An own one, whose values a frame shows as they come."""

    def __init__(self) -> None:
        self._json = JSONTranscoder()

    def register(self, transcoding: Transcoding) -> None:
        self._json.register(transcoding)

    def encode(self, obj: Any) -> bytes:
        return self._json.encode(obj)

    def decode(self, data: bytes) -> Any:
        decoded = self._json.decode(data)
        return {**decoded, "at": Point(decoded["at"])} if "at" in decoded else decoded


class Map(Application[UUID]):
    def construct_transcoder(self) -> Transcoder:
        transcoder = PointTranscoder()
        self.register_transcodings(transcoder)  # type: ignore[arg-type]
        return transcoder


class Place(Aggregate):
    @event("Founded")
    def __init__(self, at: Point, name: str, notes: dict[str, Any]) -> None:
        self.at = at
        self.name = name
        self.notes = notes


@pytest.fixture
def place() -> tuple[Map, UUID]:
    """A place whose event another program wrote: the library's own writes no lone surrogates."""
    app = Map()
    an_id = UUID(int=7)
    state = {
        "originator_topic": "tests.unit.test_frames_cells:Place",
        "timestamp": {"_type_": "datetime_iso", "_data_": "2026-03-01T00:00:00+00:00"},
        "at": "7",
        "name": CUT,
        "notes": {CUT: [CUT, "fine"]},
    }
    topic = "tests.unit.test_frames_cells:Place.Founded"
    app.recorder.insert_events([StoredEvent(an_id, 1, topic, json.dumps(state).encode())])
    return app, an_id


def test_payloads_of_any_kind_are_shown(place: tuple[Map, UUID], tmp_path: Path) -> None:
    app, an_id = place

    for options in ({}, {"flatten": True}, {"redact": "name"}, {"flatten": True, "redact": "x"}):
        for frame in (
            esnb.events(app, **options),
            esnb.stream(app, an_id, **options),
        ):
            html = show(frame)
            assert "its repr raises RuntimeError" in html
    data = esnb.events(app)["data"][0]
    assert data["name"] == WRITTEN
    assert data["notes"] == {WRITTEN: [WRITTEN, "fine"]}
    assert f"notes.{WRITTEN}" in esnb.events(app, flatten=True).columns
    for frame in (esnb.streams(app), esnb.catalog(app), esnb.trace(app, "x")):
        show(frame)
    show(esnb.history(app, an_id))
    path = tmp_path / "log.jsonl"
    assert esnb.export(app, path) == 1
    path.read_text("utf-8")
    show(esnb.events(path))
    show(esnb.events(path, flatten=True))
    other = Map()
    assert esnb.load(path, other) == 1
    assert other.repository.get(an_id).name == CUT


def test_browse_shows_payloads_of_any_kind(place: tuple[Map, UUID]) -> None:
    app, an_id = place

    for at in (None, an_id):
        browser = esnb.browse(app, at, live=True)
        for face in (str(browser), repr(browser), browser._repr_html_()):
            assert "its repr raises" in face or face == repr(browser)
            face.encode()
        panel = browser._controls()
        panel._text.value = "not to be found"
        assert (len(browser.events), panel._message.value) == (0, "")
        panel._text.value = "here"
        assert (len(browser.events), panel._message.value) == (1, "")
        panel._text.value = CUT
        panel._tabs.selected_index = 1
        panel._tabs.selected_index = 2
        for copy in panel._copying.areas:
            copy.value.encode()
        panel._detail.value.encode()
        browser.close()


# --- the other frames ----------------------------------------------------------------------


def test_read_models_and_runners_of_any_kind() -> None:
    class View(POPOTrackingRecorder):
        def __init__(self) -> None:
            super().__init__()
            self.items: dict[Any, Any] = {}

        def put(self, tracking: Tracking) -> None:
            self.items[Hash()] = [spiteful(object, *METHODS)(), CUT]
            self._insert_tracking(tracking)

    view = View()
    view.put(Tracking("Map", 1))
    show(esnb.read_model(SimpleNamespace(rows=lambda: [{"a": Sly(), CUT: CUT, "b": 10**5000}])))
    show(esnb.read_model(SimpleNamespace(rows=lambda: [(CUT, "t", None, Hash())])))
    show(esnb.read_model(view, redact="x"))

    class Runner:
        def status(self) -> Any:
            return SimpleNamespace(
                name=CUT, state="running", error=CUT, event=CUT, handler=CUT, traceback=CUT
            )

    show(esnb.runners(Runner()))
    watcher = esnb.watch(Runner(), live=False)
    for face in (str(watcher), repr(watcher), watcher._repr_html_()):
        face.encode()


def test_a_flow_of_any_kind() -> None:
    from esnb.widgets.flow import html as _flow_html
    from esnb.widgets.flow import text as _flow_text
    from esnb.widgets.flow.stations import Station

    station = Station(CUT, "event", CUT, 1, CUT, 0, None, CUT, "")
    for layout in ("tree", "lanes"):
        _flow_html.saved(CUT, [station], layout=layout).encode()
        _flow_text.page(CUT, [station], layout).encode()


def test_arguments_that_cannot_be_shown_are_named() -> None:
    app: Application[UUID] = Application()
    aggregate = Aggregate()
    app.save(aggregate)
    odd = spiteful(object, "__repr__", "__str__")()

    for ask in (
        lambda: esnb.events(app, start=odd),
        lambda: esnb.events(app, types=odd),
        lambda: esnb.at(app, aggregate.id, version=odd),
        lambda: esnb.bisect(app, aggregate.id, odd),
        lambda: esnb.what_if(app, aggregate.id, skip=odd),
        lambda: esnb.what_if(app, aggregate.id, insert=odd),
        lambda: esnb.what_if(app, aggregate.id, insert={1: odd}),
    ):
        with pytest.raises(TypeError, match="Spiteful"):
            ask()


# --- what is sent to a page -----------------------------------------------------------------


def sent(root: Any) -> None:
    """Every trait of every widget below `root` can be written as a message to the page."""
    seen: list[Any] = [root]
    for each in seen:
        json.dumps(each.get_state(), default=str, ensure_ascii=False).encode()
        seen += [child for child in getattr(each, "children", ()) if child not in seen]


def test_live_widgets_can_be_sent(place: tuple[Map, UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    app, an_id = place
    browser = esnb.browse(app, live=True)
    sent(browser.widget)
    browser.close()
    explorer = esnb.explore(app, an_id, live=True)
    sent(explorer.widget)
    explorer.close()

    class Runner:
        name = CUT

        def status(self) -> Any:
            return SimpleNamespace(
                name=CUT, state="failed", error=CUT, event=CUT, handler=CUT, traceback=CUT
            )

        pause = resume = rebuild = refuse

    watcher = esnb.watch(Runner(), live=True)
    panel = watcher._controls()
    panel.look()
    sent(watcher.widget)
    watcher.close()


def test_text_ids_of_half_a_character() -> None:
    app: Application[str] = Application(env={"ORIGINATOR_ID_TYPE": "text"})
    app.recorder.insert_events([StoredEvent(CUT, 1, f"m:{CUT}.A", b"{}")])

    for frame in (
        *(esnb.events(app), esnb.streams(app), esnb.catalog(app), esnb.stream(app, CUT)),
        esnb.history(app, CUT),
    ):
        show(frame)
    for live in (False, True):
        browser = esnb.browse(app, CUT, live=live)
        for face in (str(browser), repr(browser), browser._repr_html_()):
            face.encode()
        if live:
            sent(browser.widget)
        browser.close()
        explorer = esnb.explore(app, CUT, live=live)
        for face in (str(explorer), repr(explorer), explorer._repr_html_()):
            face.encode()
        if live:
            sent(explorer.widget)
        explorer.close()
