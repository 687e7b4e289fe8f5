"""Data Docs that open offline: the library's pages without what they fetch from elsewhere, and a plain index.

As they come, the pages load their styles and scripts from eight other hosts, and the list on the first page is drawn by
one of those scripts: without a network there is nothing on it. What is left here is each page's own tables, a small
style inside every page, and a first page that is a table of links.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from adapters.expectations.validator import broken_rows, loaded
from trading.quality import tell
from trading.quality.findings import Validation
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
DEAF = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
"""No page fetches or runs anything, whatever was in the data that it shows."""
HEAD = f"{DEAF}<style>{STYLE}</style></head>"
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

    Cases of the same suite, subject and time are one page. Some 0.5 s a case: a day's quarantined windows, not all.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    runs = [(case.suite, prepared(case.suite, case.frame), case.subject, case.at) for case in cases]
    found = zip(cases, runs, loaded().pages(runs, folder), strict=True)
    checked = {_place(case, result): _validation(case, run[1], result) for case, run, result in found}
    shutil.rmtree(folder / "static", ignore_errors=True)
    pages = sorted(path for path in folder.rglob("*.html") if path != folder / "index.html")
    for page in pages:
        page.write_text(_offline(page.read_text(encoding="utf-8")), encoding="utf-8")
    index = folder / "index.html"
    index.write_text(_index(checked, folder, pages), encoding="utf-8")
    return [index, *pages]


def _validation(case: Case, data: pd.DataFrame, result: Any) -> Validation:
    broken = broken_rows(case.suite, data, result.results)
    return tell.validation(case.suite, case.subject, case.at, case.frame, data, broken)


def _place(case: Case, result: Any) -> tuple[str, str, str]:
    """The folders below ``validations`` that a case's page lies in."""
    return result.suite_name, case.subject, f"{case.at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def _offline(html: str) -> str:
    """A page without anything that it would fetch, and with our style."""
    for pattern in OUTSIDE:
        html = pattern.sub("", html)
    return LINK.sub(r"\1", html).replace("</head>", HEAD, 1)


def _index(checked: Mapping[tuple[str, str, str], Validation], folder: Path, pages: Sequence[Path]) -> str:
    """The first page: one line a validation, those that failed first, then the suites."""
    lines = []
    for page in pages:
        if page.is_relative_to(folder / "validations"):
            place = page.relative_to(folder / "validations").parts[:3]
            lines.append((checked[place[0], place[1], place[2]], _href(page, folder)))
    lines.sort(key=lambda line: (line[0].passed, line[0].suite, line[0].at, line[0].subject))
    suites = [page for page in pages if page.is_relative_to(folder / "expectations")]
    links = "".join(f'<li><a href="{_href(page, folder)}">{escape(page.stem)}</a></li>' for page in suites)
    failed = sum(not one.passed for one, _ in lines)
    rows = "".join(_line(one, href) for one, href in lines)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title>{HEAD}'
        f'<body class="index"><h1>Data Docs</h1><p>{len(lines)} validations, {failed} failed.</p>'
        f"<table><tr><th></th><th>suite</th><th>of</th><th>at (UTC)</th><th>what is wrong</th></tr>{rows}</table>"
        f"<h2>Suites</h2><ul>{links}</ul></body></html>"
    )


def _line(one: Validation, href: str) -> str:
    said = "passed" if one.passed else "failed"
    link = f'<a href="{href}">{escape(one.subject)}</a>'
    words = "<br>".join(escape(finding.words) for finding in one.findings)
    cells = (said, escape(one.suite), link, f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M}", words)
    return f'<tr class="{said}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _href(page: Path, folder: Path) -> str:
    return escape(page.relative_to(folder).as_posix())
