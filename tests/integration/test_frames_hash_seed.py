"""What frames, diffs and fingerprints say does not depend on the process that says it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import enum
from uuid import UUID
import pandas as pd
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
import esnb
from esnb.fingerprints.fingerprint import fingerprint

WORDS = ("tea", "cup", "pot", "milk", "rum", "lemon")

class Kind(enum.Enum):
    HOT = frozenset(WORDS)

class Basket(Aggregate):
    ALLOWED = {frozenset(WORDS[:3]), frozenset(WORDS[3:])}
    PRICES = {frozenset(WORDS[:2]): 1, frozenset(WORDS[2:]): 2}
    KIND = Kind.HOT

    @event("Filled")
    def __init__(self):
        self.tags = set(WORDS)
        self.frozen = frozenset(WORDS)
        self.nested = {"sets": [set(WORDS)], "pair": (1, frozenset(WORDS))}
        self.by_set = {frozenset(WORDS[:4]): set(WORDS), frozenset(WORDS[4:]): set()}

    @event("Emptied")
    def empty(self, word):
        self.tags.discard(word)
        self.by_set = {}
        if word in {"tea", "cup"}:
            self.frozen = frozenset()

basket_id = UUID(int=7)
app = Application()
basket = Basket()
basket.empty("cup")
app.save(basket)
history = esnb.history(app, basket.id)
pd.set_option("display.width", 1000, "display.max_columns", 50, "display.max_colwidth", None)
print("\\n".join(history["changed"]))
print(history.drop(columns="time").to_string())
print(esnb.diff(app, basket.id).to_string())
print(str(esnb.explore(app, basket.id, live=False, times=False)).replace(str(basket.id), "the id"))
print(fingerprint(Basket))
"""


def run(seed: str, text: str = PROGRAM) -> str:
    return subprocess.run(
        [sys.executable, "-c", text],
        env={**os.environ, "PYTHONHASHSEED": seed, "ESNB_PROGRESS": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def told() -> str:
    return run("1")


@pytest.mark.parametrize("seed", ["2", "31"])
def test_the_same_is_said_in_a_process_with_another_hash_seed(told: str, seed: str) -> None:
    assert run(seed) == told


def test_sets_are_told_in_order(told: str) -> None:
    words = "'cup', 'lemon', 'milk', 'pot', 'rum', 'tea'"
    first = told.splitlines()[0]

    assert f"tags: {{{words}}}" in first
    assert f"frozen: frozenset({{{words}}})" in first
    assert "by_set: {frozenset({'cup', 'milk', 'pot', 'tea'}" in first
    assert "{cup, lemon, milk, pot, rum, tea}" in told  # in a cell, as pandas writes it


def test_the_seeds_do_change_the_order_of_sets() -> None:
    orders = {run(seed, "print(list({'tea', 'cup', 'pot', 'milk', 'rum'}))") for seed in "1234"}

    assert len(orders) > 1
