"""The published notebooks hold their outputs, and nbval really compares them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
SILENT = (" = ", "import ", ".close()", "%pip install")
"""What a last line without an output has in it."""


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert PATHS


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_each_cell_was_run_in_order_and_kept_its_output(path: Path) -> None:
    cells = code_cells(nbformat.read(path, as_version=4))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        last = cell.source.splitlines()[-1]
        silent = any(sign in last for sign in SILENT)
        assert bool(cell.outputs) != silent, cell.source


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_stored_outputs_hold_no_errors_no_addresses_and_no_widgets(path: Path) -> None:
    for cell in code_cells(nbformat.read(path, as_version=4)):
        for output in cell.outputs:
            assert output.output_type in ("execute_result", "display_data"), cell.source
            shown = "".join(output.data.values())
            assert " at 0x" not in shown
            assert "application/vnd.jupyter.widget-view+json" not in output.data
            assert len(shown.encode()) < 200_000


def test_an_altered_output_is_found(tmp_path: Path) -> None:
    # Given the tour with one figure changed in a stored output
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(NOTEBOOKS / "conftest.py", folder)
    notebook = nbformat.read(NOTEBOOKS / "00_tour.ipynb", as_version=4)
    altered = next(
        output
        for cell in code_cells(notebook)
        if cell.source.startswith("esnb.explore(")
        for output in cell.outputs
    )
    altered.data["text/html"] = altered.data["text/html"].replace("47.50", "47.51", 1)
    nbformat.write(notebook, folder / "00_tour.ipynb")

    # When nbval compares it as `make test` does
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-q", str(folder)],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )

    # Then that cell fails, and it alone
    assert done.returncode == 1, done.stdout + done.stderr
    assert "47.51" in done.stdout
    assert "1 failed" in done.stdout
