"""Tasks of ``archive``."""

from __future__ import annotations

from datetime import date, datetime

from prefect import task
from prefect.artifacts import create_table_artifact

from blocks.desk import open_desk
from tasks.policies import THINK, WRITE
from trading.services import archive as verbs
from trading.services import cold_days
from trading.services.archive import Sheet
from trading.services.backup import table_named


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
