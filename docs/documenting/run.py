"""Runs the notebook and stores its outputs, which `pytest --nbval` then compares."""

from __future__ import annotations

from pathlib import Path

import conftest  # noqa: F401 - what notebooks are run with
import nbformat
from nbclient import NotebookClient

PATH = Path(__file__).with_name("walkthrough.ipynb")

if __name__ == "__main__":
    notebook = nbformat.read(PATH, as_version=4)
    NotebookClient(
        notebook, record_timing=False, resources={"metadata": {"path": str(PATH.parent)}}
    ).execute()
    # Versions of the Python that ran it would differ from machine to machine.
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, PATH)
