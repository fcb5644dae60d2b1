"""For those who test and document their own event-sourced applications and notebooks.

Nothing here is loaded by `import esnb`. The pytest fixtures are asked for in a
`conftest.py`: `pytest_plugins = ["esnb.testing.plugin"]`.
"""

from esnb.testing.command import given
from esnb.testing.deterministic import deterministic
from esnb.testing.expected_error import expect
from esnb.testing.failing import FailingHandler
from esnb.testing.happened import happened
from esnb.testing.projecting import projecting
from esnb.testing.sanitize import sanitize_file
from esnb.testing.waiting import until

__all__ = [
    "FailingHandler",
    "deterministic",
    "expect",
    "given",
    "happened",
    "projecting",
    "sanitize_file",
    "until",
]


def __dir__() -> list[str]:
    return __all__
