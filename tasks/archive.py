"""Tasks of ``archive``."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

from prefect import task
from prefect.artifacts import create_table_artifact

from blocks.desk import open_desk
from tasks.lines import say
from tasks.policies import ASK, THINK, WRITE
from trading.services import archive as verbs
from trading.services import cold_days
from trading.services.archive import Sheet
from trading.services.backup import table_named
from trading.services.revisions import Feed, reread


@task(task_run_name="reread-{pair}", **ASK)
def reread_pair(desk: str, pair: str, at: datetime, day: date | None) -> int:
    """Ask the exchange for yesterday again: how many of its candles it has changed since. Both versions are kept."""
    room = open_desk(desk)
    asked = day or at.astimezone(UTC).date() - timedelta(days=1)
    found = reread(room.pair(pair), asked, at, Feed(room.market, room.candles, room.strategy, room.history))
    if found.revised or found.note:
        said = f"{found.revised} candles of {found.day} were changed by the exchange"
        say("; ".join(filter(None, (said if found.revised else "", found.note))), logging.WARNING)
    return found.revised


@task(task_run_name="archive-{table}", **WRITE)
def archive_rows(desk: str, table: str, at: datetime, day: date | None) -> list[Sheet]:
    """The exact rows of every day of a table that is due."""
    room = open_desk(desk)
    return verbs.archive_table(table_named(table), at, room.items, room.archive, day)


@task(task_run_name="archive-candles-{pair}", **WRITE)
def archive_candles(desk: str, pair: str, at: datetime, day: date | None) -> list[Sheet]:
    """The candles of a pair's due days, as Parquet."""
    room = open_desk(desk)
    return cold_days.archive_candles(room.pair(pair), at, room.items, room.cold, day)


@task(task_run_name="show-archive", **THINK)
def show_archive(desk: str, sheets: list[Sheet], at: datetime) -> None:
    """Table, day, rows, hash, how; what changed first."""
    rows = [
        {"table": one.table, "day": one.day.isoformat(), "rows": one.rows, "sha256": one.sha256[:16], "how": one.how}
        for one in sorted(sheets, key=lambda one: (not one.late, not one.changed, one.table, one.day))
    ]
    create_table_artifact(rows, key="archive", description=f"{desk} desk, {at:%Y-%m-%d %H:%M} UTC")
