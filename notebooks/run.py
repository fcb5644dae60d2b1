"""Runs notebooks and stores their outputs, which `make test` then compares.

    python notebooks/run.py              # all of them
    python notebooks/run.py 00_tour.ipynb

Each is run in a kernel of its own, in this folder. A notebook that fails keeps
what it had: its file is written after its last cell only.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
PUBLISHED = {"ESNB_LIVE": "0", "ESNB_PROGRESS": "0"}
"""What published notebooks are run with: saved views in place of widgets, no bars."""
CELL_TIMEOUT = 300
"""Seconds a cell may take."""


def run(source: Path, target: Path | None = None) -> None:
    """Runs `source` from top to bottom; writes it with outputs (to `target` if given).

    Raises nbclient's CellExecutionError when a cell does.
    """
    os.environ.update(PUBLISHED)
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(HERE)}},
    )
    client.execute()
    # Versions of the Python that ran it would differ from machine to machine.
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, target or source)


def main(names: list[str]) -> int:
    for path in [HERE / name for name in names] or sorted(HERE.glob("*.ipynb")):
        print(path.name, flush=True)
        run(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
