"""The project that shows how to document with nbval: run as its page says, somewhere else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

PROJECT = Path(__file__).parents[2] / "docs" / "documenting"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(PROJECT, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    )


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def compared(project: Path) -> subprocess.CompletedProcess[str]:
    return run(project, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider")


def test_its_tests_pass_and_its_notebook_is_as_it_says(project: Path) -> None:
    done = compared(project)
    assert done.returncode == 0, done.stdout + done.stderr
    # Seven cells and four tests: none was left out.
    assert "11 passed" in done.stdout


def test_its_outputs_are_those_that_its_script_stores(project: Path) -> None:
    before = (project / "walkthrough.ipynb").read_text("utf-8")
    done = run(project, "run.py")
    assert done.returncode == 0, done.stderr
    assert (project / "walkthrough.ipynb").read_text("utf-8") == before


def test_each_altered_output_fails(project: Path) -> None:
    path = project / "walkthrough.ipynb"
    notebook = nbformat.read(path, as_version=4)
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", ())]
    for output in outputs:
        texts = output.data if "data" in output else output
        for kind in set(texts) & {"text", "text/plain", "text/html"}:
            texts[kind] = texts[kind].replace("Article", "Book").replace("Ann", "Eve")
            texts[kind] = texts[kind].replace("1 are left", "2 are left")
    nbformat.write(notebook, path)
    done = compared(project)
    assert done.returncode == 1
    assert f"{len(outputs)} failed, {11 - len(outputs)} passed" in done.stdout
