"""Pages for people, as Markdown: rows of tables in which foreign text stays text."""

from __future__ import annotations

FOREIGN = str.maketrans({mark: f"&#{ord(mark)};" for mark in "\\`*_{}[]<>()#|!&~"})
"""What would format a text, or link from it, in Markdown."""


def foreign(text: str) -> str:
    """Somebody else's text on one line, as it is and nothing more."""
    return " ".join(text.split()).translate(FOREIGN)


def table_row(*cells: object) -> str:
    """One line of a table; a ``|`` or a line break in a cell ends none."""
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "&#124;") for cell in cells) + " |"
