"""A real browser without a screen: what a page says once its scripts have run, and a picture of it."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HAS_BROWSER = CHROMIUM is not None
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
LIMIT_S = 120


def page_text(url: str, budget_ms: int = 20_000) -> str:
    """The text of a page after its scripts have run. budget_ms: how long the page believes to have been open."""
    source = _chromium(url, budget_ms, "--dump-dom")
    text = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style).*?</\1>", " ", source))
    return " ".join(html.unescape(text).split())


def picture(url: str, to: Path, width: int = 1440, height: int = 1100, scale: float = 1.0) -> None:
    """A page as a PNG file."""
    shape = [f"--window-size={width},{height}", f"--force-device-scale-factor={scale}"]
    _chromium(url, 20_000, f"--screenshot={to}", *shape)


def _chromium(url: str, budget_ms: int, *wanted: str) -> str:
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as profile:
        argv = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", f"--virtual-time-budget={budget_ms}", *wanted, url]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=LIMIT_S).stdout
