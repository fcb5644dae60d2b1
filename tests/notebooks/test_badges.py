"""Badges that open the notebooks elsewhere, and the cell that installs esnb there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "notebooks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


badges = load("badges")
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("path", badges.files(), ids=lambda path: path.name)
def test_badges_are_those_that_make_badges_writes(path: Path) -> None:
    assert path.read_text("utf-8") == badges.written(path, badges.repository(PYPROJECT))


@pytest.mark.parametrize("path", badges.files(), ids=lambda path: path.name)
def test_each_file_has_both_and_they_lead_to_a_notebook_that_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    (binder,) = re.findall(r"\]\((https://mybinder\.org/v2/gh/[^)]+)\)", text)
    (colab,) = re.findall(r"\]\((https://colab\.research\.google\.com/github/[^)]+)\)", text)
    shown = path.name if path.suffix == ".ipynb" else "00_tour.ipynb"
    assert binder.endswith(f"?labpath=notebooks%2F{shown}")
    assert colab.endswith(f"/notebooks/{shown}")


@pytest.mark.parametrize(
    "path", [*badges.files(), *(ROOT / "docs").glob("*.md")], ids=lambda path: path.name
)
def test_nobody_is_told_to_install_the_other_esnb(path: Path) -> None:
    # PyPI's is another project: the name alone leads to it where esnb is not installed.
    told = re.findall(r"pip install (?:--\S+ )*[^`\n]*", path.read_text("utf-8"))
    assert [
        each for each in told if re.search(r"esnb(\[[^]]*\])?(?! ?@| ?\[)['\"\\]?$", each)
    ] == []


def test_a_release_has_an_address() -> None:
    # Given the newest section of the changelog
    newest = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[
        0
    ]
    # Then what is released names no OWNER
    if newest != "Unreleased":
        assert badges.repository(PYPROJECT) != badges.repository("[project.urls]\n")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_cell_that_installs_esnb_gets_the_address_too(path: Path) -> None:
    assert 'git+https://github.com/ada/events\\"' in badges.written(path, "ada/events")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("https://github.com/ada/esnb", "ada/esnb"),
        ("https://github.com/ada-l/event.notebooks/", "ada-l/event.notebooks"),
        ("https://github.com/ada/esnb.git", "ada/esnb"),
    ],
)
def test_the_address_is_said_in_one_place(source: str, found: str) -> None:
    assert badges.repository(f'[project.urls]\nSource = "{source}"') == found
    line = badges.badges(found, "notebooks/a b.ipynb")
    assert f"/gh/{found}/main?labpath=notebooks%2Fa%20b.ipynb)" in line


def test_an_address_that_neither_can_open_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Source is 'https://example\.org/esnb'"):
        badges.repository('[project.urls]\nSource = "https://example.org/esnb"')


def test_a_text_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="the text has no"):
        badges.with_badges("# esnb", "badges")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_first_cell_installs_esnb_where_it_is_missing_and_shows_nothing(path: Path) -> None:
    first = next(
        cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
    )
    assert "if not " in first.source
    address = f'@ git+https://github.com/{badges.repository(PYPROJECT)}"'
    assert re.search(r'    %pip install --quiet "esnb\[[a-z,]+\] ', first.source)
    assert first.source.endswith(address)
    assert first.execution_count == 1
    assert first.outputs == []
