"""Runners end when the stores that they run on are closed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping


def close_with_stores(env: Mapping[str, str], stop: Callable[[], object]) -> None:
    """Has the stores of this process that `env` names call `stop` when they close.

    Stores lie above projections, which do not import them: where nobody else
    has, none are open.
    """
    module = sys.modules.get("esnb.stores")
    stores = None if module is None else module.stores_of(env)
    if stores is not None:
        stores.closing(stop)
