"""Kernels that listen at sockets in files.

A TCP port that Jupyter has chosen may be another test's before the kernel binds it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from traitlets.config import Config


@contextmanager
def in_files() -> Iterator[Config]:
    """What a kernel manager is configured with; the files go with the block."""
    with tempfile.TemporaryDirectory(prefix="esnb-kernel-", dir="/tmp") as home:
        manager = {"transport": "ipc", "connection_file": f"{home}/kernel.json"}
        yield Config({"KernelManager": manager})
