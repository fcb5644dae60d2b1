"""The widgets' tests of `tests/browser` once more, with the widget manager of VS Code."""

from __future__ import annotations

import pytest

from tests.browser import test_browse_live as browse
from tests.browser import test_explore_live as explore
from tests.browser import test_flow_live as flow
from tests.browser import test_watch_live as watch

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

test_the_explorer_moves = explore.test_keyboard_mouse_and_list_move_through_the_versions
test_the_explorer_plays = explore.test_play_runs_to_the_end_and_stops
test_blame_and_what_if = explore.test_blame_what_if_and_jump_by_keyboard_alone
test_the_browser_pages_filters_and_follows = (
    browse.test_from_streams_to_events_to_one_event_and_back
)
test_the_watcher_shows_and_mends = watch.test_one_sees_and_mends_what_is_wrong
test_the_flow_changes_its_layout = flow.test_lanes_show_one_flow_in_order_of_time
