"""Fixtures for pytest. They are asked for: `pytest_plugins = ["esnb.testing.plugin"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import esnb
from esnb.stores import Stores


@pytest.fixture(scope="session")
def esnb_servers() -> Iterator[None]:
    """Keeps the embedded servers running between the tests that use `esnb_stores`."""
    with esnb.connect(embedded=True) as stores:
        stores.eventstoredb.get_commit_position()
        yield


@pytest.fixture
def esnb_stores(esnb_servers: None) -> Stores:
    """Empty embedded stores; what earlier tests stored is gone.

    They are those of the session: `esnb.connect(embedded=True)` returns them, too.
    """
    stores = esnb.connect(embedded=True)
    stores.reset()
    return stores
