"""Writes where esnb comes from into README and notebooks: badges, and the cell that installs it.

    python notebooks/badges.py

The repository's address is said in one place, `Source` in `[project.urls]` of
pyproject.toml. Until it is there they name OWNER, and a test refuses to release
them like that. (On PyPI the name belongs to another project.)
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

import nbformat

ROOT = Path(__file__).parents[1]
UNKNOWN = "https://github.com/OWNER/esnb"
BRANCH = "main"
BEGIN, END = "<!-- badges: `make badges` writes them -->", "<!-- end of badges -->"


def repository(pyproject: str) -> str:
    """`owner/name` on GitHub. Raises ValueError for a `Source` of any other kind."""
    urls = tomllib.loads(pyproject)["project"]["urls"]
    source = urls.get("Source", UNKNOWN)
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?", source)
    if match is None:
        raise ValueError(
            f"Source is {source!r}: Binder and Colab need https://github.com/OWNER/NAME"
        )
    return match[1]


def badges(repository: str, notebook: str) -> str:
    """Markdown of both badges; `notebook` is a path in the repository."""
    binder = f"https://mybinder.org/v2/gh/{repository}/{BRANCH}?labpath={quote(notebook, safe='')}"
    colab = f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{notebook}"
    return (
        f"[![Open on Binder](https://mybinder.org/badge_logo.svg)]({binder}) "
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"({colab})"
    )


def with_badges(text: str, line: str) -> str:
    """The text with this line between its two marks. Raises ValueError where they are missing."""
    if BEGIN not in text or END not in text:
        raise ValueError(f"the text has no {BEGIN} … {END}")
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{line}\n{END}{rest.partition(END)[2]}"


def written(path: Path, repository: str) -> str:
    """README or a notebook as it is with its badges."""
    if path.suffix != ".ipynb":
        return with_badges(path.read_text("utf-8"), badges(repository, "notebooks/00_tour.ipynb"))
    notebook = nbformat.read(path, as_version=4)
    head, install = notebook.cells[:2]
    head.source = with_badges(head.source, badges(repository, f"notebooks/{path.name}"))
    install.source = re.sub(
        r"git\+https://github\.com/[\w./-]+",
        f"git+https://github.com/{repository}",
        install.source,
    )
    return str(nbformat.writes(notebook)) + "\n"


def files(root: Path = ROOT) -> list[Path]:
    """What has badges."""
    return [root / "README.md", *sorted((root / "notebooks").glob("*.ipynb"))]


def main() -> int:
    name = repository((ROOT / "pyproject.toml").read_text("utf-8"))
    for path in files():
        path.write_text(written(path, name), "utf-8")
    print(f"badges lead to {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
