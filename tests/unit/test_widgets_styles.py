"""The style sheets: they need no front end's variables, and fetch nothing."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

ROOM = Path(str(files("esnb")))
SHEETS = sorted(path.relative_to(ROOM).as_posix() for path in ROOM.glob("**/*.css"))
FOREIGN = re.compile(r"var\(\s*(--(?:jp|vscode)-[\w-]+)\s*(.)")


def sheet(name: str) -> str:
    return (ROOM / name).read_text("utf-8")


def test_there_are_style_sheets() -> None:
    assert set(SHEETS) == {
        "widgets/browse/browse.css",
        "drawing/chart/chart.css",
        "drawing/chart/file.css",
        "drawing/esnb.css",
        "tables/table.css",
        "summaries/summary.css",
        "widgets/live/live.css",
        "widgets/explore/history.css",
        "widgets/explore/explore.css",
        "widgets/flow/flow.css",
        "widgets/watch/watch.css",
    }


@pytest.mark.parametrize("name", SHEETS)
def test_every_variable_of_a_front_end_has_a_fallback(name: str) -> None:
    bare = [variable for variable, after in FOREIGN.findall(sheet(name)) if after != ","]
    assert bare == []


def test_every_variable_of_our_own_is_defined() -> None:
    texts = "".join(map(sheet, SHEETS))
    used = set(re.findall(r"var\((--esnb-[\w-]+)", texts))
    assert used <= set(re.findall(r"(--esnb-[\w-]+):", texts))


@pytest.mark.parametrize("name", SHEETS)
def test_a_style_sheet_fetches_nothing_and_ends_no_element(name: str) -> None:
    assert not re.search(r"url\(|@import|</", sheet(name))


def test_vs_code_has_colours_of_its_own_in_light_and_dark() -> None:
    texts = sheet("drawing/esnb.css") + sheet("widgets/live/live.css")
    for theme in (
        "vscode-light",
        "vscode-dark",
        "vscode-high-contrast",
        "vscode-high-contrast-light",
    ):
        assert f".{theme}" in texts
    assert "--vscode-editor-background" in sheet("widgets/live/live.css")
