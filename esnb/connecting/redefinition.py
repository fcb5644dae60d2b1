"""Lets a notebook cell that defines aggregates run again.

`eventsourcing` refuses a second aggregate class of the same name in a module,
and remembers which class a topic leads to: a redefined class would either be
refused, or stored events would go on being folded by the old one. So within
IPython each class statement runs as on a fresh kernel: what is known of the
class of that name is put aside, and comes back if the statement fails.

The library has a switch for the first (EVENTSOURCING_DISABLE_REDEFINITION_CHECK)
and `clear_topic_cache()` for the second, but the latter also forgets the
topics that other classes registered explicitly, which nothing brings back.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from esnb.activity.shell import ipython_shell

_WITH = "with __import__({module!r}, fromlist=['redefining']).redefining(globals(), {name!r}): pass"


@contextmanager
def redefining(namespace: dict[str, Any], name: str) -> Iterator[None]:
    """While the body runs, the library has not heard of the class called `name`.

    Afterwards topics by which the old class was known besides its own (those
    of `register_topic()` after a renaming) lead to the new one. If the body
    raises, all is as before. Classes that the library does not know are left
    alone. One that it knows may be gone from the namespace: `%reset`, `del`.
    """
    there = {name: namespace[name]} if name in namespace else {}
    old = there.get(name, _known(namespace.get("__name__", "__main__"), name))
    topics = _topics_of(old)
    is_aggregate = _is_aggregate(old)
    if not isinstance(old, type) or not (topics or is_aggregate):
        yield
        return
    _drop(topics)
    if is_aggregate:
        namespace.pop(name, None)
    try:
        yield
    except BaseException:
        for each in there:
            namespace.setdefault(each, old)
        _register(topics)
        raise
    _register(_led_to_new(topics, old, namespace.get(name)))


def install(shell: Any) -> None:
    """Has the IPython shell run each class statement within `redefining()`, once and for all."""
    if not any(isinstance(entry, _ClassStatements) for entry in shell.ast_transformers):
        shell.ast_transformers.append(_ClassStatements())


def install_in_ipython() -> None:
    """`install()` where this is IPython; nothing elsewhere."""
    shell = ipython_shell()
    if shell is not None:
        install(shell)


class _ClassStatements(ast.NodeTransformer):
    """Wraps the class statements of a cell, but not those inside functions and classes."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        (wrapped,) = ast.parse(_WITH.format(module=__name__, name=node.name)).body
        for part in ast.walk(wrapped):
            ast.copy_location(part, node)
        assert isinstance(wrapped, ast.With)
        wrapped.body = [node]
        return wrapped

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node


def _is_aggregate(candidate: object) -> bool:
    domain = sys.modules.get("eventsourcing.domain")
    return (
        domain is not None
        and isinstance(candidate, type)
        and issubclass(candidate, domain.BaseAggregate)
    )


def _known(module: str, name: str) -> type | None:
    """The class of this place that the library remembers."""
    utils = sys.modules.get("eventsourcing.utils")
    if utils is None:
        return None
    with utils._topic_cache_lock:
        known = (each for each in utils._topic_cache.values() if isinstance(each, type))
        return next(
            (each for each in known if (each.__module__, each.__qualname__) == (module, name)), None
        )


def _topics_of(candidate: object) -> dict[str, Any]:
    """The cached topics that lead to the class or to one defined inside it."""
    utils = sys.modules.get("eventsourcing.utils")
    if utils is None or not isinstance(candidate, type):
        return {}
    inside = f"{candidate.__qualname__}."
    with utils._topic_cache_lock:
        return {
            topic: known
            for topic, known in utils._topic_cache.items()
            if isinstance(known, type)
            and known.__module__ == candidate.__module__
            and (
                known.__qualname__ == candidate.__qualname__
                or known.__qualname__.startswith(inside)
            )
        }


def _drop(topics: dict[str, Any]) -> None:
    utils = sys.modules["eventsourcing.utils"]
    with utils._topic_cache_lock:
        for topic in topics:
            utils._topic_cache.pop(topic, None)


def _register(topics: dict[str, Any]) -> None:
    utils = sys.modules["eventsourcing.utils"]
    with utils._topic_cache_lock:
        utils._topic_cache.update(topics)


def _led_to_new(topics: dict[str, Any], old: type, new: object) -> dict[str, Any]:
    """The topics that do not belong to a class itself, with the new classes of the same place."""
    led = {}
    for topic, known in topics.items():
        if topic in (f"{known.__module__}:{known.__qualname__}", getattr(known, "TOPIC", None)):
            continue
        found: Any = new
        for part in known.__qualname__[len(old.__qualname__) :].split(".")[1:]:
            found = getattr(found, part, None)
        if isinstance(found, type):
            led[topic] = found
    return led
