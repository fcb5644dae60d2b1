"""`explore(app)` without an id: a list of aggregates, one of which is explored."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application

import esnb
from esnb.examples.dog import Dog
from esnb.widgets.explore.picker import Picker
from tests.domain.rooms import Hotel, Room
from tests.unit.widget_pages import Outline, open_widgets

IDS = [
    UUID("7f3a1b2c-9f00-4000-8000-000000000001"),
    UUID("7f3a1b2c-9f00-4000-8000-000000000002"),
    UUID("0a1b2c3d-9f00-4000-8000-000000000003"),
]


class Pup(Dog):
    @staticmethod
    def create_id(name: str) -> UUID:
        return IDS[int(name)]


@pytest.fixture
def app() -> Application[UUID]:
    app = Application[UUID]()
    for number in range(3):
        pup = Pup(str(number))
        pup.add_trick("sit")
        app.save(pup)
    return app


def test_the_text_lists_the_newest_first(app: Application[UUID]) -> None:
    assert str(esnb.explore(app, live=False, times=False)).splitlines() == [
        "Application, 3 aggregates",
        f"  {IDS[2]}  Dog  2 events  Dog.TrickAdded",
        f"  {IDS[1]}  Dog  2 events  Dog.TrickAdded",
        f"  {IDS[0]}  Dog  2 events  Dog.TrickAdded",
        "",
        "Explore one by its id, or by eight digits of it: esnb.explore(app, '0a1b2c3d')",
    ]


def test_the_saved_view_lists_the_ids(app: Application[UUID]) -> None:
    page = esnb.explore(app, live=False)._repr_html_()

    outline = Outline(page)
    for each in IDS:
        assert str(each) in outline.text
    assert "script" not in outline.tags
    assert "\n\n" not in page.partition("</style>")[2]


def test_an_id_that_is_not_alone_is_shown_whole(app: Application[UUID]) -> None:
    other = Application[UUID]()
    for number in range(2):
        other.save(Pup(str(number)))

    assert f"esnb.explore(app, '{IDS[1]}')" in str(esnb.explore(other, live=False))


def test_one_is_picked_by_code(app: Application[UUID]) -> None:
    picker = esnb.explore(app, live=False)

    explorer = picker.pick("0a1b2c3d")

    assert explorer is picker.explorer
    assert explorer.versions == [1, 2]
    assert picker.ids == [str(IDS[2]), str(IDS[1]), str(IDS[0])]


def test_one_is_picked_from_the_list_and_then_another(app: Application[UUID]) -> None:
    before = open_widgets()
    picker = esnb.explore(app, live=True)
    panel = picker.widget.children[0]
    find, chosen = panel.children[1].children[0], panel.children[2].children[0]
    assert picker.explorer is None

    chosen.value = str(IDS[0])
    first = picker.explorer
    assert first is not None
    assert picker.widget.children[1].children == (first.widget,)

    find.value = "0a1b"
    assert [value for _, value in chosen.options] == [None, str(IDS[2])]
    chosen.value = str(IDS[2])
    assert picker.explorer is not first
    assert repr(picker.explorer).startswith(f"Explorer(Pup {IDS[2]}")

    find.value = "no such dog"
    assert "no aggregate matches" in panel.children[3].value
    picker.close()
    assert open_widgets() <= before


def test_an_application_without_events_is_read_again() -> None:
    app = Application[UUID]()
    picker = esnb.explore(app, live=True)
    panel = picker.widget.children[0]
    again, chosen = panel.children[1].children[1], panel.children[2].children[0]
    assert "no events yet" in str(picker)
    assert "no events yet" in picker._repr_html_()
    assert again.description == "Read again"

    app.save(Pup("1"))
    again.click()

    assert [value for _, value in chosen.options] == [None, str(IDS[1])]
    picker.close()


def test_an_error_is_shown_in_the_widget(
    app: Application[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    picker = esnb.explore(app, live=True)
    panel = picker.widget.children[0]

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr(app.recorder, "select_events", refuse)
    panel.children[2].children[0].value = str(IDS[0])

    assert "The aggregate could not be read: ConnectionError: refused" in panel.children[4].value
    picker.close()


def test_hostile_ids_and_ten_thousand_aggregates() -> None:
    app = Hotel()
    for name in ("<script>alert(1)</script>", "\u202e $1 $2", "'"):
        app.save(Room(name))
    page = esnb.explore(app, live=False)._repr_html_()
    assert "script" not in Outline(page).tags
    assert "\u202e" not in page
    app.save(*(Room(f"room-{number}") for number in range(10_000)))

    picker = esnb.explore(app, live=False)

    assert repr(picker) == "Picker(Hotel, 10,003 aggregates)"
    assert str(picker).startswith("Hotel, showing 20 of 10,003 aggregates\n")
    assert "showing 100 of 10,003 aggregates" in picker._repr_html_()
    assert len(picker._repr_html_()) < 200_000


def test_what_cannot_be_picked_from_is_refused() -> None:
    other: Any = object()
    with pytest.raises(TypeError, match=r"explore\(\) folds an aggregate"):
        esnb.explore(other)
    without_id: Any = esnb.explore
    with pytest.raises(TypeError, match="pass the aggregate, too"):
        without_id(Application(), version=3)
    with pytest.raises(TypeError, match="not by NoneType"):
        without_id(Application(), None)


def test_it_is_a_picker(app: Application[UUID]) -> None:
    assert isinstance(esnb.explore(app, live=False), Picker)
    assert sorted(esnb.explore(app, live=False)._repr_mimebundle_()) == ["text/html", "text/plain"]
