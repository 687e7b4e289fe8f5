"""Pages: whatever a foreign text holds, it stays one cell of text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from trading.services.pages import foreign, table_row


def cells(row: str) -> list[str]:
    """The cells that a reader of GitHub's Markdown finds: a bar behind a backslash ends none."""
    return re.split(r"(?<!\\)\|", row)[1:-1]


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=4))
def test_a_row_has_as_many_cells_as_were_given(texts):
    """Bars, line breaks and backslashes of a foreign text neither end a cell nor a row."""
    row = table_row(*map(foreign, texts))
    assert len(cells(row)) == len(texts)
    assert len(row.splitlines()) == 1


@given(st.text(st.characters(codec="ascii")))
def test_a_foreign_text_reads_as_it_was(text):
    """Without the backslashes before marks it is the text again, on one line; and every mark has its backslash."""
    shown = foreign(text)
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(text.split())
    assert not re.search(r"[*_`\[<|]", re.sub(r"\\.", "", shown))
