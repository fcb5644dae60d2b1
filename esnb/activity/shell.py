"""The IPython shell in which this runs, if any."""

from __future__ import annotations

import sys
from typing import Any


def ipython_shell() -> Any | None:
    """The shell; None in a script or a test. Imports nothing.

    Another thread may be importing IPython right now: then there is no shell yet.
    """
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return None if get_ipython is None else get_ipython()
