"""Environment variables of the adapters: read and checked, or refused by name and value."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from eventsourcing.persistence import InfrastructureFactoryError
from eventsourcing.utils import Environment

from esnb.clients.uri import guarded_settings

_MOST = 10**12


class SettingError(InfrastructureFactoryError, OSError):
    """An environment variable has an invalid value, or is missing.

    The library raises OSError for values that it refuses and an
    InfrastructureFactoryError for factories that cannot be made: this is both.

    >>> issubclass(SettingError, OSError) and issubclass(SettingError, InfrastructureFactoryError)
    True
    """


class _ProcessEnvironment(Environment):
    """All variables of the process; its repr shows none of them."""

    def __repr__(self) -> str:
        return f"<settings of {self.name or 'this process'}>"


def environment(name: str, *settings: Mapping[str, str] | None) -> Environment:
    """The process's variables, and further settings on top of them.

    Callers do not name `os.environ` themselves: tracebacks with variables show
    what the lines around an error name.
    """
    return _ProcessEnvironment(name, guarded_settings(os.environ, *settings))


def choice(env: Environment, variable: str, allowed: Collection[str], default: str) -> str:
    """The value of `variable` in lower case, one of `allowed`; raises SettingError.

    >>> choice(Environment("Shop", {"COLOUR": "Red"}), "COLOUR", ["red", "blue"], "blue")
    'red'
    """
    value = env.get(variable) or default
    if value.lower() not in allowed:
        raise SettingError(f"{variable} is {value!r}; allowed: {', '.join(allowed)}")
    return value.lower()


def whole_number(env: Environment, variable: str, *, least: int) -> int | None:
    """The value of `variable`, None when it is not set; raises SettingError below `least`.

    >>> whole_number(Environment("Shop", {"KEEP": "3"}), "KEEP", least=1)
    3
    """
    value = env.get(variable)
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and least <= int(value) <= _MOST):
        raise SettingError(f"{variable} is {value!r}; allowed: whole numbers from {least}")
    return int(value)
