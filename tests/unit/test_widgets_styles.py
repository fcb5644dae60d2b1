"""The style sheets: they need no front end's variables, and fetch nothing."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

SHEETS = {
    each.name: each.read_text("utf-8")
    for room in files("esnb.widgets").iterdir()
    if room.is_dir()
    for each in room.iterdir()
    if each.name.endswith(".css")
}
FOREIGN = re.compile(r"var\(\s*(--(?:jp|vscode)-[\w-]+)\s*(.)")


def test_there_are_style_sheets() -> None:
    assert {"esnb.css", "live.css", "flow.css", "watch.css", "browse.css"} <= SHEETS.keys()


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_every_variable_of_a_front_end_has_a_fallback(name: str) -> None:
    bare = [variable for variable, after in FOREIGN.findall(SHEETS[name]) if after != ","]
    assert bare == []


def test_every_variable_of_our_own_is_defined() -> None:
    texts = "".join(SHEETS.values())
    used = set(re.findall(r"var\((--esnb-[\w-]+)", texts))
    assert used <= set(re.findall(r"(--esnb-[\w-]+):", texts))


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_a_style_sheet_fetches_nothing_and_ends_no_element(name: str) -> None:
    assert not re.search(r"url\(|@import|</", SHEETS[name])


def test_vs_code_has_colours_of_its_own_in_light_and_dark() -> None:
    texts = SHEETS["esnb.css"] + SHEETS["live.css"]
    for theme in (
        "vscode-light",
        "vscode-dark",
        "vscode-high-contrast",
        "vscode-high-contrast-light",
    ):
        assert f".{theme}" in texts
    assert "--vscode-editor-background" in SHEETS["live.css"]
