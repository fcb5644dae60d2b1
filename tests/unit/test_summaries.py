"""How applications, aggregates and recorded events show themselves in IPython."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, BaseAggregate, event
from eventsourcing.persistence import Recording
from IPython.core.formatters import DisplayFormatter

from esnb._options import options
from esnb.activity.shell import ipython_shell
from esnb.clients.installed import RecordedEvent
from esnb.examples.dog import Dog
from esnb.summaries.ipython import install
from tests.unit.widget_pages import Outline

HOSTILE = "</code><script>alert(1)</script> \x1b[31m \u202e \ud83d from $1 to $2"


class Kennel(Application[UUID]):
    pass


class Shelf(Aggregate):
    def __init__(self, content: Any) -> None:
        self.content = content

    @event("Filled")
    def fill(self, content: Any) -> None:
        self.content = content


class Named(Dog):
    def __repr__(self) -> str:
        return f"Named({self.name})"


class Pictured(Dog):
    def _repr_html_(self) -> str:
        return "<b>mine</b>"


class Functional:
    """An aggregate of a class with nothing of the library's in it."""

    def __init__(self, id: Any = "cat-1", version: Any = 2) -> None:
        self.id, self.version, self.name = id, version, "Tom"


class Raising:
    def __repr__(self) -> str:
        raise RuntimeError("not printable")


class Anything:
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AssertionError(f"{name} was asked for")


@pytest.fixture
def formatter() -> DisplayFormatter:
    found = DisplayFormatter()
    install(found.formatters)
    return found


@pytest.fixture
def fido() -> Dog:
    fido = Dog("Fido")
    fido.add_trick("roll over")
    return fido


def texts(formatter: DisplayFormatter, shown: object) -> tuple[str, str | None]:
    found, _ = formatter.format(shown)
    return found["text/plain"], found.get("text/html")


def without_esnb(shown: object) -> tuple[str, str | None]:
    return texts(DisplayFormatter(), shown)


def checked(formatter: DisplayFormatter, shown: object) -> str:
    """The text of a summary, whose page says the same and is safe to keep."""
    text, page = texts(formatter, shown)
    assert page is not None
    outline = Outline(page)
    assert not {"script", "img", "iframe"} & outline.tags
    assert not any(name.startswith("on") for name in outline.attributes)
    assert "\n\n" not in page.partition("</style>")[2]
    for face in (text, page):
        assert " at 0x" not in face
        face.encode()
        assert "\x1b" not in face
        assert "\u202e" not in face
    said = outline.text
    for line in text.splitlines()[1:]:
        name = line.strip().partition(":")[0]
        assert name in said, line
    return text


# --- what they say --------------------------------------------------------------


def test_an_aggregate_reads_like_explore_s_state(formatter: DisplayFormatter, fido: Dog) -> None:
    assert checked(formatter, fido).splitlines() == [
        f"Dog {fido.id}, version 2, 2 events not saved",
        "State",
        "  name: 'Fido'",
        "  tricks: ['roll over']",
    ]
    Kennel().save(fido)
    assert checked(formatter, fido).startswith(f"Dog {fido.id}, version 2\n")


def test_what_save_returns_is_one_line_an_event(formatter: DisplayFormatter, fido: Dog) -> None:
    found = Kennel().save(fido)

    short = f"{str(fido.id)[:8]}…"
    assert checked(formatter, found).splitlines() == [
        "Recorded, 2 events",
        "Events",
        f"  1: Registered  name: 'Fido'  {short}",
        f"  2: TrickAdded  trick: 'roll over'  {short}",
    ]
    assert checked(formatter, found[1]).splitlines() == [
        f"Dog.TrickAdded {fido.id}, version 2",
        "Action",
        "  trick: 'roll over'",
    ]
    assert texts(formatter, {"saved": found[:1]})[0] == (
        f"{{'saved': [Dog.Registered {short}, version 1]}}"
    )


def test_ten_thousand_recordings_are_cut_and_counted(formatter: DisplayFormatter) -> None:
    shelf = Shelf(0)
    for number in range(9_999):
        shelf.fill(number)
    text = checked(formatter, Kennel().save(shelf))

    assert text.startswith("Recorded, 10,000 events\n")
    assert text.endswith("  … 9,960 more")


def test_an_application_names_its_store_and_its_newest_events(
    formatter: DisplayFormatter, fido: Dog
) -> None:
    app = Kennel()
    assert checked(formatter, app).splitlines() == [
        "Kennel, application, 0 events",
        "Application",
        "  events in: memory (POPO), gone with the process",
        "  snapshots: none",
        "Events",
        "  no events yet",
    ]
    app.save(fido)
    text = checked(formatter, app)
    assert text.startswith("Kennel, application, 2 events\n")
    assert f"  2: Dog.TrickAdded  {str(fido.id)[:8]}…" in text


@pytest.mark.parametrize("is_closed", [False, True])
def test_an_application_on_sqlite(formatter: DisplayFormatter, is_closed: bool) -> None:
    app = Kennel(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": ":memory:",
            "IS_SNAPSHOTTING_ENABLED": "y",
            "ORIGINATOR_ID_TYPE": "text",
        }
    )
    if is_closed:
        app.close()

    text = checked(formatter, app)

    assert "  events in: SQLite\n  ids: text\n  snapshots: taken\n" in text
    assert ("  events: not known: " in text) == is_closed
    app.close()


def test_a_server_that_is_away_does_not_hold_up_a_cell_nor_show_a_password(
    formatter: DisplayFormatter,
) -> None:
    app = Kennel(
        env={
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": "esdb://admin:sesame@127.0.0.1:1?Tls=false",
            "REDIS_URL": "redis://:sesame@127.0.0.1:1",
        }
    )

    text = checked(formatter, app)

    assert "  events in: EventStoreDB, esdb://***@127.0.0.1:1" in text
    assert "  events: not known: " in text
    assert "sesame" not in str(texts(formatter, app))


def recorded_event(**given: Any) -> RecordedEvent:
    fields: dict[str, Any] = {
        "type": "OrderPlaced.v2",
        "data": b'{"amount": 3}',
        "metadata": b'{"user": "ada"}',
        "content_type": "application/json",
        "id": UUID(int=7),
        "stream_name": "order-1",
        "stream_position": 0,
        "commit_position": 12,
        "prepare_position": 12,
        "recorded_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return RecordedEvent(**(fields | given))


def test_a_client_s_event_is_decoded(formatter: DisplayFormatter) -> None:
    assert checked(formatter, recorded_event()).splitlines() == [
        "OrderPlaced.v2 order-1, revision 0",
        "Action",
        "  amount: 3",
        "Metadata",
        "  user: 'ada'",
        "Envelope",
        f"  event id: {UUID(int=7)}",
        "  position: 12",
        "  content type: application/json",
        "  recorded: 2026-03-01 00:00:00.000 UTC",
    ]
    assert texts(formatter, [recorded_event()])[0] == "[OrderPlaced.v2 order-1, revision 0]"


@pytest.mark.parametrize(
    "data", [b"", b"\xff\x00", b"[1, 2]", b'{"a": NaN}', rb'{"t": "\ud83d <b> $1 $2"}', b"null"]
)
def test_any_payload_of_a_client_s_event_is_shown(formatter: DisplayFormatter, data: bytes) -> None:
    for content_type in ("application/json", "application/octet-stream"):
        text = checked(
            formatter,
            recorded_event(
                data=data,
                metadata=data,
                content_type=content_type,
                type=HOSTILE,
                stream_name=HOSTILE,
                recorded_at=None,
                commit_position=None,
            ),
        )
        assert "Action" in text


@pytest.mark.parametrize(
    "content",
    [
        HOSTILE,
        {HOSTILE: [HOSTILE]},
        Raising(),
        Anything(),
        float("nan"),
        None,
        "x" * 1_000_000,
        list(range(100_000)),
        10**5000,
        uuid4(),
    ],
    ids=lambda each: type(each).__name__,
)
def test_hostile_and_huge_states_are_safe(formatter: DisplayFormatter, content: Any) -> None:
    shelf = Shelf("")
    shelf.content = content

    checked(formatter, shelf)

    page = texts(formatter, shelf)[1]
    assert page is not None
    assert len(page) < 200_000


# --- whose word counts ------------------------------------------------------------


def test_the_library_s_classes_stay_as_they_are(formatter: DisplayFormatter, fido: Dog) -> None:
    assert repr(fido).startswith("Dog(id=UUID(")
    assert repr(Kennel()).startswith("<")
    for kind in (Application, BaseAggregate, Recording, RecordedEvent):
        assert not hasattr(kind, "_repr_html_")
        assert not hasattr(kind, "_repr_pretty_")


def test_a_repr_of_the_user_s_own_comes_first(formatter: DisplayFormatter) -> None:
    assert texts(formatter, Named("Rex")) == ("Named(Rex)", None)
    assert texts(formatter, Pictured("Rex"))[1] == "<b>mine</b>"


@pytest.mark.parametrize("is_before", [True, False])
def test_a_formatter_of_the_user_s_own_comes_first(is_before: bool, fido: Dog) -> None:
    formatter = DisplayFormatter()
    if not is_before:
        install(formatter.formatters)
    for kind in (Dog, Application, list):
        formatter.formatters["text/html"].for_type(kind, lambda each: "mine")
    for kind in (Dog, Application):
        formatter.formatters["text/plain"].for_type(kind, lambda each, p, cycle: p.text("mine"))
    if is_before:
        install(formatter.formatters)

    assert texts(formatter, fido) == ("mine", "mine")
    assert texts(formatter, Kennel()) == ("mine", "mine")
    assert texts(formatter, Kennel().save(fido))[1] == "mine"


@pytest.mark.parametrize("by", ["variable", "option"])
def test_one_switch_shows_everything_as_without_esnb(
    formatter: DisplayFormatter, fido: Dog, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    if by == "variable":
        monkeypatch.setenv("ESNB_DISPLAY", "pandas")
    else:
        monkeypatch.setattr(options, "_display", "pandas")
    app = Kennel()
    for shown in (fido, app.save(fido), app, recorded_event(), Functional()):
        assert texts(formatter, shown) == without_esnb(shown)


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [1, [2]],
        {"a": [1]},
        object,
        object(),
        Anything(),
        Functional(id=None),
        Functional(version="2"),
        Functional(version=True),
        Functional,
        Dog,
        Recording,
    ],
    ids=lambda each: type(each).__name__,
)
def test_everything_else_looks_as_without_esnb(formatter: DisplayFormatter, shown: object) -> None:
    assert texts(formatter, shown) == without_esnb(shown)


def test_a_list_in_itself_looks_as_without_esnb(formatter: DisplayFormatter) -> None:
    shown: list[object] = [1]
    shown.append(shown)
    assert texts(formatter, shown) == without_esnb(shown)


def test_an_aggregate_of_no_base_class_has_a_summary(formatter: DisplayFormatter) -> None:
    assert texts(formatter, Functional())[0] == "Functional cat-1, version 2\nState\n  name: 'Tom'"
    assert texts(formatter, [Functional(uuid4())])[0].endswith("…, version 2]")


def test_installing_again_changes_nothing(formatter: DisplayFormatter, fido: Dog) -> None:
    before = texts(formatter, fido), texts(formatter, [1])
    install(formatter.formatters)
    assert (texts(formatter, fido), texts(formatter, [1])) == before


def test_importing_esnb_in_ipython_registers_and_loads_nothing() -> None:
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import esnb
assert not {"pandas", "grpc", "ipywidgets", "eventsourcing", "esnb.drawing"} & {*sys.modules}
from eventsourcing.application import Application
class Kennel(Application): pass
print(shell.display_formatter.format(Kennel())[0]["text/plain"].splitlines()[0])
"""
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert found.stdout == "Kennel, application, 0 events\n", found.stderr


def test_an_ipython_that_another_thread_is_importing_has_no_shell_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    assert ipython_shell() is None
