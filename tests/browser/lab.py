"""A JupyterLab of its own: temporary directories, a free port, no network."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.request import urlopen

import nbformat

START_TIMEOUT = 120.0
"""Seconds a JupyterLab may take to answer on a busy machine."""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab and the folder of its notebooks."""

    module: ClassVar[str] = "jupyterlab"
    """What is run."""

    url: str
    token: str
    folder: Path

    def address(self, notebook: str) -> str:
        """Where a notebook opens, alone, in a workspace that nobody used before."""
        workspace = secrets.token_hex(4)
        return f"{self.url}lab/workspaces/{workspace}/tree/{notebook}?token={self.token}"

    def write(self, name: str, *cells: str) -> str:
        """A notebook of these code cells, not run."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell, id=f"c{i}") for i, cell in enumerate(cells)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.folder / name)
        return name


@contextmanager
def running_lab(home: Path, *options: str, kind: type[Lab] = Lab) -> Iterator[Lab]:
    """JupyterLab, or a program like it, below `home` until the block ends, kernels included."""
    folder = home / "notebooks"
    folder.mkdir(parents=True)
    runtime = Path(tempfile.mkdtemp(prefix="esnb-lab-", dir="/tmp"))
    token = secrets.token_hex(16)
    _settle(home / "settings")
    places = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": runtime,
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    inherited = {k: v for k, v in os.environ.items() if k not in {"ESNB_LIVE", "JUPYTER_PATH"}}
    variables = inherited | {k: str(v) for k, v in places.items()}
    log = (home / "lab.log").open("wb")
    command = [
        *(sys.executable, "-m", kind.module, "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--IdentityProvider.token={token}"),
        *("--LabApp.news_url=None", "--LabApp.extension_manager=readonly"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        # As in tests.kernels; the sockets are in the runtime directory.
        "--KernelManager.transport=ipc",
        *("--expose-app-in-browser", f"--ServerApp.root_dir={folder}"),
        *options,
    ]
    process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, cwd=home)
    try:
        yield kind(_url(process, runtime, home / "lab.log"), token, folder)
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()
        shutil.rmtree(runtime, ignore_errors=True)


def _settle(settings: Path) -> None:
    """Settings without which JupyterLab asks a question over the page."""
    plugin = settings / "@jupyterlab" / "apputils-extension"
    plugin.mkdir(parents=True)
    (plugin / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')


def _url(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """The server's address, from the file that it writes once it listens."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        for found in runtime.glob("jpserver-*.json"):
            with suppress(ValueError):  # half written
                url = str(json.loads(found.read_text())["url"])
                if _answers(url):
                    return url
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-4000:]}")


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}api", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
