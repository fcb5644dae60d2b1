"""One meaning for each class name: a reader who meets one knows which class it is."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

PACKAGE = Path(str(files("esnb")))


def declared(module: Path) -> Iterator[str]:
    """The public classes and type aliases of a module, but not those within classes."""
    for node in ast.parse(module.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and not isinstance(node.value, ast.Call | ast.Constant)
            and node.targets[0].id != node.targets[0].id.upper()
            and node.targets[0].id[0].isupper()
        ):
            yield node.targets[0].id


def homes() -> dict[str, list[str]]:
    """The modules that declare each name, by their paths in the package."""
    found = defaultdict(list)
    for module in sorted(PACKAGE.rglob("*.py")):
        for name in declared(module):
            if not name.startswith("_"):
                found[name].append(module.relative_to(PACKAGE).as_posix())
    return found


@pytest.mark.once
def test_a_class_shares_its_name_with_no_other() -> None:
    shared = {name: modules for name, modules in homes().items() if len(modules) > 1}
    assert shared == {}


def test_what_is_declared_is_found() -> None:
    assert homes()["StatusRow"] == ["widgets/watch/status_row.py"]
    assert homes()["Moment"] == ["sources/moments.py"]
