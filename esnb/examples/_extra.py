"""Packages that only the examples need."""

from __future__ import annotations

from importlib.util import find_spec


class MissingExtra(ImportError):
    """A package of the `notebooks` extra is not installed."""


def require(package: str, *, wanted_by: str) -> None:
    """Raises `MissingExtra`, saying what to install, where `package` is missing."""
    if find_spec(package) is None:
        raise MissingExtra(
            f"{wanted_by} needs the package {package!r}, which is not installed: "
            "pip install 'esnb[notebooks]'",
            name=package,
        )
