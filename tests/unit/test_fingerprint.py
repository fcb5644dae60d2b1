"""Fingerprints change with the fold's code, and with nothing else."""

from __future__ import annotations

import copy
import inspect
import os
import subprocess
import sys
import typing
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from esnb.fingerprint import fingerprint, module_fingerprint

SOURCE = """
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import singledispatch, lru_cache
from eventsourcing.domain import Aggregate, event
from eventsourcing.dispatch import singledispatchmethod

RATE = Decimal("1.5")
LIMITS = {"low": 1, "high": 10}

class Size(Enum):
    SMALL = 1

class Money:
    def __init__(self, amount): self.amount = amount
    def __add__(self, other): return Money(self.amount + other.amount)

def rounded(value):
    return round(value, 2)

def converted(value):
    return rounded(value * RATE)

def checked(method):
    def wrapper(*args):
        return method(*args)
    return wrapper

class Base(Aggregate):
    def inherited(self):
        return 1

class Dog(Base):
    class_version = 1
    __hash__ = object.__hash__  # Python 3.13 asks a dispatcher's instance for it
    sizes = frozenset({"a", "b", "c", "d"})

    @event("Registered")
    def __init__(self, name):
        self.name = name
        self.total = Money(0)

    @event("TrickAdded")
    def add_trick(self, trick):
        self.trick = trick
        self.total = self.total + Money(converted(1))

    class Renamed(Aggregate.Event):
        name: str
        def apply(self, aggregate):
            aggregate.name = self.name

    @property
    def limit(self):
        return LIMITS["low"], Size.SMALL

    @staticmethod
    def upcast_v1_v2(state):
        state["x"] = 1

    @checked
    def decorated(self):
        return 5

    @singledispatchmethod
    def when(self, it):
        return None

    @when.register
    def _(self, it: int):
        return 8

@singledispatch
def mutate(event, state):
    return state

@mutate.register
def _(event: int, state):
    return 7
"""

Define = Callable[..., ModuleType]


@pytest.fixture
def define(monkeypatch: pytest.MonkeyPatch) -> Define:
    """Runs the source in a module of its own, as a notebook or an import would."""
    monkeypatch.setenv("EVENTSOURCING_DISABLE_REDEFINITION_CHECK", "y")

    def define(*changes: tuple[str, str], name: str = "kennel.domain") -> ModuleType:
        source = SOURCE
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(source, f"<cell {id(module)}>", "exec"), vars(module))
        return module

    return define


def test_the_same_code_defined_again_has_the_same(define: Define) -> None:
    first = fingerprint(define().Dog)
    moved = fingerprint(define(("RATE =", "\n\n\nRATE =")).Dog)
    assert first == moved
    assert len(first) == 32


@pytest.mark.parametrize(
    "change",
    [
        ("class_version = 1", "class_version = 2"),
        ("self.trick = trick", "self.trick = trick.upper()"),
        ("self.name = name\n", "self.name = name or 'Rex'\n"),
        ("aggregate.name = self.name", "aggregate.name = self.name * 2"),
        ('state["x"] = 1', 'state["x"] = 2'),
        ("self.amount + other.amount", "self.amount - other.amount"),
        ("round(value, 2)", "round(value, 3)"),
        ("rounded(value * RATE)", "rounded(value * RATE * 1)"),
        ('Decimal("1.5")', 'Decimal("2.5")'),
        ('"low": 1', '"low": 2'),
        ("SMALL = 1", "SMALL = 2"),
        ('"c", "d"', '"c", "e"'),
        ("def inherited(self):\n        return 1", "def inherited(self):\n        return 2"),
        ("return 5", "return 6"),
        ("return method(*args)", "return method(*args) or 1"),
        ("return 8", "return 9"),
        ("def add_trick(self, trick)", "def add_trick(self, trick='sit')"),
        ("        name: str\n", "        name: str\n        other: str\n"),
    ],
)
def test_a_change_of_the_fold_changes_it(define: Define, change: tuple[str, str]) -> None:
    assert fingerprint(define().Dog) != fingerprint(define(change).Dog)


@pytest.mark.parametrize(
    "change",
    [
        ("return 7", "return 70"),  # another fold in the same module
        ("def mutate(event, state):", "# a comment\ndef mutate(event, state):"),
    ],
)
def test_what_the_class_does_not_use_leaves_it(define: Define, change: tuple[str, str]) -> None:
    assert fingerprint(define().Dog) == fingerprint(define(change).Dog)


def test_use_leaves_it(define: Define) -> None:
    module = define()
    before, whole = fingerprint(module.Dog), module_fingerprint(module.__name__)
    dog = module.Dog("Rex")
    dog.add_trick("sit")
    dog.when(1)
    module.mutate(1, None)
    module.mutate("text", None)
    module.converted(3)
    fingerprint_again = fingerprint(define().Dog)
    assert fingerprint(module.Dog) == before == fingerprint_again
    sys.modules[module.__name__] = module
    assert module_fingerprint(module.__name__) == whole


PLAIN = """
from eventsourcing.domain import Aggregate, event

class Cart(Aggregate):
    @event("Opened")
    def __init__(self, owner):
        self.owner = owner

    @event("Added")
    def add(self, sku):
        self.sku = sku
"""


def test_what_python_notes_in_a_class_at_its_use_leaves_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("shop.domain")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(PLAIN, "<cell>", "exec"), vars(module))
    before = fingerprint(module.Cart)
    cart = module.Cart("Ann")
    cart.add("tea")
    opened, _ = events = cart.collect_events()
    for each in (cart, *events):
        copy.deepcopy(each)
        each.__reduce_ex__(2)  # what pickle asks
        typing.get_type_hints(type(each))
        inspect.get_annotations(type(each))
        inspect.signature(type(each))
    assert opened == copy.copy(opened)
    assert fingerprint(module.Cart) == before


def test_a_patched_class_is_seen(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    module = define()
    before = fingerprint(module.Dog)
    with monkeypatch.context() as patch:
        patch.setattr(module.Dog.Renamed, "apply", lambda self, aggregate: None)
        assert fingerprint(module.Dog) != before
    assert fingerprint(module.Dog) == before
    with monkeypatch.context() as patch:
        patch.setattr(module, "RATE", module.Decimal(9))
        assert fingerprint(module.Dog) != before
    with monkeypatch.context() as patch:
        patch.setattr(module.Dog, "extra", lambda self: 1, raising=False)
        assert fingerprint(module.Dog) != before
    assert fingerprint(module.Dog) == before


def test_a_module_of_functions(define: Define) -> None:
    before = module_fingerprint(define().__name__)
    assert module_fingerprint(define(("return 7", "return 70")).__name__) != before
    assert module_fingerprint(define().__name__) == before
    assert module_fingerprint("no.such.module") == module_fingerprint("nor.this.one")


def test_another_process_makes_the_same() -> None:
    code = (
        "from esnb.fingerprint import fingerprint\n"
        "from eventsourcing.tests.domain import BankAccount\n"
        "print(fingerprint(BankAccount))"
    )

    def run(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done: Any = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return str(done.stdout)

    assert run("1") == run("2") == run("3")
