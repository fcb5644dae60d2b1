"""esnb: learn, explore and document event sourcing in notebooks.

Everything here is imported on first use: `import esnb` loads neither pandas nor
gRPC nor ipywidgets. Editors complete the names from `__init__.pyi`.
"""

import logging
import os
from importlib import import_module
from typing import Any

from esnb._version import __version__
from esnb.summaries.ipython import install_in_ipython
from esnb.threads.outside import import_at_first_use, outside

# Otherwise Python writes warnings of threads to stderr, in whichever cell is running.
# status() and the widgets also show what is logged here.
logging.getLogger(__name__).addHandler(logging.NullHandler())

install_in_ipython()

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


if os.environ.get("ESNB_DETERMINISTIC", "").strip().lower() not in {"", "0", "false", "no", "off"}:
    import_module("esnb.testing.deterministic").for_the_whole_process()


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return outside(lambda: import_module(f"esnb.{name}"))
    return import_at_first_use(__name__, _HOME, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
