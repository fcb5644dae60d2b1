"""Fingerprints change with the fold's code, and with nothing else."""

from __future__ import annotations

import copy
import decimal
import importlib
import inspect
import os
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from esnb.fingerprints.fingerprint import fingerprint, module_fingerprint
from tests.unit.fold_cells import AGGREGATE, cell, of_fold

__all__ = ["cell"]

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
        "from esnb.fingerprints.fingerprint import fingerprint\n"
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


# --- what code names, and what only looks like it -------------------------------------------


@pytest.mark.parametrize("name", ["name", "tricks", "price", "amount", "append", "self", "Priced"])
@pytest.mark.parametrize("value", ["'Rex'", "7", "lambda: 1", "{'a': 1}"])
def test_a_global_called_like_an_attribute_is_none_of_it(
    cell: Callable[..., Any], name: str, value: str
) -> None:
    before = of_fold(cell, "[self.name, self.tricks.append(amount), self.price, amount]")
    module = cell(f"{name} = {value}")
    assert fingerprint(module.Dog) == before
    assert fingerprint(cell(f"{name} = [1, 2]").Dog) == before


HELPERS = """
import functools, operator, re, sys, types
from collections import namedtuple
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache, partial, cache

RATE = {rate}

def taxed(rate, amount):
    return amount * rate + {offset}

def by(rate):
    return lambda amount: amount * rate

def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) or {fallback}
    return wrapper

@dataclass(frozen=True)
class Terms:
    rate: float = 1.0
    steps: tuple = ()
    def price(self, amount):
        return amount * self.rate + {offset}

class Policy:
    def __init__(self, rate):
        self.rate = rate
    def __call__(self, amount):
        return amount * self.rate + {offset}
    def price(self, amount):
        return self(amount)
    @staticmethod
    def static(amount):
        return amount + {offset}
    @classmethod
    def of_class(cls, amount):
        return cls.FACTOR * amount
    FACTOR = {rate}

class Slotted:
    __slots__ = ("rate",)
    def __init__(self, rate):
        self.rate = rate

class Kind(Enum):
    TEA = {rate}
    def price(self):
        return {offset}

Point = namedtuple("Point", "x y")

with_tax = partial(taxed, {rate})
in_steps = partial(partial(taxed), rate={rate})
library = partial(round, ndigits={rate})
bound = Policy({rate}).price
policy = Policy({rate})
terms = Terms({rate}, (1, {rate}))
slotted = Slotted({rate})
closure = by({rate})
pointed = Point(1, {rate})
pattern = re.compile("a{{rate}}".replace("rate", str({rate})))
item = operator.itemgetter({rate})
space = types.SimpleNamespace(rate={rate})
nested = {{"a": [(1, {{"b": {rate}}})]}}
tea = Kind.TEA
many = frozenset({{"a", "b", str({rate})}})

@lru_cache
def cached(amount):
    return amount + {offset}

@logged
def decorated(amount):
    return amount

def defaulted(amount, rate={rate}):
    return amount * rate

def keyword(amount, *, rate={rate}):
    return amount * rate

def indirect(amount):
    return [cached(each) for each in [amount]]

def guarded(amount):
    try:
        return 1 / amount
    except {error}:
        return 0
"""
FILLED = {"rate": "2", "offset": "1", "fallback": "None", "error": "ZeroDivisionError"}


def helpers(**changes: str) -> str:
    return HELPERS.format(**{**FILLED, **changes})


NAMED = [
    ("RATE", "rate"),
    ("taxed(1, amount)", "offset"),
    ("with_tax(amount)", "rate"),
    ("with_tax(amount)", "offset"),
    ("in_steps(amount)", "rate"),
    ("in_steps(amount)", "offset"),
    ("library(amount)", "rate"),
    ("bound(amount)", "rate"),
    ("bound(amount)", "offset"),
    ("policy(amount)", "rate"),
    ("policy(amount)", "offset"),
    ("Policy.static(amount)", "offset"),
    ("Policy.of_class(amount)", "rate"),
    ("terms.price(amount)", "rate"),
    ("terms.price(amount)", "offset"),
    ("slotted.rate * amount", "rate"),
    ("closure(amount)", "rate"),
    ("pointed.y * amount", "rate"),
    ("pattern.match(amount)", "rate"),
    ("item(amount)", "rate"),
    ("space.rate * amount", "rate"),
    ("nested['a'][0][1]['b']", "rate"),
    ("tea.price()", "offset"),
    ("tea.value", "rate"),
    ("Kind.TEA.value", "rate"),
    ("amount in many", "rate"),
    ("cached(amount)", "offset"),
    ("decorated(amount)", "fallback"),
    ("defaulted(amount)", "rate"),
    ("keyword(amount)", "rate"),
    ("indirect(amount)", "offset"),
    ("guarded(amount)", "error"),
    ("(lambda: [cached(each) for each in [amount]])()", "offset"),
    ("[f(amount) for f in (with_tax, cached)]", "offset"),
]


@pytest.mark.parametrize(("fold", "changed"), NAMED)
def test_what_the_fold_names_is_seen(cell: Callable[..., Any], fold: str, changed: str) -> None:
    cell(helpers())
    before = of_fold(cell, fold)
    assert of_fold(cell, fold) == before
    changes = {"rate": "3", "offset": "5", "fallback": "0", "error": "ValueError"}
    module = cell(helpers(**{changed: changes[changed]}))
    assert fingerprint(module.Dog) != before
    assert fingerprint(cell(helpers()).Dog) == before


def test_a_collection_that_is_changed_in_its_place_is_seen(cell: Callable[..., Any]) -> None:
    cell("LIMITS = {'low': [1]}\nterms = None")
    before = of_fold(cell, "LIMITS['low'][0]")
    module = cell("LIMITS['low'][0] = 2")
    assert fingerprint(module.Dog) != before
    cell("LIMITS['low'][0] = 1")
    assert fingerprint(module.Dog) == before


@pytest.mark.parametrize(
    "helper",
    [
        "known = {}\ndef helper(x):\n    if x not in known:\n        known[x] = 2 * x\n    return known[x]",
        "known = {}\ndef helper(x):\n    known[x, str(x)] = 2 * x\n    return x",
        "known = {}\ndef helper(x):\n    return known.setdefault(x, 2 * x)",
        "counts = {1: 0, 2: 0, 3: 0}\ndef helper(x):\n    counts[x] += 1\n    return x",
        "seen = []\ndef helper(x):\n    seen.append(x)\n    return x",
        "seen = set()\ndef helper(x):\n    seen.add(x)\n    return x",
        "count = 0\ndef helper(x):\n    global count\n    count += 1\n    return x",
        "def memo(function):\n    known = {}\n    def wrapper(x):\n        if x not in known:\n"
        "            known[x] = function(x)\n        return known[x]\n    return wrapper\n"
        "@memo\ndef helper(x):\n    return 2 * x",
        "def counted(function):\n    calls = 0\n    def wrapper(x):\n        nonlocal calls\n"
        "        calls += 1\n        return function(x)\n    return wrapper\n"
        "@counted\ndef helper(x):\n    return 2 * x",
        "from functools import cache\n@cache\ndef helper(x):\n    return 2 * x",
        "from enum import Flag\nclass Right(Flag):\n    R = 1\n    W = 2\n"
        "def helper(x):\n    return (Right.R | Right.W).value * x",
        "class Prices:\n    def __init__(self):\n        self.known = {}\n        self.client = object()\n"
        "    def __call__(self, x):\n        self.known[x] = x\n        return x\nhelper = Prices()",
    ],
)
def test_what_code_remembers_as_it_runs_is_none_of_it(
    cell: Callable[..., Any], helper: str
) -> None:
    cell(helper)
    before = of_fold(cell, "helper(amount)")
    module = cell("used = [helper(each) for each in (1, 2, 3, 3)]")
    assert fingerprint(module.Dog) == before
    assert of_fold(cell, "helper(amount)") == before


# --- in which modules -----------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Writes the modules of a project and gives the fingerprint of `domain.Dog`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("EVENTSOURCING_DISABLE_REDEFINITION_CHECK", "y")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def forget() -> None:
        for name in set(sys.modules) - before:
            if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
        importlib.invalidate_caches()

    def project(imports: str, fold: str, **modules: str) -> str:
        forget()
        for name, source in modules.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            if name == "lib":
                path = tmp_path / "lib" / "__init__.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source)
        (tmp_path / "domain.py").write_text(imports + AGGREGATE.replace("{fold}", fold))
        for name in modules:  # also what is imported by code as it runs
            importlib.import_module(name.replace("__", "."))
        return fingerprint(importlib.import_module("domain").Dog)

    yield project
    forget()


RULES = "RATE = {0}\ndef price(x):\n    return x * RATE\nclass Table:\n    RATE = {0}\n    def of(self, x):\n        return x * self.RATE\n"


@pytest.mark.parametrize(
    ("imports", "fold"),
    [
        ("from rules import price", "price(amount)"),
        ("from rules import *", "price(amount)"),
        ("from rules import price as priced", "priced(amount)"),
        ("import rules", "rules.price(amount)"),
        ("import rules", "rules.RATE * amount"),
        ("import rules as r", "r.price(amount)"),
        ("import rules", "getattr(rules, 'price')(amount)"),
        ("import rules", "rules.Table().of(amount)"),
        ("from rules import Table", "Table().of(amount)"),
        ("from rules import RATE", "RATE * amount"),
        ("import rules\nprice = rules.price", "price(amount)"),
        (
            "from functools import partial\nimport rules\nprice = partial(rules.price)",
            "price(amount)",
        ),
        (
            "",
            "__import__('sys') and (lambda: _later(amount))()\n\ndef _later(x):\n    import rules\n    return rules.price(x)",
        ),
        ("", "_later(amount)\n\ndef _later(x):\n    from rules import price\n    return price(x)"),
        ("from middle import middle", "middle(amount)"),
        ("import lib.rules", "lib.rules.price(amount)"),
        ("from lib import rules", "rules.price(amount)"),
        ("from lib.inner import inner", "inner(amount)"),
    ],
)
def test_helpers_in_other_modules_of_the_project_are_seen(
    project: Callable[..., str], imports: str, fold: str
) -> None:
    def run(rate: int) -> str:
        rules = RULES.format(rate)
        return project(
            imports,
            fold,
            rules=rules,
            middle="import rules\ndef middle(x):\n    return rules.price(x)\n",
            lib="",
            lib__rules=rules,
            lib__inner="def inner(x):\n    from . import rules\n    return rules.price(x)\n",
        )

    assert run(2) == run(2) != run(3)


def test_a_base_class_in_another_module_of_the_project_is_seen(project: Callable[..., str]) -> None:
    def run(rate: int) -> str:
        base = f"from eventsourcing.domain import Aggregate as A\nclass Aggregate(A):\n    RATE = {rate}\n"
        return project("", "self.RATE * amount", base=base)

    def derived(rate: int) -> str:
        return project(
            "import base\n",
            "0\n\nclass Dog(base.Aggregate):\n    def __init__(self, name): pass\n    def set_price(self, x): pass",
            base=f"from eventsourcing.domain import Aggregate as A\nclass Aggregate(A):\n    RATE = {rate}\n",
        )

    assert run(2) == run(3)  # it is not the base
    assert derived(2) == derived(2) != derived(3)


def test_libraries_are_not_followed(project: Callable[..., str]) -> None:
    """Nor what they change of themselves as they are used."""
    imports = "import json, math, re, decimal, msgspec, pandas as pd\n"
    fold = (
        "[json.dumps(1), math.pi, re.compile('a'), decimal.getcontext(), pd.Timestamp(0), msgspec]"
    )
    before = project(imports, fold)
    decimal.getcontext().prec += 1
    try:
        assert project(imports, fold) == before
    finally:
        decimal.getcontext().prec -= 1


@pytest.mark.parametrize(
    "value",
    [
        "__import__('unittest.mock').mock.MagicMock()",
        "__import__('pandas').DataFrame({'func': [1], 'args': [2], 'registry': [3]})",
        "__import__('numpy').arange(3)",
        "__import__('threading').Lock()",
        "__import__('logging').getLogger('x')",
        "open(__import__('os').devnull)",
        "(each for each in [1])",
        "(lambda x: (x.append(x), x)[1])([])",
        "(lambda x: (x.update(x=x), x)[1])({})",
        "(lambda x: (setattr(x, 'x', x), x)[1])(__import__('types').SimpleNamespace())",
        "Exception('x')",
        "type('Odd', (), {'__getattr__': lambda self, name: self})()",
        "type('Odd', (), {'__repr__': lambda self: 1 / 0})()",
        "object()",
    ],
)
def test_whatever_a_global_is(cell: Callable[..., Any], value: str) -> None:
    cell(f"thing = {value}")
    before = of_fold(cell, "thing")
    assert of_fold(cell, "thing") == before
    module = cell(f"thing = {value}")
    assert fingerprint(module.Dog) == before


def test_a_helper_that_is_defined_later_is_seen(cell: Callable[..., Any]) -> None:
    before = of_fold(cell, "later(amount)")
    module = cell("def later(x):\n    return x")
    assert fingerprint(module.Dog) != before


def test_a_project_has_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(helpers())
    (tmp_path / "domain.py").write_text(
        "import rules\nfrom rules import *\n"
        + AGGREGATE.replace(
            "{fold}",
            f"[{', '.join(fold for fold, _ in NAMED)}, getattr(rules, 'price', 0), Policy]",
        )
    )
    (tmp_path / "run.py").write_text(
        "import sys, threading, domain\n"
        "from esnb.fingerprints.fingerprint import fingerprint\n"
        "filler = [object() for _ in range(int(sys.argv[1]))]\n"
        "print(fingerprint(domain.Dog))"
    )

    def run(seed: int) -> str:
        done = subprocess.run(
            [sys.executable, str(tmp_path / "run.py"), str(seed * 1000)],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    assert len({run(1), run(2), run(3)}) == 1
