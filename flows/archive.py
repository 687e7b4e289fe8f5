"""Every night: what will leave the tables is in the cold tier first, read back and compared."""

from __future__ import annotations

from datetime import date, datetime

from prefect import flow, unmapped

from blocks.desk import DeskName
from flows.lateness import CATCHING_UP
from flows.outcomes import SIX_THREADS, fail_if_any, outcomes_of, pair_keys, run_name
from tasks.archive import archive_candles, archive_rows, reread_pair, show_archive
from tasks.collect import market_time
from tasks.notify import tell
from trading.services.archive import ARCHIVED, Sheet, notices_of


@flow(name="archive", flow_run_name=run_name("archive"), task_runner=SIX_THREADS, on_running=CATCHING_UP)
def archive(desk: DeskName = "embedded", day: date | None = None, at: datetime | None = None) -> list[Sheet]:
    """Archive every finished day that is due, or one day; missed nights are caught up.

    The exchange is asked for yesterday once more first: what it changed since is kept in both versions.
    A difference fails the run, and the day it was found in counts as not archived.

    Args:
        desk: whose tables are archived: embedded (the stand-in), paper (real market, play money) or live (real money).
        day: one day (UTC) to archive; every finished day that is due when left out.
        at: the market's time (UTC unless it has a zone); now when left out. A time to come counts as now.
    """
    pairs, tables = pair_keys(desk), [table.name for table in ARCHIVED]
    moment = market_time(desk, at)
    again = outcomes_of(pairs, reread_pair.map(unmapped(desk), pairs, unmapped(moment), unmapped(day)))
    rows = outcomes_of(tables, archive_rows.map(unmapped(desk), tables, unmapped(moment), unmapped(day)))
    candles = outcomes_of(pairs, archive_candles.map(unmapped(desk), pairs, unmapped(moment), unmapped(day)))
    found = [sheet for sheets in (*rows.values.values(), *candles.values.values()) for sheet in sheets]
    show_archive(desk, found, moment)
    if notices := notices_of(found, moment):
        tell(desk, notices)
    fail_if_any({**again.errors, **rows.errors, **candles.errors})
    return found
