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
    ("package", "statement"),
    [
        ("returns", "import esnb.examples.product"),
        ("returns", "from esnb.examples.product.product import Product"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(package: str, statement: str) -> None:
    done = outcome(package, statement)

    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == (
        f"esnb.examples._extra.MissingExtra: esnb.examples.product needs the package {package!r}, "
        "which is not installed: pip install 'esnb[notebooks]'"
    )
