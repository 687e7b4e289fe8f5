"""Tasks of ``backfill``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact

from adapters.coincheck.pace import shared_pace
from blocks.desk import open_desk
from tasks.policies import ASK, THINK
from trading.services import backfill as verbs
from trading.services.backfill import Filled, Tiers
from trading.services.pages import table_row

PAGES_PER_S = 5
"""Pages of candles a second, all pairs together: a tenth of what Binance grants an address (6,000 a minute; 2 each)."""


@task(task_run_name="backfill-{pair}", **ASK)
def fill_pair(desk: str, pair: str, since: datetime, until: datetime) -> Filled:
    """Fetch what is missing of one pair; its share that is done is shown while it goes on."""
    room = open_desk(desk)
    pace = shared_pace("binance backfill", PAGES_PER_S)
    now = room.clock.now()
    tiers = Tiers(
        room.market, room.candles, room.items, room.cold, room.archive, now, pace.wait, room.revisions, room.strategy
    )
    return verbs.backfill(room.pair(pair), since, until, tiers, _progress(pair))


def _progress(pair: str) -> Callable[[float], None]:
    """A bar on the run's page; what it is told is the share that is done."""
    key = f"backfill-{pair.replace('_', '-')}"
    bar: Any = create_progress_artifact(0.0, key=key, description=f"candles of {pair}")

    def told(share: float) -> None:
        update_progress_artifact(bar, round(share * 100, 1))

    return told


@task(task_run_name="show-backfill", **THINK)
def show_backfill(desk: str, filled: list[Filled], at: datetime) -> None:
    """What was there, what was fetched, and what nobody has, by pair."""
    head = ["| pair | from | to | had | fetched | not at the venue | pages |", "|---|---|---|---|---|---|---|"]
    rows = [
        table_row(one.pair, *(f"{end:%Y-%m-%d %H:%M}" for end in (one.since, one.until)), *one.counts.values())
        for one in filled
    ]
    text = "\n".join(["# Candles of the past", "", *head, *rows])
    create_markdown_artifact(text, key="backfill", description=f"{desk} desk, {at:%Y-%m-%d %H:%M} UTC")
