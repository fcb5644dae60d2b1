"""esnb: learn, explore and document event sourcing in notebooks.

Everything here is imported on first use: `import esnb` loads neither pandas nor
gRPC nor ipywidgets. Editors complete the names from `__init__.pyi`.
"""

import logging as _logging
import os as _os
from importlib import import_module as _import_module
from typing import Any as _Any

from esnb._version import __version__
from esnb.activity.cell import watch_cells as _watch_cells
from esnb.activity.first_use import import_at_first_use as _import_at_first_use
from esnb.activity.first_use import import_shown as _import_shown
from esnb.summaries.ipython import install_in_ipython as _install_in_ipython

# Otherwise Python writes warnings of threads to stderr, in whichever cell is running.
# status() and the widgets also show what is logged here.
_logging.getLogger(__name__).addHandler(_logging.NullHandler())

_watch_cells()

_install_in_ipython()

_HOME = {
    "Stores": "esnb.stores",
    "connect": "esnb.stores",
    "show_versions": "esnb.versions",
    "correlate": "esnb.correlation",
    "options": "esnb._options",
    "at": "esnb.frames",
    "bisect": "esnb.frames",
    "blame": "esnb.frames",
    "catalog": "esnb.frames",
    "checkpoints": "esnb.frames",
    "diff": "esnb.frames",
    "events": "esnb.frames",
    "export": "esnb.frames",
    "given_when_then": "esnb.frames",
    "history": "esnb.frames",
    "load": "esnb.frames",
    "outbox_records": "esnb.frames",
    "project": "esnb.frames",
    "queue": "esnb.frames",
    "read_model": "esnb.frames",
    "runners": "esnb.frames",
    "snapshots": "esnb.frames",
    "stream": "esnb.frames",
    "streams": "esnb.frames",
    "subscriptions": "esnb.frames",
    "trace": "esnb.frames",
    "verify_snapshot": "esnb.frames",
    "what_if": "esnb.frames",
    "browse": "esnb.widgets",
    "watch": "esnb.widgets",
    "explore": "esnb.widgets",
    "flow": "esnb.widgets",
}
"""Where each public name lives."""

_SUBPACKAGES = frozenset(
    {
        "eventstoredb",
        "examples",
        "frames",
        "outbox",
        "plot",
        "projections",
        "redis",
        "testing",
        "widgets",
    }
)

__all__ = ["__version__", *sorted(_HOME), *sorted(_SUBPACKAGES)]


if _os.environ.get("ESNB_DETERMINISTIC", "").strip().lower() not in {"", "0", "false", "no", "off"}:
    _import_module("esnb.testing.deterministic").for_the_whole_process()


def __getattr__(name: str) -> _Any:
    if name in _SUBPACKAGES:
        return _import_shown(f"esnb.{name}")
    return _import_at_first_use(__name__, _HOME, name)


def __dir__() -> list[str]:
    return __all__
