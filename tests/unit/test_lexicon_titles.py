"""``trader titles``: what a person types and reads."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from deployments.commands.news import titles
from trading.errors import BadInput

BAD, FLAT, GOOD = "Exchange hacked", "What to watch this week", "Bitcoin rallies"


def test_titles_come_worst_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Each title on a line with its value, the worst first, a neutral one at 0.50."""
    titles([GOOD, BAD, FLAT])
    lines = capsys.readouterr().out.splitlines()
    assert [line[6:] for line in lines] == [BAD, FLAT, GOOD]
    assert lines[1].startswith("0.50")


def test_a_file_is_read_evenly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a table's column title, or a text's lines, at most as many as asked for, from all over it."""
    pd.DataFrame({"title": [f"Title {i}" for i in range(100)]}).to_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.txt").write_text(f"{BAD}\n\n{GOOD}\n")
    titles(None, tmp_path / "t.parquet", limit=10, json=True)
    found = [row["title"] for row in json.loads(capsys.readouterr().out)["titles"]]
    assert (len(found), set(found) >= {"Title 0", "Title 90"}) == (10, True)
    titles(None, tmp_path / "t.txt", limit=10)
    assert [line[6:] for line in capsys.readouterr().out.splitlines()] == [BAD, GOOD]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """No titles, no file, another table: one line that says what to give."""
    pd.DataFrame({"name": ["x"]}).to_parquet(tmp_path / "other.parquet")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BadInput, match="--file"):
        titles(None)
    for name in ("none.txt", "other.parquet", "bytes.txt"):
        with pytest.raises(BadInput, match=name):
            titles(None, tmp_path / name)
