"""What Tab offers behind the dot: the names that users call, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import esnb

ROOT = Path(esnb.__file__).parent
PUBLIC = sorted(
    ".".join(path.parent.relative_to(ROOT.parent).parts)
    for path in ROOT.rglob("__init__.py")
    if "\n__all__ = " in path.read_text("utf-8")
)
"""Every package that exports names."""
NEEDED = {
    "esnb": {"connect", "events", "explore", "outbox", "projections", "redis"},
    "esnb.outbox": {"Outbox", "BullMQPublisher", "Worker", "Route"},
    "esnb.projections": {"CatchUpRunner", "PersistentRunner", "current"},
    "esnb.redis": {"RedisView", "Documents"},
    "esnb.examples": {"product", "flights", "demo", "price_mail"},
}
COMPLETE = """
import importlib, json, sys
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_cell("import esnb")
found = {}
for name in sys.argv[2:]:
    package = importlib.import_module(name)
    for each in package.__all__:
        getattr(package, each)  # what has been used is offered no more than what has not
    shell.Completer.use_jedi = sys.argv[1] == "jedi"
    with provisionalcompleter():
        offered = list(shell.Completer.completions(f"{name}.", len(name) + 1))
    found[name] = sorted({each.text.lstrip(".") for each in offered})
print(json.dumps(found))
"""


def exported(name: str) -> set[str]:
    return set(import_module(name).__all__)


def test_the_packages_that_export_names_are_found() -> None:
    assert {"esnb", "esnb.frames", "esnb.outbox", "esnb.examples.product"} <= set(PUBLIC)


@pytest.mark.extras
@pytest.mark.parametrize("name", PUBLIC)
def test_dir_lists_what_a_package_exports(name: str) -> None:
    assert set(dir(import_module(name))) == exported(name)
    assert NEEDED.get(name, set()) <= exported(name)


@pytest.mark.extras
@pytest.mark.parametrize("completer", ["jedi", "dir"])
def test_a_cell_completes_to_what_a_package_exports(completer: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMPLETE, completer, *PUBLIC],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    found = json.loads(done.stdout.splitlines()[-1])

    assert {name: set(offered) for name, offered in found.items()} == {
        name: {each for each in exported(name) if not each.startswith("_")} for name in PUBLIC
    }


@pytest.mark.parametrize("name", ["esnb", "esnb.projections", "esnb.examples"])
def test_no_tool_is_offered_where_the_import_is_in_the_same_cell(name: str) -> None:
    # Jedi then reads the source and not the module: modules are listed, too.
    import jedi

    found = jedi.Script(f"import esnb\n{name}.").complete(2, len(name) + 1)
    tools = {"Any", "TYPE_CHECKING", "import_module", "import_at_first_use", "logging", "outside"}

    assert not tools & {each.name for each in found}
