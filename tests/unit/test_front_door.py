"""The lazy front door: what it offers, what it costs, what editors see."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import esnb

STUB = Path(esnb.__file__).with_suffix(".pyi")


def fresh(code: str) -> str:
    """Output of `code` in an interpreter that has imported nothing yet."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def stub_names() -> set[str]:
    names = set()
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def test_editors_see_exactly_the_names_that_exist() -> None:
    assert stub_names() == set(esnb.__all__)


def test_every_name_resolves() -> None:
    resolved = {name: getattr(esnb, name) for name in esnb.__all__}

    assert all(value is not None for value in resolved.values())
    assert set(esnb.__all__) <= set(dir(esnb))


def test_unknown_name_is_an_attribute_error() -> None:
    done = fresh("import esnb\ntry: esnb.nothing\nexcept AttributeError as e: print(e)")

    assert done.strip() == "module 'esnb' has no attribute 'nothing'"


def test_import_loads_no_heavy_package() -> None:
    heavy = ("pandas", "numpy", "grpc", "ipywidgets", "redis", "esdbclient", "kurrentdbclient")

    loaded = json.loads(fresh("import esnb, sys, json; print(json.dumps(sorted(sys.modules)))"))

    assert "esnb" in loaded
    assert not {name.split(".")[0] for name in loaded} & set(heavy)


def test_editor_completes_lazy_names() -> None:
    import jedi

    source = "import esnb\nesnb."
    completions = {c.name for c in jedi.Script(source).complete(2, len("esnb."))}

    assert set(esnb.__all__) - {"__version__"} <= completions
