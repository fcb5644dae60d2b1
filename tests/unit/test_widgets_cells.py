"""Following ends when the cell that shows it is run again, where no front end says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import ipywidgets
import pytest
from IPython.core.events import EventManager, available_events

from esnb.widgets.live.cells import when_run_again
from esnb.widgets.live.follow import WhileSeen


class Notebook:
    """As much of IPython and its kernel as tells which cell runs."""

    def __init__(self) -> None:
        self.kernel = self
        shell: Any = self
        self.events = EventManager(shell, available_events)
        self._cell: str | None = None

    def run(self, cell: str | None) -> None:
        self._cell = cell
        self.events.trigger("pre_run_cell", None)

    def get_parent(self, channel: str) -> dict[str, Any]:
        assert channel == "shell"
        return {"metadata": {} if self._cell is None else {"cellId": self._cell}}


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    notebook = Notebook()
    monkeypatch.setattr("IPython.get_ipython", lambda: notebook)
    return notebook


@pytest.fixture
def root() -> Any:
    return ipywidgets.VBox([])


@pytest.fixture
def seen(root: Any) -> Iterator[WhileSeen]:
    seen = WhileSeen(root, lambda: True)
    seen.start()
    yield seen
    seen.close()
    seen.join(timeout=60)


@pytest.fixture
def cell() -> str:
    return str(uuid4())


def test_it_rests_when_its_cell_is_run_again(
    notebook: Notebook, root: Any, seen: WhileSeen, cell: str
) -> None:
    notebook.run(cell)
    seen.shown()
    root._view_count = 1
    notebook.run("another")
    notebook.run(None)
    assert seen.running
    notebook.run(cell)
    assert not seen.running
    notebook.run(cell)
    root._view_count = 2  # shown elsewhere
    assert seen.running


def test_a_cell_that_shows_it_again_goes_on(
    notebook: Notebook, root: Any, seen: WhileSeen, cell: str
) -> None:
    for views in (1, 2, 3):  # VS Code takes no view back
        notebook.run(cell)
        seen.shown()
        root._view_count = views
        assert seen.running
    notebook.run(cell)
    assert not seen.running


def test_what_another_cell_shows_goes_on(
    notebook: Notebook, root: Any, seen: WhileSeen, cell: str
) -> None:
    for place in (cell, f"{cell}-2"):
        notebook.run(place)
        seen.shown()
    root._view_count = 2
    notebook.run(cell)
    assert seen.running
    notebook.run(f"{cell}-2")
    assert not seen.running


def test_what_is_part_of_another_widget_goes_on(
    notebook: Notebook, root: Any, seen: WhileSeen, cell: str
) -> None:
    notebook.run(cell)
    seen.shown()
    root._view_count = 2
    notebook.run(cell)
    assert seen.running


def test_a_cell_without_an_id_is_never_run_again(
    notebook: Notebook, root: Any, seen: WhileSeen
) -> None:
    notebook.run(None)
    seen.shown()
    root._view_count = 1
    notebook.run(None)
    assert seen.running


def test_what_is_forgotten_is_not_called(notebook: Notebook, cell: str) -> None:
    class Watched:
        def gone(self) -> None:
            raise AssertionError("called")

    notebook.run(cell)
    when_run_again(Watched().gone)
    notebook.run(cell)


def test_nothing_is_asked_outside_a_notebook(seen: WhileSeen) -> None:
    seen.shown()
    assert seen.running
