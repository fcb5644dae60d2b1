"""Where the browser tests find their Chromium.

`python -m tests.browser.chromium` makes sure that there is one: the system's,
else the one that Playwright downloads without root. It fails when neither can
be had, so that no run passes without its browser tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def installed() -> str | None:
    """Path of the browser to drive, None where there is none."""
    named = os.environ.get("ESNB_CHROMIUM")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def main() -> int:
    if installed() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if installed() is None:
        print(
            "The browser tests need Chromium: install your system's package (Debian: "
            "apt-get install chromium) or name one in ESNB_CHROMIUM.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
