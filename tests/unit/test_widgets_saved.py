"""Saved views: whole in Markdown, open without a live panel, read without styles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eventsourcing.application import Application

import esnb
from esnb.drawing.html import folded, preformatted, saved, style
from esnb.examples.dog import Dog
from esnb.stores import Stores
from tests.unit.widget_pages import Outline

ROOM = Path(str(files("esnb")))
SHEETS = sorted(path.relative_to(ROOM).as_posix() for path in ROOM.glob("**/*.css"))
BLANK = re.compile(r"^[ \t]*$", re.MULTILINE)
"""A line that ends an HTML block in Markdown: what follows would be read as text."""
HOSTILE = "a\n\n  \n</div>\r\n\t\n# heading\n\n<script>alert(1)</script>"


class Failing:
    """A runner with blank lines in all that it says."""

    name = "failing"

    def status(self) -> Any:
        trace = f"Traceback:\n\n  File\n   \n\n{HOSTILE}\n"
        return SimpleNamespace(
            name=self.name, state="failed", error=HOSTILE, event=HOSTILE, traceback=trace
        )


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    with esnb.connect(embedded=True) as stores:
        yield stores


@pytest.fixture(scope="module")
def views(stores: Stores) -> dict[str, str]:
    """Each of the package's saved views, by its name."""
    app: Any = stores.application(Application)
    dog = Dog(HOSTILE)
    dog.add_trick(HOSTILE)
    with esnb.correlate("walk"):
        app.save(dog)
    opened = esnb.browse(app, live=False)
    opened.open(dog.id)
    shown: dict[str, Any] = {
        "explore": esnb.explore(app, dog.id, live=False),
        "browse": esnb.browse(app, live=False),
        "browse a stream": opened,
        "watch": esnb.watch(Failing(), stores, live=False),
        "watch nothing": esnb.watch(live=False),
        "flow": esnb.flow(stores, "walk", live=False),
        "lanes": esnb.flow(stores, "walk", layout="lanes", live=False),
        "flow of nothing": esnb.flow(stores, "run", live=False),
    }
    return {name: view._repr_html_() for name, view in shown.items()}


def test_no_saved_view_has_a_blank_line(views: dict[str, str]) -> None:
    for name, view in views.items():
        for page in (view, folded(view)):
            assert not BLANK.search(page), name
            assert page.startswith("<div"), name
            assert Outline(page).open == [], name


@pytest.mark.parametrize("name", SHEETS)
def test_no_sheet_has_a_blank_line_in_a_page(name: str) -> None:
    assert not BLANK.search(style(name))
    assert not BLANK.search(saved("<p>a</p>\n\n \n<p>b</p>", name))


def test_preformatted_text_keeps_its_blank_lines() -> None:
    lines = "one\n\n  \n two\n\n\n<three>\n"
    shown = preformatted(lines)
    assert not BLANK.search(shown)
    assert Outline(shown).text == lines.replace("  \n", "\n")
    assert "<three>" not in shown


def test_a_saved_view_stands_behind_what_opens_it_and_not_in_it(views: dict[str, str]) -> None:
    """Where styles are taken away, as from a notebook that is not trusted, it is there."""
    for view in views.values():
        page = folded(view)
        before, _, after = page.partition("</details>")
        assert before.startswith('<div class="esnb esnb-folded ')
        assert "<details><summary>Saved view<" in before
        assert view in after


def test_a_saved_view_is_closed_only_in_the_output_of_a_live_panel() -> None:
    sheet = (ROOM / "drawing/esnb.css").read_text("utf-8")
    hiding = [
        rule
        for rule in sheet.split("}")
        if ".esnb-folded > details" in rule and "display: none" in rule
    ]
    assert len(hiding) == 1
    for selector in hiding[0].partition("{")[0].split(",\n"):
        assert ":has(.esnb-live) .esnb-folded" in selector
