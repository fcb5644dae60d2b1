"""Which modules are the user's own code, and which are libraries."""

from __future__ import annotations

import sys
import sysconfig
from functools import lru_cache
from importlib.metadata import packages_distributions
from pathlib import PurePath

_LIBRARIES = frozenset({"esnb", "eventsourcing"})
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_STANDARD = tuple(PurePath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def is_own(module: str, home: str) -> bool:
    """Whether the code of `module` belongs to the same project as that of `home`.

    The notebook itself does, all modules of the same package, what was not
    installed (another file of the project), and what one distribution brings
    together.

    >>> is_own("shop.rules", "shop.domain"), is_own("decimal", "shop.domain")
    (True, False)
    """
    if module in (home, "__main__"):
        return True
    package = module.partition(".")[0]
    if package == home.partition(".")[0]:
        return package != "eventsourcing"
    if package in _LIBRARIES or package in sys.stdlib_module_names:
        return False
    return _is_project_file(module) or not _distributions(home).isdisjoint(_distributions(module))


def _is_project_file(module: str) -> bool:
    loaded = sys.modules.get(module)
    if loaded is None:
        return False
    file = getattr(loaded, "__file__", None)
    if file is None:  # made by a program, unless it is part of Python
        return getattr(loaded, "__spec__", None) is None
    return not _is_installed(file)


@lru_cache(maxsize=1024)
def _is_installed(file: str) -> bool:
    path = PurePath(file)
    return not _INSTALLED.isdisjoint(path.parts) or any(map(path.is_relative_to, _STANDARD))


@lru_cache(maxsize=1024)
def _distributions(module: str) -> frozenset[str]:
    """The installed distributions that bring a module's package; none of a project's own file."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None or not _is_installed(file):
        return frozenset()
    return frozenset(_by_package().get(module.partition(".")[0], ()))


@lru_cache(maxsize=1)
def _by_package() -> dict[str, list[str]]:
    return dict(packages_distributions())
