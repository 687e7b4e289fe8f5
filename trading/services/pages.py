"""Pages for people, as Markdown: rows of tables in which foreign text stays text."""

from __future__ import annotations

import re

FOREIGN = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>()#|!&~:@."})
"""What would format a text, or link from it, in Markdown. Prefect's pages show a backslash's mark, but no entity."""

BARE_PIPE = re.compile(r"(?<!\\)\|")


def foreign(text: str) -> str:
    """Somebody else's text on one line, as it is and nothing more."""
    return " ".join(text.split()).translate(FOREIGN)


def table_row(*cells: object) -> str:
    """One line of a table; a ``|`` or a line break in a cell ends none."""
    return "| " + " | ".join(BARE_PIPE.sub(r"\\|", " ".join(str(cell).split())) for cell in cells) + " |"
