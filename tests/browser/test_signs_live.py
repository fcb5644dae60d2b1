"""A sign of life and a bar in JupyterLab: seen while it lasts, and not in the saved notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

BEGIN = """
import esnb, os, time
from pathlib import Path
from esnb.activity import sign
from esnb.sources.progress_bar import track

os.environ.pop("ESNB_PROGRESS", None)
sign.DELAY = 0.0
def waits(name):
    "Until the test has made that file."
    end = time.monotonic() + 120
    while not Path(name).exists() and time.monotonic() < end:
        time.sleep(0.02)
"""
SIGN = "with sign.sign_of_life('starting the embedded EventStoreDB'):\n    waits('sign-seen')"
BAR = """
def slow():
    for number in range(1000):
        if number == 250:
            waits('bar-seen')
        yield number
len(list(track(slow(), unit='events', total=1000, progress=True)))
"""
BESIDE = "print('before')\nwith sign.sign_of_life('starting'):\n    waits('beside-seen')"


def test_both_are_seen_and_then_gone(lab: Lab, notebook: NotebookOpener) -> None:
    name = lab.write("signs.ipynb", BEGIN, SIGN, BAR, BESIDE)
    page = notebook()
    page.open(name)
    page.begin_all()
    cells = page.page.locator(".jp-Notebook .jp-CodeCell")

    # While it lasts each is seen below its cell
    status = page.page.get_by_role("status")
    expect(cells.nth(1).get_by_text("starting the embedded EventStoreDB … ")).to_be_visible()
    page.picture("sign", cells.nth(1))
    (lab.folder / "sign-seen").touch()
    expect(cells.nth(2).locator("progress")).to_be_visible()
    expect(cells.nth(2)).to_contain_text("/1000 events [")
    page.picture("bar", cells.nth(2))
    page.use_theme("JupyterLab Dark")
    page.picture("bar-dark", cells.nth(2))
    (lab.folder / "bar-seen").touch()
    expect(cells.nth(3).get_by_text("starting … ")).to_be_visible()
    (lab.folder / "beside-seen").touch()

    # Afterwards only what the cells themselves show
    expect(status.filter(has_text="…")).to_have_count(0)
    page.until("len(In)", "5")
    expect(cells.nth(2).locator(".jp-OutputArea-output")).to_have_text("1000")
    expect(cells.nth(3).locator(".jp-OutputArea-output:visible")).to_contain_text(["before"])
    page.picture("signs-gone")
    page.command("docmanager:save")
    saved = outputs(lab.folder / name)
    assert saved[0] == saved[1] == []
    assert [each["data"] for each in saved[2]] == [{"text/plain": "1000"}]
    assert [each.get("text") or each["data"] for each in saved[3]] == ["before\n", {}]


def outputs(path: Path) -> list[list[nbformat.NotebookNode]]:
    """Those of the code cells, as they were saved."""
    return [cell.outputs for cell in nbformat.read(path, as_version=4).cells]
