"""A real Chromium, driven by Playwright: for the tests of the page and its screenshots."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

__all__ = ["find_chromium", "launch"]

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


def find_chromium() -> str | None:
    """Return the path of a Chromium on this machine, which CHROMIUM may name, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, path: str) -> Browser:
    """Start a Chromium that reaches this machine alone."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    sandbox = ["--no-sandbox"] if is_root else []  # which does not work for root
    return playwright.chromium.launch(executable_path=path, args=[*sandbox, NO_OTHER_HOST])
