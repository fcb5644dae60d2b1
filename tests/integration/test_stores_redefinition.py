"""Notebook cells that define aggregates, run again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.kernels import in_files

Cell = Callable[..., Any]

SHELL = """
from IPython.core.interactiveshell import InteractiveShell
from esnb.connecting.redefinition import install
shell = InteractiveShell.instance(colors='NoColor')
install(shell)
install(shell)

def cell(code):
    result = shell.run_cell(code, store_history=True)
    result.raise_error()
    return result.result
"""

DOG = """
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.utils import register_topic, resolve_topic

class Dog(Aggregate):
    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name
        self.tricks: list[str] = []

    @event("TrickAdded")
    def add_trick(self, trick: str) -> None:
        self.tricks.append(trick)

    def wag(self) -> str:
        return "wags"
"""

LOUD_DOG = DOG.replace("append(trick)", "append(trick.upper())")


@pytest.fixture(scope="module")
def shell(kernel_of_module: Any) -> Any:
    kernel_of_module.ask(SHELL)
    return kernel_of_module


@pytest.fixture
def cell(shell: Any) -> Cell:
    """Runs a cell in an IPython shell that has forgotten all before, and returns its value."""

    def run(code: str) -> Any:
        return shell.ask("", f"cell({code!r})")

    run("%reset -f")
    run("__import__('eventsourcing.utils').utils.clear_topic_cache()")
    return run


def test_a_cell_that_defines_an_aggregate_runs_again(cell: Cell) -> None:
    cell(DOG)
    cell(DOG)
    cell("app = Application(); dog = Dog('Rex'); dog.add_trick('sit'); app.save(dog)")
    assert cell("app.repository.get(dog.id).tricks") == ["sit"]


def test_stored_events_are_folded_by_the_new_class(cell: Cell) -> None:
    cell(DOG)
    cell("app = Application(); dog = Dog('Rex'); dog.add_trick('sit'); app.save(dog)")
    assert cell("app.repository.get(dog.id).tricks") == ["sit"]
    cell(LOUD_DOG)
    assert cell("app.repository.get(dog.id).tricks") == ["SIT"]
    assert cell("type(app.repository.get(dog.id)) is Dog")


@pytest.mark.parametrize("forgetting", ["%reset -f", "del Dog", "globals().pop('Dog') and None"])
def test_a_class_that_the_notebook_has_forgotten_is_defined_again(
    cell: Cell, forgetting: str
) -> None:
    """The library remembers it."""
    cell(DOG)
    cell("app = Application(); dog = Dog('Rex'); app.save(dog)")
    cell(forgetting)
    cell(LOUD_DOG)
    cell("app = Application(); dog = Dog('Rex'); dog.add_trick('sit'); app.save(dog)")
    assert cell("app.repository.get(dog.id).tricks") == ["SIT"]
    assert cell("resolve_topic('__main__:Dog.Registered') is Dog.Registered")


def test_only_a_real_redefinition_is_made_safe(cell: Cell) -> None:
    """Two classes of a name in one module, the second not in a statement of its own."""
    cell(DOG)
    with pytest.raises(AssertionError, match="already defined"):
        cell("type('Dog', (Aggregate,), {'__module__': '__main__'})")


def test_other_classes_keep_their_topics(cell: Cell) -> None:
    cell(DOG)
    cell(
        """
class Cat(Aggregate):
    TOPIC = "animals/cat"

    class Created(Aggregate.Created):
        TOPIC = "animals/cat-created"

    class Meowed(Aggregate.Event):
        TOPIC = "animals/cat-meowed"

class Dogged: ...
register_topic("old-name-of-dogged", Dogged)
"""
    )
    cell(DOG)
    assert cell("resolve_topic('animals/cat') is Cat")
    assert cell("resolve_topic('animals/cat-meowed') is Cat.Meowed")
    assert cell("resolve_topic('old-name-of-dogged') is Dogged")


def test_explicit_topics_of_the_class_lead_to_the_new_one(cell: Cell) -> None:
    cat = """
class Cat(Aggregate):
    TOPIC = "animals/cat"

    class Created(Aggregate.Created):
        TOPIC = "animals/cat-created"

    class Meowed(Aggregate.Event):
        TOPIC = "animals/cat-meowed"
"""
    cell(DOG + cat)
    cell("first = Cat")
    cell(DOG + cat)
    assert cell("resolve_topic('animals/cat') is Cat and Cat is not first")
    assert cell("resolve_topic('animals/cat-meowed') is Cat.Meowed")


def test_topics_of_a_renamed_class_lead_to_the_new_one(cell: Cell) -> None:
    cell(DOG)
    cell(
        "register_topic('__main__:Hound', Dog); register_topic('hound-registered', Dog.Registered)"
    )
    cell(DOG)
    assert cell("resolve_topic('__main__:Hound') is Dog")
    assert cell("resolve_topic('hound-registered') is Dog.Registered")


def test_a_redefinition_that_fails_leaves_the_old_class(cell: Cell) -> None:
    cell(DOG)
    cell("app = Application(); dog = Dog('Rex'); dog.add_trick('sit'); app.save(dog); old = Dog")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        cell("class Dog(Aggregate):\n    kind = 1 / 0")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        cell("def failing(c): 1 / 0\n@failing\n" + LOUD_DOG[LOUD_DOG.index("class Dog") :])
    assert cell("Dog is old")
    assert cell("app.repository.get(dog.id).tricks") == ["sit"]
    assert cell("type(app.repository.get(dog.id)) is old")


def test_the_old_class_serves_until_the_statement_of_the_new_one(cell: Cell) -> None:
    cell(DOG)
    cell("before = Dog\n" + DOG + "\nafter = Dog")
    assert cell("before is not after and after is Dog")


def test_the_fold_of_a_singledispatch_projector_names_the_new_events(cell: Cell) -> None:
    """The reason of the library's check: annotations resolve to what has that name."""
    code = """
from functools import singledispatchmethod
from eventsourcing.domain import AggregateCreated

class Dog(Aggregate):
    class Registered(Aggregate.Created):
        name: str
    class Renamed(Aggregate.Event):
        name: str

    @singledispatchmethod
    def fold(self, event): raise NotImplementedError(event)

    @fold.register
    def _(self, event: Renamed): self.name = event.name
"""
    cell(DOG)
    cell(code)
    cell(code)
    cell("dog = Dog.__new__(Dog)")
    cell("event = Dog.Renamed.__new__(Dog.Renamed); event.__dict__['name'] = 'Fido'")
    # Through the dispatcher: Python 3.13 hashes the object first, which aggregates refuse.
    cell("Dog.__dict__['fold'].dispatcher.dispatch(type(event))(dog, event)")
    assert cell("dog.name") == "Fido"


def test_events_defined_outside_of_aggregates_are_redefined_too(cell: Cell) -> None:
    code = """
from dataclasses import dataclass
from eventsourcing.utils import get_topic
@dataclass(frozen=True)
class DogRegistered:
    name: str
topic = get_topic(DogRegistered)
"""
    cell(DOG + code)
    cell(code)
    assert cell("resolve_topic(topic) is DogRegistered")


def test_classes_that_the_library_does_not_know_are_redefined_as_ever(cell: Cell) -> None:
    code = """
class Plain:
    seen = 'Plain' in globals()
for number in range(2):
    class Inner: value = number
def make():
    class Local: pass
    return Local
"""
    cell(code)
    cell(code)
    assert cell("Plain.seen")
    assert cell("Inner.value") == 1
    assert cell("make().__qualname__") == "make.<locals>.Local"


def test_the_namespace_gets_no_new_names_and_a_reset_does_no_harm(cell: Cell) -> None:
    cell(DOG)
    names = set(cell("[name for name in dir() if not name.startswith('_')]"))
    assert not names & {"redefining", "esnb"}
    cell("%reset -f")
    cell(DOG)
    cell("Dog('Rex')\nNone")


def test_time_magic_and_source_lookup_work(cell: Cell) -> None:
    cell(DOG)
    cell("%%time\n" + DOG)
    assert cell("Dog('Rex').name") == "Rex"
    cell(DOG)
    assert cell("import inspect; 'wags' in inspect.getsource(Dog.wag)")


def test_an_error_in_the_class_shows_its_own_line(cell: Cell) -> None:
    with pytest.raises(AssertionError, match=r"line 3, in Dog\b"):
        cell("x = 1\nclass Dog:\n    y = 1 / 0")


def test_connect_arms_a_real_kernel() -> None:
    """In ipykernel, as a notebook runs it: the cell runs again after connect()."""
    from jupyter_client import manager

    with in_files() as config, contextlib.ExitStack() as ending:
        kernel = manager.KernelManager(kernel_name="python3", config=config)
        kernel.start_kernel()
        ending.callback(kernel.shutdown_kernel, now=True)
        client = kernel.client()
        client.start_channels()
        ending.callback(client.stop_channels)
        client.wait_for_ready(timeout=60)

        def run(code: str) -> dict[str, Any]:
            reply: dict[str, Any] = client.execute_interactive(
                code, timeout=60, output_hook=lambda message: None
            )["content"]
            return reply

        assert run("import esnb; stores = esnb.connect(embedded=True)")["status"] == "ok"
        assert run(DOG)["status"] == "ok"
        again = run(DOG)
        assert again["status"] == "ok", again
        assert run("stores.close()")["status"] == "ok"
