"""Options and output that commands share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from trading.errors import BadInput

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, everything else on stderr.")]
DeskOption = Annotated[
    str | None, typer.Option("--desk", help="embedded, paper or live; default TRADER_DESK, else embedded.")
]
Candles = Annotated[Path, typer.Option("--candles", metavar="DIR", help="Folder of <SYMBOL>-5m.parquet files.")]


def moment(text: str) -> datetime:
    """An ISO 8601 time; UTC when it names no zone. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        msg = f"{text!r} is not a time; write it like 2024-01-03T12:10:00Z"
        raise BadInput(msg) from error


def day_named(text: str) -> date:
    """A day as a person writes it. Raises BadInput."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is not a day; write it like 2024-01-03"
        raise BadInput(msg) from error


def alarming(text: str) -> str:
    """Red where a terminal shows colours."""
    return typer.style(text, fg=typer.colors.RED, bold=True)


def answer(data: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Print the result: one JSON object, or text for a person."""
    typer.echo(json.dumps(data, default=str, allow_nan=False) if as_json else text)
