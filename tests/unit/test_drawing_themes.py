"""The colours of the style sheet: every text can be read on every ground, in each theme."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

ROOM = Path(str(files("esnb")))
SHEET = (ROOM / "drawing/esnb.css").read_text("utf-8")
OF_FRAMES = "table.css"
"""Takes the page's own colour, paler: what comes of it is measured in a browser, in
tests/browser/test_frames_live.py."""
SHEETS = [path.read_text("utf-8") for path in ROOM.glob("**/*.css")]
COLOURED = [path.read_text("utf-8") for path in ROOM.glob("**/*.css") if path.name != OF_FRAMES]
PAGES = {
    # JupyterLab, nbconvert and VS Code; Chromium's Canvas; Solarized
    "light": ["#ffffff", "#f8f8f8", "#fdf6e3"],
    # JupyterLab's two layers; VS Code's two; Chromium's and Firefox's Canvas; Colab
    "dark": ["#111111", "#212121", "#1e1e1e", "#1f1f1f", "#121212", "#1c1b22", "#383838"],
}
TEXTS = ("ink", "mute", "accent", "add", "del", "mod")
GROUNDS = ("soft", "add-bg", "del-bg", "mod-bg")
ENOUGH = 4.5
Colour = tuple[float, float, float]


def found(name: str) -> str:
    """The value of a variable, where the sheet gives it first."""
    match = re.search(rf"--esnb-{name}: (light-dark\([^)]*\)|rgba\([^)]*\)|[^;]*);", SHEET)
    assert match is not None, name
    return match[1]


def text(name: str, theme: str) -> Colour:
    pair = re.fullmatch(r"light-dark\((#\w{6}), (#\w{6})\)", found(name))
    assert pair is not None, f"{name} has no pair of colours: {found(name)}"
    return colour(pair[1 if theme == "light" else 2])


def colour(hexadecimal: str) -> Colour:
    red, green, blue = (int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def ground(name: str, page: Colour) -> Colour:
    """A translucent colour on a page."""
    *channels, alpha = map(float, re.findall(r"[\d.]+", found(name)))
    mixed = [alpha * over + (1 - alpha) * under for over, under in zip(channels, page, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def luminance(of: Colour) -> float:
    """As WCAG 2 defines it."""
    shares = [each / 255 for each in of]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_reckoned_as_the_standard_has_it() -> None:
    assert contrast(colour("#000000"), colour("#ffffff")) == pytest.approx(21)
    assert contrast(colour("#777777"), colour("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", PAGES)
@pytest.mark.parametrize("name", TEXTS)
def test_every_text_can_be_read_on_every_ground(theme: str, name: str) -> None:
    for page in map(colour, PAGES[theme]):
        grounds = {"page": page} | {each: ground(each, page) for each in GROUNDS}
        # A row that is pointed at: one translucent ground upon another.
        grounds |= {f"soft on {each}": ground("soft", grounds[each]) for each in GROUNDS}
        for where, under in grounds.items():
            assert contrast(text(name, theme), under) >= ENOUGH, (where, page)


def test_no_sheet_has_a_text_colour_that_was_not_measured() -> None:
    """But what is inherited, and a dot, which is a shape."""
    measured = {f"var(--esnb-{name})" for name in TEXTS} | {
        "inherit",
        "currentColor",
        "var(--esnb-dot)",
    }
    for sheet in COLOURED:
        for declared in re.findall(r"(?<![\w-])color: ([^;}]+)", sheet):
            assert declared.strip() in measured, declared


def test_no_text_is_made_fainter_than_its_colour() -> None:
    """Shapes may be; of texts only what appears when it is pointed at."""
    shapes = re.compile(r"esnb-(strip|branch|lane|leader|blame|later|rug|faded)\b")
    for sheet in COLOURED:
        rules = re.findall(r"([^{}]+)\{([^{}]*)\}", sheet)
        faint = [
            who.strip() for who, what in rules if re.search(r"(?<![-\w])opacity: 0?\.\d", what)
        ]
        assert [who for who in faint if not shapes.search(who)] == []


@pytest.mark.parametrize(
    "theme",
    [
        'html[theme="{}"]',  # Colab
        'body[data-jp-theme-light="{}"]',
        "body.vscode-{}",
        '[data-theme="{}"]',
    ],
)
def test_a_page_that_says_its_theme_is_believed(theme: str) -> None:
    for name, other in (("light", "true"), ("dark", "false")):
        said = theme.format(other if "jp-" in theme else name)
        rule = next(line for line in SHEET.splitlines() if said in line)
        assert f"color-scheme: {name};" in rule
        assert "--esnb-ground: transparent" in rule


def test_elsewhere_the_system_says_it_and_the_view_has_its_own_ground() -> None:
    first = SHEET[SHEET.index("\n.esnb {") :].partition("}")[0]
    assert "color-scheme: light dark" in first
    assert "--esnb-ground: Canvas" in first


def test_lengths_do_not_depend_on_the_size_of_the_page_s_text() -> None:
    """Which is 10 pixels in classic Notebook, 13 in JupyterLab, 16 in most others."""
    for sheet in SHEETS:
        assert re.findall(r"\d(?:rem|em)\b", re.sub(r"width: (?:9\.5|1\.4)em", "", sheet)) == []
