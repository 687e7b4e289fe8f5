"""Every night: the books as whole tables, for a restore into an empty account."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.desk import DeskName
from flows.lateness import CATCHING_UP
from flows.outcomes import pair_keys, run_name
from tasks.backup import show_backup, take_backup
from tasks.collect import market_time
from trading.services.backup import Backup


@flow(name="backup", flow_run_name=run_name("backup"), on_running=CATCHING_UP)
def backup(desk: DeskName = "embedded", at: datetime | None = None) -> Backup:
    """Order state, analysis state, strategy history, lineage and revisions into the backups, read back.

    Args:
        desk: whose books are kept: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: the market's time (UTC unless it has a zone); now when left out. A time to come counts as now.
    """
    pair_keys(desk)
    made = take_backup(desk, market_time(desk, at))
    show_backup(desk, made)
    return made
