"""A notebook can be run again in the same kernel, from the top, wherever it was left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernels import in_files

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))

pytestmark = [pytest.mark.extras, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ESNB_LIVE": "0", "ESNB_PROGRESS": "0"}.items():
        monkeypatch.setitem(os.environ, name, value)
    for name in ("EVENTSTOREDB_URI", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def run(cells: list[nbformat.NotebookNode]) -> list[list[Any]]:
    """The outputs of the cells, run one after the other in one kernel."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.source) for cell in cells]
    )
    with in_files() as config:
        NotebookClient(
            notebook, timeout=300, kernel_name="python3", config=config,
            resources={"metadata": {"path": str(NOTEBOOKS)}},
        ).execute()  # fmt: skip
    return [list(map(shown, cell.outputs)) for cell in notebook.cells]


def shown(output: Any) -> Any:
    return dict(output.data) if "data" in output else output.get("text")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
@pytest.mark.parametrize("left_at", [0, -1, 12], ids=["at-its-end", "before-its-end", "half-way"])
def test_the_second_run_shows_what_the_first_did(path: Path, left_at: int) -> None:
    cells = code_cells(path)
    first = cells[:left_at] if left_at else cells

    outputs = run([*first, *cells])

    stored = [list(map(shown, cell.outputs)) for cell in cells]
    assert outputs[len(first) :] == stored
