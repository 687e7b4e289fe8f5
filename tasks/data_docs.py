"""Tasks of ``data_docs``: the day's data through Great Expectations, as pages that open without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from adapters.expectations import Case, build_docs
from adapters.links import linked
from blocks.desk import Desk, open_desk
from tasks.policies import ASK, THINK
from trading.candles import INTERVAL
from trading.pairs import Pair
from trading.quality.frames import BY_TABLE
from trading.quality.suites import candle_suite
from trading.quality.windows import with_computed
from trading.services.quarantine import quarantined_at
from trading.tables import MARKET_CONTEXT, SENTIMENT, SIGNALS, Table

BUCKET = "daily-reports"
FAILED_MOST = 12
"""Windows that were quarantined, a pair; more of one day say nothing new, and each takes half a second."""


@task(task_run_name="data-docs", **ASK)
def document_data(desk: str, at: datetime) -> tuple[str, str, int]:
    """Check the day's candles, readings and decisions once more and store the pages.

    Gives the first page's key and URI, and how many pages there are.
    """
    room = open_desk(desk)
    cases = [case for pair in room.pairs for case in (*_windows(room, pair, at), *_readings(room, pair, at))]
    day, kept = f"data-docs/{at:%Y-%m-%d}", {}
    with TemporaryDirectory() as folder:
        files = build_docs([*cases, *_mood(room, at)], Path(folder))
        for file in files:
            key = f"{day}/{file.relative_to(folder)}"
            kept[key] = room.archive.put(BUCKET, key, file.read_bytes(), "text/html; charset=utf-8")
    first = f"{day}/index.html"
    return first, kept[first], len(files)


@task(task_run_name="show-data-docs", **THINK)
def show_data_docs(desk: str, first: str, files: int, at: datetime) -> None:
    """Where the pages are."""
    text = f"# Data Docs\n\n{linked('Begin here', first)}: {files} pages, `{first}`."
    create_markdown_artifact(text, key="data-docs", description=f"{desk} desk, {at:%Y-%m-%d %H:%M} UTC")


def _windows(room: Desk, pair: Pair, at: datetime) -> list[Case]:
    """The day's candles, and each window that was quarantined in it as it is stored now."""
    day = int(timedelta(days=1) / INTERVAL)
    failed = quarantined_at(pair.key, at - timedelta(days=1), at, room.archive)[-FAILED_MOST:]
    shown = [(at, day), *((moment, room.strategy.candles_window) for moment in failed)]
    return [
        Case(
            candle_suite(room.strategy),
            with_computed(
                room.candles.window(pair, moment, count), moment, room.strategy, room.memory.absent(pair.key)
            ),
            pair.key,
            moment,
        )
        for moment, count in shown
    ]


def _readings(room: Desk, pair: Pair, at: datetime) -> list[Case]:
    """The newest news reading of a pair, and its decisions of the day."""
    reading = room.readings.sentiment(pair, at)
    rows = room.ledger.signals_of(pair.key, at - timedelta(days=1), at)
    found = [_case(SENTIMENT, pair.key, [reading], room, at)] if reading else []
    return [*found, _case(SIGNALS, pair.key, rows, room, at)] if rows else found


def _mood(room: Desk, at: datetime) -> list[Case]:
    reading = room.readings.context(at)
    return [_case(MARKET_CONTEXT, "market", [reading], room, at)] if reading else []


def _case(table: Table, subject: str, rows: Sequence[Mapping[str, Any]], room: Desk, at: datetime) -> Case:
    suite, layout = BY_TABLE[table.name]
    return Case(suite, layout(rows, at, room.strategy), subject, at)
