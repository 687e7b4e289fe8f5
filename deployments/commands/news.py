"""``trader titles``: what titles say by themselves, as the sentiment judge reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.commands.options import AsJson, answer
from trading.errors import BadInput

Titles = Annotated[list[str] | None, typer.Argument(metavar="[TITLE]...", help="Titles, each in quotes.")]
TitleFile = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="Parquet file with a column title, or text, one a line.")
]


def titles(
    title: Titles = None,
    file: TitleFile = None,
    limit: Annotated[int, typer.Option(min=1, help="Of a file at most so many, evenly spread over it.")] = 40,
    json: AsJson = False,
) -> None:
    """Titles with their value, 0 (bad) to 1 (good), worst first; 0.5 says nothing either way. Asks nobody."""
    from adapters.news.lexicon import TitleLexicon

    given = [*(title or []), *(_spread(_titles_in(file), limit) if file else [])]
    if not given:
        msg = "no titles: give some in quotes, or --file FILE"
        raise BadInput(msg)
    lexicon = TitleLexicon()
    valued = sorted(((lexicon.value(one), one) for one in given), key=lambda pair: pair[0])
    rows = [{"title": one, "value": round(value, 4)} for value, one in valued]
    answer({"titles": rows}, as_json=json, text="\n".join(f"{value:.2f}  {one}" for value, one in valued))


def _titles_in(file: Path) -> list[str]:
    """The titles of a file. Raises BadInput when it has none that can be read."""
    try:
        if file.suffix != ".parquet":
            return [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
        import pandas as pd

        return [str(one) for one in pd.read_parquet(file, columns=["title"])["title"].dropna()]
    except (OSError, ValueError) as error:
        msg = f"{file} cannot be read as titles ({type(error).__name__}); it is a text file or has a column title"
        raise BadInput(msg) from error


def _spread(found: list[str], limit: int) -> list[str]:
    step = max(1, -(-len(found) // limit))
    return found[::step]
