"""`esnb.options`: one switch for how frames show themselves."""

from __future__ import annotations

import pandas as pd
import pytest

import esnb
from esnb._options import Options
from esnb.frames.schema import build
from esnb.tables.kind import Kind


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESNB_DISPLAY", raising=False)
    monkeypatch.setattr(esnb.options, "_display", None)


def frame() -> pd.DataFrame:
    return build(Kind("dog"), {"name": "string"}, {"name": ["$1 and $2"]})


def test_frames_show_themselves_in_esnb_s_way_unless_told_otherwise() -> None:
    assert Options().display == "esnb"
    assert repr(frame()) == "name\n$1 and $2\n1 dog"


def test_one_switch_brings_back_what_pandas_shows() -> None:
    shown = frame()

    esnb.options.display = "pandas"

    assert repr(shown) == repr(pd.DataFrame(shown))
    page = shown._repr_html_()  # type: ignore[operator]
    assert pd.DataFrame(shown)._repr_html_() in page  # type: ignore[operator]
    assert "mathjax_ignore" in page
    esnb.options.display = "esnb"
    assert "1 dog" in repr(shown)


@pytest.mark.parametrize("value", ["pandas", " Pandas "])
def test_the_environment_says_so_too(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESNB_DISPLAY", value)

    assert Options().display == "pandas"


def test_what_was_set_outweighs_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESNB_DISPLAY", "pandas")
    options = Options()
    options.display = "esnb"

    assert options.display == "esnb"


@pytest.mark.parametrize("value", ["plain", "", None, True, ["pandas"]])
def test_any_other_value_is_refused_with_the_way_out(value: object) -> None:
    options = Options()

    with pytest.raises(ValueError, match=r"esnb\.options\.display is .*: set it to 'esnb' or"):
        options.display = value  # type: ignore[assignment]
    assert options.display == "esnb"


def test_so_is_one_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESNB_DISPLAY", "panda")

    with pytest.raises(ValueError, match="ESNB_DISPLAY is 'panda': set it to 'esnb' or 'pandas'"):
        repr(frame())


def test_any_other_name_is_refused() -> None:
    with pytest.raises(AttributeError, match=r"no 'dispaly': there is esnb\.options\.display"):
        esnb.options.dispaly = "pandas"


def test_options_say_what_they_are() -> None:
    assert repr(Options()) == "display = 'esnb'  # how frames show themselves: 'esnb' or 'pandas'"


def test_pandas_own_switches_count_as_well() -> None:
    shown = frame()

    with pd.option_context("display.notebook_repr_html", False):
        assert shown._repr_html_() is None  # type: ignore[operator]
    with pd.option_context("display.large_repr", "info", "display.max_rows", 0):
        assert repr(shown) == repr(pd.DataFrame(shown))
