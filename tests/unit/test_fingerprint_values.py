"""A fingerprint covers the values that a fold uses, and not how its code is written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esnb.fingerprints.fingerprint import fingerprint
from tests.unit.fold_cells import AGGREGATE, cell, of_fold

__all__ = ["cell"]

Cell = Callable[..., Any]

VALUES = {
    "bound method of a dict": ("PRICES = {{1: {0}}}\nprice = PRICES.get", "price(amount)"),
    "bound method of a list": ("price = [1, {0}].__getitem__", "price(amount)"),
    "bound method of a text": ("price = '{0}'.join", "price(amount)"),
    "bound method as a default": (
        "PRICES = {{1: {0}}}\ndef price(x, of=PRICES.get):\n    return of(x)",
        "price(amount)",
    ),
    "bound method in a collection": ("PRICES = [{{1: {0}}}.get]", "PRICES[0](amount)"),
    "method wrapper": ("price = (1, {0}).__contains__", "price(amount)"),
    "method of a type": ("price = [str.upper, str.lower, str.title][{0} - 2]", "price(amount)"),
    "method of an object": (
        "class Table:\n    rate = {0}\n    def of(self, x): return x * self.rate\nprice = Table().of",
        "price(amount)",
    ),
    "object with a function": (
        "class Policy:\n    def __init__(self, rule): self.rule = rule\n"
        "policy = Policy(lambda x: x * {0})",
        "policy.rule(amount)",
    ),
    "object with an object with a function": (
        "class Policy:\n    def __init__(self, rule): self.rule = rule\n"
        "policy = Policy([Policy(lambda x: x * {0})])",
        "policy.rule[0].rule(amount)",
    ),
    "object with a function and a client": (
        "class Policy:\n    def __init__(self, rule):\n        self.rule = rule\n"
        "        self.client = object()\n        self.rate = {0}\npolicy = Policy(len)",
        "policy.rate",
    ),
    "decorator with slots": (
        "class twice:\n    __slots__ = ('function',)\n    def __init__(self, function): self.function = function\n"
        "    def __call__(self, x): return self.function(self.function(x))\n"
        "@twice\ndef price(x):\n    return x * {0}",
        "price(amount)",
    ),
    "decorator of a subclass of partial": (
        "from functools import partial\nclass Bound(partial):\n    pass\n"
        "price = Bound(lambda r, x: r * x, {0})",
        "price(amount)",
    ),
    "function attribute": (
        "def price(x):\n    return x * price.rate\nprice.rate = {0}",
        "price(amount)",
    ),
    "function attribute behind a function": (
        "def price(x):\n    return x\nprice.then = lambda x: x * {0}",
        "price.then(amount)",
    ),
    "large dict": ("TABLE = {{i: i for i in range(2000)}}\nTABLE[1500] = {0}", "TABLE[amount]"),
    "large list": ("TABLE = list(range(5000))\nTABLE[4000] = {0}", "TABLE[amount]"),
    "large set": ("TABLE = {{str(i * {0}) for i in range(3000)}}", "amount in TABLE"),
    "large collection of collections": (
        "TABLE = [[i, (i, {{'a': i}})] for i in range(2000)]\nTABLE[9][1][1]['a'] = {0}",
        "TABLE[amount]",
    ),
    "large collection of functions": (
        "TABLE = [lambda x: x] * 1500 + [lambda x: x * {0}]",
        "TABLE[-1](amount)",
    ),
    "numpy array": (
        "import numpy\nTABLE = numpy.arange(6.0)\nTABLE[3] = {0} + 10",
        "TABLE[amount]",
    ),
    "numpy dtype": (
        "import numpy\nTABLE = numpy.arange(6, dtype=[None, None, 'int32', 'int64'][{0}])",
        "TABLE[amount]",
    ),
    "numpy scalar": ("import numpy\nRATE = numpy.int64({0})", "RATE * amount"),
    "numpy function": ("import numpy\nf = [0, 0, numpy.add, numpy.multiply][{0}]", "f(amount, 2)"),
    "pandas frame": (
        "import pandas\nTABLE = pandas.DataFrame({{'a': [1, {0}], 'b': ['x', 'y']}})",
        "TABLE.a[amount]",
    ),
    "pandas text": ("import pandas\nTABLE = pandas.DataFrame({{'a': ['{0}']}})", "TABLE.a[amount]"),
    "pandas series": ("import pandas\nTABLE = pandas.Series([1, {0}])", "TABLE[amount]"),
    "pandas index": ("import pandas\nT = pandas.Series([1], index=['{0}'])", "T[amount]"),
    "pandas moment": ("import pandas\nT = pandas.Timestamp({0})", "T"),
    "metaclass": (
        "class Meta(type):\n    def __call__(cls, x): return x * {0}\n"
        "class Price(metaclass=Meta):\n    pass",
        "Price(amount)",
    ),
    "metaclass attribute": (
        "class Meta(type):\n    RATE = {0}\nclass Price(metaclass=Meta):\n    pass",
        "Price.RATE * amount",
    ),
    "namespace of functions": (
        "from types import SimpleNamespace\nrules = SimpleNamespace(price=lambda x: x * {0})",
        "rules.price(amount)",
    ),
    "namespace of namespaces": (
        "from types import SimpleNamespace as N\nrules = N(a=N(price=lambda x: x * {0}, lock=object()))",
        "rules.a.price(amount)",
    ),
    "msgspec default": (
        "import msgspec\nclass Terms(msgspec.Struct):\n    rate: int = {0}",
        "Terms().rate",
    ),
    "msgspec default factory": (
        "import msgspec\nclass Terms(msgspec.Struct):\n    rate: int = msgspec.field(default_factory=lambda: {0})",
        "Terms().rate",
    ),
    "msgspec value": (
        "import msgspec\nclass Terms(msgspec.Struct, frozen=True):\n    rate: int = 1\nterms = Terms({0})",
        "terms.rate",
    ),
    "msgspec type": (
        "import msgspec\nclass Terms(msgspec.Struct):\n    rate: [int, str][{0} - 2]",
        "msgspec.json.decode(amount, type=Terms).rate",
    ),
    "dataclass default factory": (
        "from dataclasses import dataclass, field\n@dataclass\nclass Terms:\n"
        "    rates: object = field(default_factory=[list, dict][{0} - 2])",
        "Terms().rates",
    ),
    "attrs converter": (
        "import attrs\n@attrs.define\nclass Terms:\n    rate: int = attrs.field(default=1, converter=lambda x: x * {0})",
        "Terms().rate",
    ),
    "pydantic validator": (
        "from typing import Annotated\nimport pydantic\ndef check(x): return x * {0}\n"
        "class Terms(pydantic.BaseModel):\n    rate: Annotated[int, pydantic.AfterValidator(check)] = 1",
        "Terms().rate",
    ),
    "pydantic validator in an annotation that is text": (
        "from __future__ import annotations\nfrom typing import Annotated\nimport pydantic\n"
        "def check(x): return x * {0}\n"
        "class Terms(pydantic.BaseModel):\n    rate: Annotated[int, pydantic.AfterValidator(check)] = 1",
        "Terms().rate",
    ),
    "pydantic default factory": (
        "import pydantic\nclass Terms(pydantic.BaseModel):\n    rate: int = pydantic.Field(default_factory=lambda: {0})",
        "Terms().rate",
    ),
    "order of a dict": (
        "RULES = dict(sorted({{'a': 1, 'b': 2}}.items(), reverse={0} == 3))",
        "list(RULES)",
    ),
    "order of a list": ("RULES = sorted([1, 2], reverse={0} == 3)", "RULES[0]"),
    "dict with a default": (
        "from collections import defaultdict\nRATES = defaultdict(lambda: {0})",
        "RATES[amount]",
    ),
    "bounded deque": ("from collections import deque\nlast = deque([1], {0})", "last"),
    "chain of dicts": (
        "from collections import ChainMap\nRATES = ChainMap({{}}, {{1: {0}}})",
        "RATES[amount]",
    ),
    "dict with a method": (
        "class Rates(dict):\n    def __missing__(self, x): return x * {0}\nRATES = Rates()",
        "RATES[amount]",
    ),
    "number with a method": (
        "class Rate(float):\n    def of(self, x): return x * {0}\nRATE = Rate(1)",
        "RATE.of(amount)",
    ),
    "number with an attribute": (
        "class Rate(float):\n    pass\nRATE = Rate(1)\nRATE.per = {0}",
        "RATE * RATE.per",
    ),
    "number with a repr of its own": (
        "class Rate(int):\n    def __repr__(self): return 'rate'\nRATE = Rate({0})",
        "RATE * amount",
    ),
    "named tuple with a method": (
        "from typing import NamedTuple\nclass Rate(NamedTuple):\n    x: int\n"
        "    def of(self, amount): return self.x * amount * {0}\nRATE = Rate(1)",
        "RATE.of(amount)",
    ),
    "huge number": ("N = 10**5000 + {0}", "N + amount"),
    "huge numbers": ("N = [10**5000 + {0}] * 2, range(10**5000, 10**5000 + {0})", "N"),
    "huge fraction": ("from fractions import Fraction\nN = Fraction({0}, 10**5000 + 1)", "N"),
    "huge enum value": ("from enum import Enum\nclass N(Enum):\n    A = 10**5000 + {0}", "N.A"),
    "huge default": ("def f(x=10**5000 + {0}): return x", "f()"),
    "huge key": ("N = {{10**5000 + {0}: 1}}", "N"),
    "function in an enum": (
        "from enum import Enum, member\nclass Rule(Enum):\n    A = member(lambda x: x * {0})",
        "Rule.A.value(amount)",
    ),
    "attribute of an enum member": (
        "from enum import Enum\nclass Rule(Enum):\n    A = 1\nRule.A.rate = {0}",
        "Rule.A.rate",
    ),
    "cache of a library": (
        "from functools import lru_cache\ndef made(rate):\n    return lru_cache(lambda x: x * rate)\nprice = made({0})",
        "price(amount)",
    ),
    "dispatch in an object": (
        "from functools import singledispatch\nclass Rules:\n    def __init__(self, f): self.f = f\n"
        "@singledispatch\ndef f(x): return x\n@f.register\ndef _(x: int): return x * {0}\nrules = Rules(f)",
        "rules.f(amount)",
    ),
}


def of_value(cell: Cell, name: str, rate: int) -> str:
    source, fold = VALUES[name]
    cell(source.format(rate))
    return of_fold(cell, fold)


OF_PYDANTIC = [name for name in VALUES if "pydantic" in name]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.extras] if name in OF_PYDANTIC else [])
        for name in VALUES
    ],
)
def test_another_value_changes_it(cell: Cell, name: str) -> None:
    before = of_value(cell, name, 2)
    assert of_value(cell, name, 2) == before
    assert of_value(cell, name, 3) != before
    assert of_value(cell, name, 2) == before


@pytest.mark.parametrize(
    ("source", "fold", "change"),
    [
        ("T = [1] * 3000", "T[amount]", "T[2500] = 2"),
        ("T = [1, 2]", "T[amount]", "T[0] = True"),
        ("T = {'a': 1, 'b': 2}", "T", "T['a'] = T.pop('a')"),
        ("T = {'a': {'b': [1]}}", "T", "T['a']['b'].append(2)"),
        ("T = [{1, 2}]", "T", "T[0].add(3)"),
        ("T = ([1],)", "T", "T[0].append(1)"),
        ("T = ([lambda x: x],)", "T", "T[0].append(len)"),
        ("from numpy import arange\nT = arange(5)", "T", "T[3] = 9"),
        ("from pandas import DataFrame\nT = DataFrame({'a': [1, 2]})", "T", "T.loc[0, 'a'] = 9"),
        ("def f(x): return x * f.rate\nf.rate = 1", "f(amount)", "f.rate = 2"),
        ("def f(x): return x", "f(amount)", "f.rate = 2"),
        ("def f(x, y=1): return x * y", "f(amount)", "f.__defaults__ = (2,)"),
        ("def f(x, *, y=1): return x * y", "f(amount)", "f.__kwdefaults__ = {'y': 2}"),
        ("def f(x): return x", "f(amount)", "f.__code__ = (lambda x: x * 2).__code__"),
        (
            "class P:\n    __slots__ = ('rate',)\np = P()\np.rate = 1",
            "p.rate",
            "p.rate = 2",
        ),
        (
            "class P:\n    def __init__(self): self.rate = 1\n    def set_rate(self, r): self.rate = r\np = P()",
            "p.rate * amount",
            "p.set_rate(2)",
        ),
        (
            "class P:\n    rules = []\n    @classmethod\n    def rule(cls, f): cls.rules.append(f)\n@P.rule\ndef a(x): return x",
            "[f(amount) for f in P.rules]",
            "@P.rule\ndef b(x): return x * 2",
        ),
        (
            "class P:\n    rule = len\np = P()\np.rules = [len]",
            "p.rules[0](amount)",
            "p.rules[0] = str",
        ),
        (
            "from collections import ChainMap\nT = ChainMap({1: 1})",
            "T[amount]",
            "T.maps[0][1] = 2",
        ),
        ("from types import SimpleNamespace as N\nT = N(f=len)", "T.f(amount)", "T.f = str"),
        ("from types import SimpleNamespace as N\nT = N()", "T", "T.f = str"),
        ("class M(type): pass\nclass P(metaclass=M): pass", "P", "M.rate = 1"),
        (
            "def made():\n    rate = 1\n    def put(r):\n        nonlocal rate\n        rate = r\n    return lambda x: x * rate, put\nf, put = made()",
            "f(amount)",
            "put(2)",
        ),
        ("T = type('Row', (dict,), {})(a=1)", "T", "T['a'] = 2"),
        (
            "import msgspec\nclass P(msgspec.Struct):\n    rate: int = 1\np = P()",
            "p.rate",
            "p.rate = 2",
        ),
    ],
)
def test_a_change_in_its_place_is_seen(cell: Cell, source: str, fold: str, change: str) -> None:
    cell(source)
    before = of_fold(cell, fold)
    module = cell("other = 1")
    assert fingerprint(module.Dog) == before
    assert fingerprint(cell(change).Dog) != before


@pytest.mark.parametrize(
    ("source", "fold", "use"),
    [
        (
            "def f(x):\n    f.calls += 1\n    return x\nf.calls = 0",
            "f(amount)",
            "f(1)",
        ),
        (
            "def f(x):\n    return f.known.setdefault(x, x)\nf.known = {}",
            "f(amount)",
            "f(1)",
        ),
        (
            "from functools import wraps\ndef counted(g):\n    @wraps(g)\n    def wrapper(x):\n        wrapper.calls += 1\n"
            "        return g(x)\n    wrapper.calls = 0\n    return wrapper\n@counted\ndef f(x): return x",
            "f(amount)",
            "f(1)",
        ),
        (
            "class P:\n    def __init__(self, f):\n        self.f = f\n        self.calls = 0\n        self.known = {}\n"
            "    def __call__(self, x):\n        self.calls += 1\n        self.known[x] = self.f(x)\n        return self.known[x]\nf = P(len)",
            "f(amount)",
            "f('a')",
        ),
        (
            "class P:\n    def of(self, x):\n        self.last = x\n        return x\np = P()\np.last = 0",
            "p.of(amount)",
            "p.of(3)",
        ),
        (
            "class P:\n    known = {}\n    def of(self, x):\n        self.known[x] = x\n        return x\np = P()",
            "p.of(amount)",
            "p.of(3)",
        ),
        (
            "class P:\n    calls = 0\n    @classmethod\n    def of(cls, x):\n        cls.calls += 1\n        return x",
            "P.of(amount)",
            "P.of(3)",
        ),
        (
            "class P:\n    calls = 0\n    def of(self, x):\n        P.calls += 1\n        return x",
            "P().of(amount)",
            "P().of(3)",
        ),
        (
            "class P: pass\np = P()\np.known = {}\ndef f(x):\n    p.known[x] = x\n    return x",
            "f(amount)",
            "f(3)",
        ),
        (
            "from functools import cached_property\nclass P:\n    def __init__(self): self.f = len\n"
            "    @cached_property\n    def rate(self): return 2\np = P()",
            "p.rate",
            "p.rate",
        ),
        ("import logging\nlog = logging.getLogger('fold')", "log.info(amount)", "log.info(1)"),
        ("import threading\nlock = threading.Lock()", "lock.acquire()", "lock.acquire()"),
        ("import itertools\nids = itertools.count()", "next(ids)", "next(ids)"),
        ("import random\nr = random.Random()", "r.random()", "r.random()"),
        (
            "from weakref import WeakKeyDictionary\nknown = WeakKeyDictionary()",
            "known.get(amount)",
            "class K: pass\nk = K()\nknown[k] = 1",
        ),
    ],
)
def test_use_leaves_it(cell: Cell, source: str, fold: str, use: str) -> None:
    cell(source)
    before = of_fold(cell, fold)
    module = cell(use)
    assert fingerprint(module.Dog) == before
    assert of_fold(cell, fold) == before


WAYS_TO_WRITE = {
    "docstring": 'def helper(x):\n    """Says what it does."""\n    y = None\n    return x + 1, 0, y',
    "other docstring": 'def helper(x):\n    """Other."""\n    y = None\n    return x + 1, 0, y',
    "comments": "def helper(x):\n    # why\n    y = None  # no value\n\n    return x + 1, 0, y",
    "lines": "\n\ndef helper(\n    x,\n):\n    y = (\n        None\n    )\n    return (\n        x\n        + 1,\n        0,\n        y,\n    )",
    "one line": "def helper(x): y = None; return x + 1, 0, y",
    "annotations": "def helper(x: int) -> tuple:\n    y: int | None = None\n    return x + 1, 0, y",
    "other annotations": "def helper(x: str) -> 'tuple':\n    y: list[int] = None\n    return x + 1, 0, y",
    "pass": "def helper(x):\n    pass\n    y = None\n    return x + 1, 0, y",
    "constant expression": "def helper(x):\n    y = None\n    'a remark'\n    return x + 1, 0, y",
    "future annotations": "from __future__ import annotations\ndef helper(x: No.Such) -> None:\n    y = None\n    return x + 1, 0, y",
}


@pytest.mark.parametrize("way", WAYS_TO_WRITE)
def test_how_a_helper_is_written_leaves_it(cell: Cell, way: str) -> None:
    cell("def helper(x):\n    y = None\n    return x + 1, 0, y")
    before = of_fold(cell, "helper(amount)")
    cell(WAYS_TO_WRITE[way])
    assert of_fold(cell, "helper(amount)") == before


BRANCHES = """
class Helper:
    {class_doc}
    rate{annotation} = 1

    def of(self, x{annotation}):
        {doc}
        try:
            for each in range(x):
                if each > 3:
                    continue
                {filler}
                while True:
                    x += 1
                    if x > 7:
                        break
        except ValueError as error:
            {filler}
            raise KeyError from error
        else:
            {filler}
        finally:
            x = None
        with open(x) as file:
            {doc}
            return [a for a in file if a] or (yield x)

    @property
    def size(self):
        {doc}
        return self.rate

helper = Helper()
"""


@pytest.mark.parametrize(
    "change",
    [
        {"class_doc": "'''A class.'''"},
        {"doc": "'''Says what it does.'''"},
        {"filler": "pass"},
        {"filler": "pass\n                # why\n"},
        {"annotation": ": int"},
        {"annotation": ": 'object'"},
        {"doc": "'''Says.'''", "filler": "pass", "annotation": ": int", "class_doc": "'''A.'''"},
    ],
)
@pytest.mark.parametrize("fold", ["Helper().of(amount)", "helper.of(amount)"])
def test_how_a_class_is_written_leaves_it(cell: Cell, change: dict[str, str], fold: str) -> None:
    plain = {"class_doc": "", "doc": "", "filler": "...", "annotation": ""}
    cell(BRANCHES.format(**plain))
    before = of_fold(cell, fold)
    cell(BRANCHES.format(**{**plain, **change}))
    assert of_fold(cell, fold) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("break", "pass"),
        ("continue", "break"),
        ("except ValueError", "except TypeError"),
        ("x > 7", "x >= 7"),
        ("x += 1", "x += 2"),
        ("raise KeyError from error", "raise KeyError"),
        ("or (yield x)", "or x"),
        ("if a]", "if not a]"),
        ("return self.rate", "return None"),
    ],
)
def test_what_a_class_does_changes_it(cell: Cell, old: str, new: str) -> None:
    source = BRANCHES.format(class_doc="", doc="", filler="...", annotation="")
    cell(source)
    before = of_fold(cell, "Helper().of(amount)")
    assert old in source
    cell(source.replace(old, new))
    assert of_fold(cell, "Helper().of(amount)") != before


@pytest.mark.parametrize(
    "value",
    [
        "type('Odd', (), {'__reduce_ex__': lambda self, level: 1 / 0, '__eq__': lambda a, b: True})()",
        "type('Odd', (), {'x': property(lambda self: 1 / 0), '__slots__': ()})()",
        "type('Odd', (), {'__getattribute__': lambda self, name: 1 / 0})()",
        "type('Odd', (dict,), {'__iter__': lambda self: 1 / 0, '__len__': lambda self: 1 / 0})()",
        "type('Odd', (int,), {'__repr__': lambda self: 1 / 0, '__str__': lambda self: 1 / 0})()",
        "__import__('functools').reduce(lambda inner, _: [inner], range(3000), [])",
        "__import__('functools').reduce(lambda inner, _: {'a': inner}, range(3000), [])",
        "__import__('functools').reduce(lambda inner, _: (inner,), range(3000), ())",
        "{object(): 1, float('nan'): 2}",
        "{object(), 1, 'a'}",
        "__import__('decimal').Context()",
        "__import__('xml.etree.ElementTree').etree.ElementTree.Element('a')",
        "__import__('asyncio').Queue()",
        "__import__('ctypes').c_int(3)",
        "memoryview(b'abc')",
        "bytearray(b'abc')",
        "__import__('array').array('i', [1])",
        "iter([1])",
        "__import__('contextvars').ContextVar('x')",
        "NotImplemented",
        "__import__('sys').stderr",
        "__import__('typing').Optional[int]",
        "int | None",
        "list[int]",
        "__import__('typing').TypeVar('T')",
    ],
)
def test_whatever_a_global_is(cell: Cell, value: str) -> None:
    cell(f"thing = {value}")
    before = of_fold(cell, "thing")
    assert of_fold(cell, "thing") == before
    assert fingerprint(cell(f"thing = {value}").Dog) == before


@pytest.mark.parametrize(
    "names",
    [
        [name for name in VALUES if name not in OF_PYDANTIC],
        pytest.param(OF_PYDANTIC, marks=pytest.mark.extras),
    ],
    ids=["all", "pydantic"],
)
def test_every_process_makes_the_same_of_the_same_values(tmp_path: Path, names: list[str]) -> None:
    cases = [VALUES[name] for name in names]
    lines = [
        "import sys",
        "from types import ModuleType",
        "from esnb.fingerprints.fingerprint import fingerprint",
    ]
    lines += [
        "filler = [object() for _ in range(int(sys.argv[1]))]",
        "sys.set_int_max_str_digits(0)",
    ]
    lines += [f"CASES = {[(s.format(2), AGGREGATE.replace('{fold}', f)) for s, f in cases]!r}"]
    lines += ["for number, case in enumerate(CASES):"]
    lines += ["    name = f'case{number}'", "    module = sys.modules[name] = ModuleType(name)"]
    lines += ["    for source in case:", "        exec(source, vars(module))"]
    lines += ["    print(number, fingerprint(module.Dog))"]
    (tmp_path / "run.py").write_text("\n".join(lines))

    def run(seed: int) -> str:
        done = subprocess.run(
            [sys.executable, str(tmp_path / "run.py"), str(seed * 1000)],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
        return done.stdout

    assert run(1) == run(2)
