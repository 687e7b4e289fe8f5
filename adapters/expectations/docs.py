"""Data Docs that open offline: the library's pages without what they fetch from elsewhere, and a plain index.

As they come, the pages load their styles and scripts from eight other hosts, and the list on the first page is drawn by
one of those scripts: without a network there is nothing on it. What is left here is each page's own tables, a small
style inside every page, and a first page that is a table of links.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

import pandas as pd

from adapters.expectations.validator import loaded
from trading.quality.prepare import prepared
from trading.quality.rules import Suite

STYLE = (Path(__file__).parent / "offline.css").read_text(encoding="utf-8")
OUTSIDE = (
    re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE),
    re.compile(r"<link\b[^>]*>", re.IGNORECASE),
    re.compile(r"<img\b[^>]*>", re.IGNORECASE),
    re.compile(r"<footer\b.*?</footer>", re.DOTALL | re.IGNORECASE),
    re.compile(r"@font-face\s*\{[^}]*\}|@import[^;]*;"),
    re.compile(r"[\w-]+:\s*url\([^)]*\)[^;}]*;?"),
)
"""What a page fetches, and the advertisement at its end."""
LINK = re.compile(r"""<a\b[^>]*href=["']https?://[^>]*>(.*?)</a>""", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """One frame to show: whose it is, and when it was checked. ``frame``: with the computed columns of its suite."""

    suite: Suite
    frame: pd.DataFrame
    subject: str
    at: datetime


def build_docs(cases: Sequence[Case], folder: Path) -> list[Path]:
    """Check the cases once more and write their pages into a folder, which is emptied first; the files, index first.

    Cases of the same suite, subject and time are one page. Some 0.2 s a case: a day's quarantined windows, not all.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    runs = [(case.suite, prepared(case.suite, case.frame), case.subject, case.at) for case in cases]
    loaded().pages(runs, folder)
    shutil.rmtree(folder / "static", ignore_errors=True)
    pages = sorted(path for path in folder.rglob("*.html") if path != folder / "index.html")
    for page in pages:
        page.write_text(_offline(page.read_text(encoding="utf-8")), encoding="utf-8")
    index = folder / "index.html"
    index.write_text(_index(folder, pages), encoding="utf-8")
    return [index, *pages]


def _offline(html: str) -> str:
    """A page without anything that it would fetch, and with our style."""
    for pattern in OUTSIDE:
        html = pattern.sub("", html)
    return LINK.sub(r"\1", html).replace("</head>", f"<style>{STYLE}</style></head>", 1)


def _index(folder: Path, pages: Sequence[Path]) -> str:
    """The first page: one line a validation, those that failed first, then the suites."""
    checked = sorted(_Line.of(page, folder) for page in pages if page.is_relative_to(folder / "validations"))
    suites = [page for page in pages if page.is_relative_to(folder / "expectations")]
    rows = "".join(line.row() for line in checked)
    links = "".join(f'<li><a href="{_href(page, folder)}">{escape(page.stem)}</a></li>' for page in suites)
    table = f"<table class='table'><tr><th></th><th>suite</th><th>of</th><th>at (UTC)</th></tr>{rows}</table>"
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title><style>{STYLE}</style>'
    failed = sum(not line.passed for line in checked)
    said = f"<p>{len(checked)} validations, {failed} failed.</p>"
    return f"{head}</head><body class='index'><h1>Data Docs</h1>{said}{table}<h2>Suites</h2><ul>{links}</ul></body></html>"


@dataclass(frozen=True, slots=True, order=True)
class _Line:
    """One validation's line on the first page, in the order in which they stand there."""

    passed: bool
    suite: str
    at: str
    subject: str
    href: str

    @classmethod
    def of(cls, page: Path, folder: Path) -> _Line:
        """From where its page lies: validations/<suite>/<subject>/<time>/<batch>.html."""
        suite, subject, time = page.relative_to(folder / "validations").parts[:3]
        at = datetime.strptime(time, "%Y%m%dT%H%M%S.%fZ")  # noqa: DTZ007 - shown as it stands
        passed = "ge-success-icon" in _status(page.read_text(encoding="utf-8"))
        return cls(passed, suite, f"{at:%Y-%m-%d %H:%M:%S}", subject, _href(page, folder))

    def row(self) -> str:
        """As a row of the table."""
        said = "passed" if self.passed else "failed"
        link = f'<a href="{self.href}">{escape(self.subject)}</a>'
        return f"<tr class='{said}'><td>{said}</td><td>{escape(self.suite)}</td><td>{link}</td><td>{self.at}</td></tr>"


def _status(html: str) -> str:
    """The part of a page that says whether the whole passed."""
    return html.partition("Status:")[2][:200]


def _href(page: Path, folder: Path) -> str:
    return escape(page.relative_to(folder).as_posix())
