"""The README's Python, pasted block after block into a notebook, twice: it shows what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernels import in_files

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
BLOCKS: list[str] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
FRAME, WIDGET = "<table", "application/vnd.jupyter.widget-view+json"
SHOWN: dict[str, tuple[str, list[str], list[str]]] = {
    "esnb.events(kennel)": (FRAME, ["Registered", "TrickAdded"], []),
    "esnb.history(kennel, fido.id)": (FRAME, ["Registered", "TrickAdded", "roll over"], []),
    "esnb.explore(kennel, fido.id)": (WIDGET, ["2 versions", "roll over"], []),
    "esnb.browse(kennel)": (WIDGET, ["Registered", "TrickAdded"], []),
    "esnb.plot.events(kennel)": ("<svg", ["Registered", "TrickAdded"], []),
    "esnb.read_model(runner)": (FRAME, ["tricks", "1"], ["tricks", "2"]),
    "esnb.runners(runner)": (FRAME, ["tricks", "running"], []),
    "esnb.watch(runner, stores)": (WIDGET, ["tricks", "running"], ["invoices"]),
    'esnb.watch(stores, projections=["$by_category"])': (WIDGET, ["$by_category"], []),
    "runner.stop()": ("", [], []),
    "esnb.subscriptions(stores)": (FRAME, ["invoices"], []),
    "esnb.outbox_records(outbox)": (FRAME, ["published", "dogs"], []),
    'esnb.queue(stores, "dogs")': (FRAME, ["completed", "Registered", "TrickAdded"], []),
}
"""What a block's last line shows: how, and some of it; and some more the second time."""

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def outputs() -> list[list[list[Any]]]:
    """What each block shows, the first time and the second time."""
    patch = pytest.MonkeyPatch()
    for variable in ("EVENTSTOREDB_URI", "REDIS_URL", "ESNB_LIVE", "ESNB_PROGRESS"):
        patch.delenv(variable, raising=False)
    cells = [nbformat.v4.new_code_cell(block.rstrip("\n")) for block in BLOCKS * 2]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with in_files() as config, patch.context():
        NotebookClient(notebook, timeout=300, kernel_name="python3", config=config).execute()
    patch.undo()
    found = [cell.outputs for cell in notebook.cells]
    return [found[: len(BLOCKS)], found[len(BLOCKS) :]]


def last_line(block: str) -> str:
    return block.rstrip("\n").splitlines()[-1].partition("  #")[0].rstrip()


def test_each_block_ends_with_the_one_thing_that_it_shows() -> None:
    assert [last_line(block) for block in BLOCKS] == list(SHOWN)


def test_whatever_a_block_uses_was_shown_before() -> None:
    assert all(f"class {name}" in README for name in ("Dog", "Kennel", "Tricks", "CountTricks"))


@pytest.mark.parametrize("time", [0, 1], ids=["first", "again"])
@pytest.mark.parametrize("line", SHOWN)
def test_a_block_shows_what_it_says(outputs: list[list[list[Any]]], line: str, time: int) -> None:
    kind, parts, later = SHOWN[line]
    found = outputs[time][list(SHOWN).index(line)]
    if not kind:
        assert found == []
        return

    # Where live widgets are at work, a sign of life leaves an output without data.
    found = [output for output in found if output.data]
    # A live widget is followed by the view that is saved.
    assert len(found) == (2 if kind == WIDGET else 1)
    faces = {key: value for output in found for key, value in output.data.items()}
    text = "".join(map(str, faces.values()))
    assert kind in text or kind in faces
    assert [part for part in [*parts, *(later if time else [])] if part not in text] == []


@pytest.mark.parametrize("time", [0, 1], ids=["first", "again"])
def test_nothing_is_written_beside_it(outputs: list[list[list[Any]]], time: int) -> None:
    assert [each for found in outputs[time] for each in found if each.output_type == "stream"] == []
