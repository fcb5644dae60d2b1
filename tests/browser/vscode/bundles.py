"""Two packages from npm, each a whole bundle for browsers, without what it was made of.

`python -m tests.browser.vscode.bundles` fetches them with `npm pack`: VS Code's own widget
manager, and JupyterLab's client of kernels. (Installed, they bring 350 MB along.)
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "build" / "vscode"
BUNDLES = {
    "ipywidgets.js": ("@vscode/jupyter-ipywidgets8@1.0.9", "package/dist/ipywidgets.js"),
    "services.js": ("@jupyterlab/services@7.6.6", "package/dist/dist/index.js"),
}


class BundleMissing(Exception):
    """A package was not fetched."""


def fetched() -> Path:
    """The folder of the bundles; raises `BundleMissing`."""
    missing = [name for name in BUNDLES if not (FOLDER / name).is_file()]
    if missing:
        raise BundleMissing(f"{missing} not in {FOLDER}: make test-vscode fetches them (npm)")
    return FOLDER


def fetch() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (package, member) in BUNDLES.items():
        with tempfile.TemporaryDirectory() as place:
            pack = ["npm", "pack", "--json", "--loglevel=error", "--pack-destination", place]
            done = subprocess.run([*pack, package], check=True, stdout=subprocess.PIPE, cwd=place)
            archive = Path(place) / json.loads(done.stdout)[0]["filename"]
            with tarfile.open(archive) as opened:
                bundle = opened.extractfile(member)
                assert bundle is not None, f"no file {member} in {package}"
                (FOLDER / name).write_bytes(bundle.read())


if __name__ == "__main__":
    fetch()
