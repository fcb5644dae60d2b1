"""The environments in which strangers open the notebooks, built from their files.

Binder makes one of what is in `binder/`; Colab has one of its own, in which the
first cell installs esnb. Both are built in a clean directory of a clean copy.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
COLAB = ("ipykernel", "nbclient", "ipywidgets==7.7.1", "pandas==2.2.2", "jedi<0.20")
"""Some of what Colab has, with the versions that it has them in."""

pytestmark = pytest.mark.timeout(3000)


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What a command prints; fails with all of it when it fails."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ESNB", "EVENTSTOREDB", "REDIS_URL", "PYTHON", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=inherited | variables,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=2400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def python_of_binder() -> str:
    """The Python that `runtime.txt` names, where this machine has it; else the one at work."""
    (version,) = re.findall(r"python-(\d+\.\d+)", (ROOT / "binder/runtime.txt").read_text())
    found = shutil.which(f"python{version}")
    works = found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0
    return found if found and works else sys.executable


def versions(python: Path, cwd: Path) -> dict[str, str]:
    """The packages of an environment."""
    listed = run(python, "-m", "pip", "list", "--format=freeze", cwd=cwd)
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", listed, re.MULTILINE))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that are in the repository, and no others."""
    target = tmp_path_factory.mktemp("binder") / "esnb"
    listed = run("git", "ls-files", "-z", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def environment(home: Path, python: str) -> Path:
    """The Python of a new virtual environment."""
    run(python, "-m", "venv", home, cwd=home.parent)
    return home / "bin" / "python"


def test_notebooks_run_in_the_environment_of_binder(clone: Path) -> None:
    # Given what Binder builds
    python = environment(clone.parent / "binder", python_of_binder())
    run(python, *PIP, "install", "-r", "binder/requirements.txt", cwd=clone)
    run(python, "-m", "pip", "check", cwd=clone)
    run(python, "-c", "import jupyterlab", cwd=clone)

    # When each notebook is run there, and compared with what it shows here
    said = run(
        *(python, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-q", "-o", "addopts="),
        "notebooks",
        cwd=clone,
    )

    # Then nothing failed, and nothing was left out
    assert re.search(r"^\d+ passed", said, re.MULTILINE), said
    assert "skipped" not in said


def test_notebooks_install_esnb_themselves_where_it_is_missing(clone: Path) -> None:
    # Given a kernel like Colab's, without esnb, and notebooks that get it from a clean copy
    python = environment(clone.parent / "colab", python_of_binder())
    run(python, *PIP, "install", *COLAB, cwd=clone)
    before = versions(python, clone)
    folder = clone.parent / "opened"  # not the repository: there is no esnb beside a notebook
    (folder / "esnb").mkdir(parents=True)  # nor is a folder of that name, such as a clone, esnb
    for path in sorted((clone / "notebooks").glob("*.ipynb")):
        text, found = re.subn(r"git\+https://github\.com/[\w/-]+", clone.as_uri(), path.read_text())
        assert found == 1
        (folder / path.name).write_text(text)

    # When each is run from its first cell
    for path in sorted(folder.glob("*.ipynb")):
        run(
            *(python, "-m", "jupyter", "execute", "--inplace", "--timeout=600", path.name),
            cwd=folder,
        )

    # Then esnb is there, and Jupyter is the one that was there before
    after = versions(python, folder)
    assert "esnb" in after
    for name in ("jupyterlab", "notebook", "ipykernel", "ipywidgets"):
        assert after.get(name) == before.get(name)


def test_make_lab_installs_what_binder_does() -> None:
    wanted = (ROOT / "binder/requirements.txt").read_text().split()
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition("$(VENV)/.lab: ")[2].partition("\n\n")[0]
    assert [f"-e '{each}'" in recipe for each in wanted] == [True]
    assert "\nlab: $(VENV)/.lab " in makefile
