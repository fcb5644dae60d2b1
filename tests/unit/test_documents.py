"""The documents beside the code: what they link to, call and name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    path
    for folder in ("", "docs", ".github", ".github/ISSUE_TEMPLATE", ".github/workflows")
    for path in sorted((ROOT / folder).glob("*"))
    if path.suffix in (".md", ".yml")
]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    text = document.read_text("utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text) + re.findall(r'src="([^"]+)"', text)
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_are_targets_of_the_makefile(document: Path) -> None:
    commands = re.findall(r"(?:^\$ |run: |`)make ([a-z -]+)", document.read_text("utf-8"), re.M)
    assert {word for command in commands for word in command.split()} <= TARGETS


def test_the_map_has_every_room() -> None:
    packages = sorted(path.parent.name for path in (ROOT / "esnb").glob("*/__init__.py"))
    assert [name for name in packages if f"`{name}/`" not in ARCHITECTURE] == []


def test_modules_that_the_map_names_are_there() -> None:
    named = set(re.findall(r"`((?:esnb|tests|docs)/[\w/.]+)`", ARCHITECTURE))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
