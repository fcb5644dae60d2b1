"""The examples as a package: reached lazily, documented by examples that run."""

import subprocess
import sys

import pytest

import esnb


def test_examples_are_reached_from_the_front_door() -> None:
    code = (
        "import sys, esnb; assert 'returns' not in sys.modules; "
        "print(esnb.examples.product.Product.__name__, esnb.examples.flights.Flight.__name__, "
        "sorted(name for name in dir(esnb.examples) if name[0] != '_' and name.islower()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("Product Flight [")
    assert {"demo", "flights", "product"} <= set(dir(esnb.examples))


def test_an_example_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match=r"'esnb\.examples' has no attribute 'orders'"):
        esnb.examples.orders  # noqa: B018
