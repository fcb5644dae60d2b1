"""The kernels of nbval inherit what published notebooks are run with."""

import os

os.environ.update({"ESNB_LIVE": "0", "ESNB_PROGRESS": "0"})
