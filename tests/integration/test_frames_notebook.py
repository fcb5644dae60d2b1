"""The progress bar in a notebook: shown while it runs, and gone from what is saved."""

from __future__ import annotations

from typing import Any

import nbclient
import nbformat
import pytest

from tests.kernels import in_files

BAR = """
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
import esnb
app = Application()
app.save(*(Aggregate() for _ in range(50)))
frame = esnb.events(app, progress=True)
"""


def run(*cells: str) -> list[list[Any]]:
    """The outputs of cells that a kernel has run, as a saved notebook has them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with in_files() as config:
        nbclient.NotebookClient(
            notebook, timeout=60, kernel_name="python3", config=config
        ).execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_bar_leaves_nothing_in_the_saved_notebook() -> None:
    outputs, after = run(BAR, "print(len(frame))")

    assert outputs == []
    assert after[0].text == "50\n"


def test_a_bar_beside_other_outputs_takes_none_of_them_away() -> None:
    (outputs,) = run(BAR.replace("frame = ", "print('before')\nframe = ") + "\nprint('after')")

    texts = [output.text for output in outputs if output.output_type == "stream"]
    assert "".join(texts) == "before\nafter\n"
    # No data at all, so nothing that nbval compares.
    assert [dict(each.data) for each in outputs if each.output_type == "display_data"] == [{}]


def test_many_bars_leave_one_output_without_data_at_most() -> None:
    again = "frame = esnb.events(app, progress=True)\n"
    (outputs,) = run("print('before')\n" + BAR + again * 3)

    assert [dict(each.data) for each in outputs if each.output_type == "display_data"] == [{}]


def test_bars_one_after_the_other_leave_nothing_either() -> None:
    (outputs,) = run(BAR + "frame = esnb.events(app, progress=True)\nlen(frame)")

    assert [output.output_type for output in outputs] == ["execute_result"]


@pytest.mark.extras
def test_a_loader_of_events_leaves_nothing() -> None:
    (outputs,) = run(
        "from esnb.examples.flights import FlightsApplication, load\n"
        "loaded = load(FlightsApplication(), '2013-11-28', progress=True)"
    )

    assert outputs == []


def test_a_quick_read_shows_nothing_at_all() -> None:
    (outputs,) = run(BAR.replace("progress=True", "progress=None"))

    assert outputs == []


def test_a_bar_is_text_where_widgets_cannot_be_shown() -> None:
    hidden = "import sys; sys.modules['ipywidgets'] = None"

    outputs, after = run(hidden + BAR, "print(len(frame))")

    assert {output.get("name") for output in outputs} == {"stderr"}
    text = "".join(output.text for output in outputs)
    assert "events" in text
    assert "IProgress" not in text
    assert "Warning" not in text
    assert after[0].text == "50\n"
