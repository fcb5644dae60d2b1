"""Names that are imported when they are used for the first time."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from esnb.activity.sign import sign_of_life
from esnb.threads.outside import outside


def import_at_first_use(package: str, homes: Mapping[str, str], name: str) -> Any:
    """The value of `name`, which `package` takes from the module that `homes` names; for good.

    Raises AttributeError for a name that is not among them.
    """
    try:
        home = homes[name]
    except KeyError:
        raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
    value = getattr(import_shown(home), name)
    setattr(sys.modules[package], name, value)
    return value


def import_shown(module: str) -> ModuleType:
    """The module, imported out of an interrupt's way, and with a sign of life.

    An import that an interrupt ends half-way leaves pandas broken for the process.
    """
    with sign_of_life(f"importing {module}"):
        return outside(lambda: import_module(module))
