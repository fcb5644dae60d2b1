"""A notebook with ids and times, compared by nbval with the sanitize file and without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytestmark = [pytest.mark.extras, pytest.mark.once]


def test_a_notebook_of_ids_and_times(tmp_path: Path) -> None:
    cells = [
        "import esnb\nfrom esnb.examples.dog import Dog\n"
        "from eventsourcing.application import Application\n"
        "app = Application()\nfido = Dog('Fido')\n"
        "fido.add_trick('sit')\n_ = app.save(fido)",
        "esnb.events(app)",
        "esnb.history(app, fido.id)",
        "esnb.explore(app, fido.id, live=False)",
        "print(fido.id, fido.created_on)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    path = tmp_path / "kennel.ipynb"
    nbformat.write(notebook, path)
    subprocess.run(
        [
            *(sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"),
            *("--inplace", path),
        ],
        check=True,
        capture_output=True,
    )

    def compared(*options: str) -> str:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider"),
                *options,
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    where = subprocess.run(
        [sys.executable, "-m", "esnb.testing"], capture_output=True, text=True, check=True
    ).stdout.strip()
    sanitizing = ("--nbval-sanitize-with", where)
    assert "4 failed, 1 passed" in compared()
    assert "5 passed" in compared(*sanitizing)
    notebook = nbformat.read(path, as_version=4)
    altered = notebook.cells[1].outputs[0]["data"]
    altered["text/plain"] = altered["text/plain"].replace("sit", "beg")
    nbformat.write(notebook, path)
    assert "1 failed, 4 passed" in compared(*sanitizing)
