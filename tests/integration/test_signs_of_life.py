"""What takes over a second says so, in a notebook and in a terminal, and leaves nothing behind."""

from __future__ import annotations

import os
from ast import literal_eval
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbclient
import nbformat
import pytest

from esnb.activity import sign
from esnb.activity.sign import shown_while_waiting, sign_of_life
from tests.kernels import in_files
from tests.waiting import until

ROOT = Path(__file__).parents[2]
SLOW = """
import esnb
from esnb.activity import page, sign
from tests.waiting import until

sign.DELAY = 0.0
seen = []
show = page.PageLine.show
page.PageLine.show = lambda line, text, share=None: (show(line, text, share), seen.append(text))

def slow(function):
    "The function, which takes until something is shown."
    def waits(*args, **options):
        until(lambda: seen)
        return function(*args, **options)
    return waits
"""


def run(*cells: str) -> list[list[Any]]:
    """The outputs of cells that a kernel has run, as a saved notebook has them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with in_files() as config:
        client = nbclient.NotebookClient(
            notebook, timeout=120, kernel_name="python3", config=config,
            resources={"metadata": {"path": str(ROOT)}},
        )  # fmt: skip
        client.execute()
    return [cell.outputs for cell in notebook.cells]


@pytest.fixture(autouse=True)
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESNB_PROGRESS", raising=False)
    for variable in ("EVENTSTOREDB_URI", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)


def test_connecting_starting_and_emptying_say_so_and_leave_nothing() -> None:
    *outputs, said = run(
        SLOW
        + """
from esnb.embedded.processes import pair
pair.start_eventstoredb = slow(pair.start_eventstoredb)
stores = esnb.connect(embedded=True)
""",
        """
from eventsourcing.application import Application
first, seen[:] = list(seen), []
class Shop(Application):
    __init__ = slow(Application.__init__)
shop = stores.application(Shop)
""",
        """
second, seen[:] = list(seen), []
stores._pair.reset = slow(stores._pair.reset)
stores.reset()
""",
        "third = list(seen); stores.close(); [each[0].partition(' … ')[0] for each in (first, second, third)]",
    )

    assert outputs == [[], [], []]
    assert literal_eval(said[0].data["text/plain"]) == [
        "starting the embedded EventStoreDB",
        "starting Shop",
        "emptying the stores",
    ]


def test_a_first_import_says_so_and_leaves_nothing() -> None:
    outputs, said = run(
        SLOW
        + """
from esnb.activity import first_use
first_use.import_module = slow(first_use.import_module)
from eventsourcing.application import Application
app = Application()
frame = esnb.events(app)
""",
        "seen[0].partition(' … ')[0]",
    )

    assert outputs == []
    assert said[0].data["text/plain"] == "'importing esnb.frames'"


def test_what_the_cell_itself_shows_stays() -> None:
    cells = [
        SLOW + "with sign.sign_of_life('x'): print('inside'); until(lambda: seen)",
        "seen[:] = []\nprint('before')\nwith sign.sign_of_life('x'): until(lambda: seen)",
        "seen[:] = []\nwith sign.sign_of_life('x'): until(lambda: seen)\nprint('after')\n7",
    ]
    shown = [[each.get("text") or dict(each.data) for each in outputs] for outputs in run(*cells)]

    assert sorted(shown[0], key=str) in (["inside\n"], ["inside\n", {}])
    assert shown[1] == ["before\n", {}]
    assert shown[2] == ["after\n", {"text/plain": "7"}]


def test_an_output_widget_keeps_what_it_has() -> None:
    # Given one that holds something, which a later cell adds to
    begin, _ = run(
        SLOW
        + """
import ipywidgets
out = ipywidgets.Output()
with out:
    print('kept')
out""",
        """
cleared = []
import IPython.display
clear = IPython.display.clear_output
IPython.display.clear_output = lambda *args: (cleared.append(args), clear(*args))
with out, sign.sign_of_life('x'):
    until(lambda: seen)
assert not cleared""",
    )
    assert begin


def test_what_came_before_the_import_stays() -> None:
    (outputs,) = run(
        "print('before')\n" + SLOW + "with sign.sign_of_life('x'): until(lambda: seen)"
    )

    assert outputs[0].text == "before\n"


# --- in a terminal -----------------------------------------------------------


class Terminal:
    """Whatever is written to stderr, which claims to be a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    # Not sys.stderr itself, which pytest replaces between a fixture and its test.
    for module in ("line", "terminal"):
        monkeypatch.setattr(f"esnb.activity.{module}.sys", SimpleNamespace(stderr=terminal))
    monkeypatch.setattr(sign, "DELAY", 0.0)
    return terminal


def test_a_terminal_shows_a_line_and_clears_it(terminal: Terminal) -> None:
    with sign_of_life("starting"):
        until(lambda: terminal.text)

    begin, *shown, cleared, end = terminal.text.split("\r")
    assert shown[0].startswith("starting … ")
    assert (begin, cleared, end) == ("", " " * len(shown[-1]), "")


def test_a_method_that_waits_says_for_what(terminal: Terminal) -> None:
    class Runner:
        state = "starting"

        def __repr__(self) -> str:
            return f"<Runner, {self.state}>"

        @shown_while_waiting
        def wait(self, seconds: float, *, text: str) -> str:
            """Blocks."""
            until(lambda: "<Runner, starting> … " in terminal.text)
            self.state = "running"
            until(lambda: "<Runner, running> … " in terminal.text)
            return f"{text} {seconds}"

    assert Runner().wait(1.5, text="waited") == "waited 1.5"
    assert Runner.wait.__doc__ == "Blocks."
    assert terminal.text.endswith("\r")


def test_one_within_another_is_not_shown(terminal: Terminal) -> None:
    with sign_of_life("outer"), sign_of_life("inner"):
        until(lambda: terminal.text)

    assert "inner" not in terminal.text


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_ends_it(terminal: Terminal, error: type[BaseException]) -> None:
    def fails() -> None:
        with sign_of_life("starting"):
            until(lambda: terminal.text)
            raise error

    with pytest.raises(error):
        fails()

    assert terminal.text.endswith("\r")
    with sign_of_life("again"):
        until(lambda: "again" in terminal.text)


def test_nothing_is_shown_where_it_is_not_wanted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "ESNB_PROGRESS", "0")
    begun: list[object] = []
    monkeypatch.setattr(sign, "begin", begun.append)

    with sign_of_life("starting"):
        pass

    assert not begun


def test_nothing_is_shown_where_stderr_is_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign, "DELAY", 0.0)
    asked: list[object] = []
    monkeypatch.setattr(sign, "new_line", lambda: asked.append(None))

    with sign_of_life("starting"):
        until(lambda: asked)

    assert capsys.readouterr().err == ""
