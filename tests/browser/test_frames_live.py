"""Frames in JupyterLab: one line a row, readable in every theme and width."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from eventsourcing.application import Application
from playwright.sync_api import Browser, expect

import esnb
from esnb.examples.dog import Dog
from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SET_UP = """
import esnb
from eventsourcing.application import Application
from esnb.examples.dog import Dog
app = Application()
fido, rex = Dog("Fido"), Dog("Rex")
fido.add_trick("roll over, from $100 to $200")
rex.add_trick("sit, " * 80)
_ = app.save(fido, rex)
"""
FRAMES = (
    "esnb.events(app)",
    "esnb.streams(app)",
    "esnb.history(app, fido.id)",
    "esnb.blame(app, fido.id)",
    "esnb.catalog(app)",
    "esnb.events(app, flatten=True)",
    "import pandas as pd; pd.concat([esnb.events(app)] * 2500, ignore_index=True)",
    "esnb.options.display = 'pandas'; display(esnb.events(app)); esnb.options.display = 'esnb'",
)


def test_every_row_takes_one_line_in_every_theme_and_width(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook(width=1600, height=1900)
    page.open(lab.write("frames.ipynb", SET_UP, *FRAMES))
    page.run_all()
    frames = page.page.locator(".esnb-frame")
    expect(frames).to_have_count(len(FRAMES) - 1)

    for width in (1600, 800):
        page.page.set_viewport_size({"width": width, "height": 1900})
        if width == 800:
            page.command("application:toggle-left-area")
        for theme in ("Light", "Dark"):
            page.use_theme(f"JupyterLab {theme}")
            page.picture(f"frames-{width}-{theme.lower()}")

            heights = "rows => rows.map(row => row.getBoundingClientRect().height)"
            assert max(frames.locator("tr").evaluate_all(heights)) < 32
            assert page.grave_findings(".esnb-frame") == []
            events = frames.first
            expect(events.get_by_text("Dog.TrickAdded").first).to_be_in_viewport(ratio=1)
            expect(events.get_by_text("name: 'Fido'")).to_be_in_viewport(ratio=1)


PAGES = {
    "plain": ("<html>", "<body>", "#fff"),
    "the system's dark": ("<html style='color-scheme: dark'>", "<body>", "#121212"),
    "Colab, dark": ("<html theme='dark'>", "<body>", "#383838"),
    "Colab, light": ("<html theme='light'>", "<body>", "#fff"),
    "data-theme, dark": ("<html data-theme='dark'>", "<body>", "#111"),
    "VS Code, dark": (
        "<html style='--vscode-editor-foreground: #ccc'>",
        "<body class='vscode-dark'>",
        "#1f1f1f",
    ),
    "VS Code, light": (
        "<html style='--vscode-editor-foreground: #3b3b3b'>",
        "<body class='vscode-light'>",
        "#fff",
    ),
    "exported, dark": ("<html>", "<body data-jp-theme-light='false'>", "#111"),
}


@pytest.mark.parametrize("name", PAGES)
def test_saved_frames_are_readable_on_any_page(name: str, browser: Browser) -> None:
    html, body, background = PAGES[name]
    frame = _events()._repr_html_()
    page = browser.new_page(viewport={"width": 800, "height": 400})
    style = f"<style>html, body {{ background: {background}; }}</style>"
    page.set_content(f"<!doctype html>{html}<head>{style}</head>{body}{frame}</body></html>")
    expect(page.locator(".esnb-frame")).to_be_visible()

    options = {"runOnly": ["color-contrast"]}
    found = Axe().run(page, context=".esnb-frame", options=options).response
    assert found["violations"] == []
    assert found["passes"]
    page.close()


def _events() -> Any:
    app: Application[Any] = Application()
    dog = Dog("Fido")
    dog.add_trick("sit, " * 80)
    app.save(dog)
    return esnb.events(app).tail(1)


def test_dollars_in_a_cell_are_no_formula(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    page.open(
        lab.write(
            "dollars.ipynb",
            SET_UP,
            FRAMES[0],
            FRAMES[-1],
            "from IPython.display import HTML; HTML('<p>$x^2$</p>')",
        )
    )
    page.run_all()

    expect(page.page.locator("mjx-container, .MathJax")).to_have_count(1)  # the formula
    expect(page.page.locator(".mathjax_ignore mjx-container")).to_have_count(0)
