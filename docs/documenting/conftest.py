"""What tests and notebooks of this project are run with."""

import os

pytest_plugins = ["esnb.testing.plugin"]

# Before any kernel of nbval starts: ids and times are counted, widgets are shown
# as saved views, and no progress bar is part of an output.
os.environ.update({"ESNB_DETERMINISTIC": "1", "ESNB_LIVE": "0", "ESNB_PROGRESS": "0"})
