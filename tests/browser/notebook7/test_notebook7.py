"""The tests of widgets and frames in `tests/browser` once more, in Jupyter Notebook 7."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import test_browse_live as browse
from tests.browser import test_dollars_live as dollars
from tests.browser import test_explore_live as explore
from tests.browser import test_flow_live as flow
from tests.browser import test_frames_live as frames
from tests.browser import test_watch_live as watch
from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

test_the_explorer_plays = explore.test_play_runs_to_the_end_and_stops
test_blame_and_what_if = explore.test_blame_what_if_and_jump_by_keyboard_alone
test_the_browser_pages_filters_and_follows = (
    browse.test_from_streams_to_events_to_one_event_and_back
)
test_the_watcher_shows_and_mends = watch.test_one_sees_and_mends_what_is_wrong
test_dollars_are_no_formulas = dollars.test_dollar_signs_stay_dollar_signs
test_the_flow_changes_its_layout = flow.test_lanes_show_one_flow_in_order_of_time
test_dollars_in_a_frame = frames.test_dollars_in_a_cell_are_no_formula


def test_the_explorer_moves(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    page.open(lab.write("moves.ipynb", explore.RECORD, explore.EXPLORE))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    expect(explorer.headline).to_contain_text("version 5 of 5")

    # By keyboard: Notebook itself takes the arrow keys, whatever is focused
    explorer.press("Home")
    expect(explorer.field("price")).to_contain_text("49.90")
    explorer.button("Next version").press("Enter")
    expect(explorer.headline).to_contain_text("version 2 of 5")
    explorer.press("End")
    expect(explorer.headline).to_contain_text("Deactivated")

    # By mouse
    explorer.events.get_by_role("option").nth(2).click()
    expect(explorer.headline).to_contain_text("42.00")
    explorer.tab("Action")
    expect(explorer.field("reason")).to_contain_text("last pieces")
    page.picture("notebook7-explore")
