"""The demo's voice: numbered steps, narrow text, readable frames."""

import io

import pandas as pd
import pytest

from esnb.examples.demo.narrator import WIDTH, Narrator


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_steps_are_numbered_and_wrapped() -> None:
    out = io.StringIO()
    narrator = Narrator(out)

    narrator.step("Connect", "word " * 60)
    narrator.step("Close", "Done.")
    narrator.result("outcome " * 30)

    lines = out.getvalue().splitlines()
    assert " 1. Connect" in lines
    assert " 2. Close" in lines
    assert "    Done." in lines
    assert max(map(len, lines)) <= WIDTH
    assert [line for line in lines if "→" in line] == [lines[-3]]


def test_frames_show_moments_as_clocks_and_say_what_they_leave_out() -> None:
    out = io.StringIO()
    moment = pd.Timestamp("2013-01-01T05:06:07.891234Z")
    text = pd.Series([None, *"abcd"], dtype="string")
    frame = pd.DataFrame({"time": [moment] * 5, "delay": [1.26] * 5, "text": text})

    Narrator(out).show(frame, rows=2)

    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["time", "delay", "text"],
        ["05:06:07", "1.3"],
        ["05:06:07", "1.3", "a"],
        ["(showing", "2", "of", "5", "rows)"],
    ]
    assert frame["time"].iloc[0] == moment


def test_long_cells_are_cut_until_the_lines_fit() -> None:
    out = io.StringIO()
    frame = pd.DataFrame({"left": ["l" * 200, "m"], "right": ["r" * 70, "s"]})

    Narrator(out).show(frame)

    lines = out.getvalue().splitlines()
    assert 90 <= max(map(len, lines)) <= WIDTH
    assert "lll..." in lines[1]
    assert lines[2].split() == ["m", "s"]


@pytest.mark.parametrize(("no_color", "bold"), [(None, True), ("1", False)])
def test_a_terminal_gets_bold_headings_unless_it_does_not_want_them(
    monkeypatch: pytest.MonkeyPatch, no_color: str | None, bold: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    out = Terminal()

    Narrator(out).step("Connect", "Why.")

    assert ("\033[1m 1. Connect\033[0m" in out.getvalue()) is bold


def test_a_terminal_without_arrows_gets_the_rest() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")

    Narrator(out).result("price 10 → 12")

    assert raw.getvalue() == b"    ? price 10 ? 12\n"
