"""`explore(app)` in JupyterLab: an aggregate is picked, and explored below the list."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab
from tests.browser.notebook import UNNAMED_SLIDER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RECORD = """
import esnb
from esnb.examples.dog import Dog
from eventsourcing.application import Application

class Kennel(Application):
    pass

kennel = Kennel()
for name in ("Fido", "Rex", "Bello"):
    dog = Dog(name)
    dog.add_trick("roll over")
    kennel.save(dog)
"""
PICK = "picker = esnb.explore(kennel)\npicker"


def test_one_picks_an_aggregate_by_keyboard_and_mouse(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    page.open(lab.write("picker.ipynb", RECORD, PICK))
    page.run_all()
    listed = page.page.get_by_role("listbox", name="Aggregates")
    expect(listed.get_by_role("option")).to_have_count(4)

    # Picked, and another one instead of it
    listed.focus()
    page.page.keyboard.press("End")
    expect(page.page.locator(".esnb-headline")).to_contain_text("TrickAdded")
    page.until("str(picker.explorer).count('Fido') > 0", "True")
    listed.get_by_role("option").nth(2).click()
    page.until("str(picker.explorer).count('Rex') > 0", "True")

    # Both themes and widths; nothing grave for those who hear or cannot see well
    expect(page.page.locator(".esnb-headline")).to_contain_text("TrickAdded")
    for look in page.looks("picker"):
        page.picture(look)
        findings = page.grave_findings(".esnb-live")
        assert [finding for finding in findings if finding[0] != UNNAMED_SLIDER] == []

    # The saved view, folded below, lists the ids
    saved = page.page.locator(".esnb-folded").first
    expect(saved).to_contain_text("esnb.explore(app, ")
