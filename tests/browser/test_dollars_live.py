"""Two dollar signs in a text are not mathematics, wherever a page typesets formulas."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RECORD = r"""
import esnb
from esnb.clients.installed import NewEvent, StreamState
from esnb.examples.dog import Dog
from eventsourcing.application import Application
from IPython.display import HTML

PRICES = r"from $100 to $200, \(x\) and \[y\], $$z$$"

class Kennel(Application):
    pass

stores = esnb.connect(embedded=True)
kennel = stores.application(Kennel)
fido = Dog(PRICES)
fido.add_trick(PRICES)
with esnb.correlate(PRICES):
    saved = kennel.save(fido)
fido.add_trick("$1")
fido.add_trick("$2")
kennel.save(fido)
stores.eventstoredb.append_to_stream(
    PRICES,
    current_version=StreamState.ANY,
    events=[NewEvent(type=PRICES, data=b'{"note": "from $100 to $200"}',
                     metadata=b'{"note": "from $100 to $200"}')],
)
"""
SHOWN = [
    "fido",
    "saved",
    "saved[0]",
    "kennel",
    "stores",
    "stores.eventstoredb.get_stream(PRICES)[0]",
    "esnb.explore(kennel, fido)",
    "esnb.explore(kennel, fido, version=2)",
    "esnb.explore(kennel, fido, live=False)",
    "esnb.browse(stores)",
    "esnb.browse(stores, at=PRICES, live=False)",
    "esnb.flow(kennel, PRICES)",
    "esnb.flow(kennel, PRICES, layout='lanes', live=False)",
]
FORMULA = "HTML('a formula: $x + 1$')"


def test_dollar_signs_stay_dollar_signs(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    page.open(lab.write("dollars.ipynb", RECORD, *SHOWN, FORMULA))
    page.run_all()

    # When what is a formula has been typeset, after all that is above it
    outputs = page.page.locator(".jp-OutputArea-output")
    formula = outputs.filter(has_text="a formula:")
    formula.scroll_into_view_if_needed()
    expect(formula.locator("mjx-container")).to_have_count(1)
    page.page.locator(".jp-Notebook .jp-Cell").first.scroll_into_view_if_needed()

    # Then nothing else is
    typeset = page.page.locator("mjx-container")
    expect(typeset).to_have_count(1)
    expect(outputs.filter(has_text="from $100 to $200").first).to_be_visible()
    page.picture("dollars")
