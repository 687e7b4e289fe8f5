"""Fetch the candles of the past that are missing, each into the tier where it belongs."""

from __future__ import annotations

from datetime import datetime

from prefect import flow, unmapped

from blocks.desk import DeskName
from flows.outcomes import SIX_THREADS, fail_if_any, outcomes_of, pair_keys, run_name
from tasks.backfill import fill_pair, show_backfill
from tasks.collect import market_time
from trading.services.backfill import Filled, span


@flow(name="backfill", flow_run_name=run_name("backfill"), task_runner=SIX_THREADS)
def backfill(
    desk: DeskName = "embedded",
    pairs: list[str] | None = None,
    days: int | None = None,
    candles: int = 1000,
    until: datetime | None = None,
) -> list[Filled]:
    """Warm up so many days, or so many candles, of these pairs or of all, up to a time or now.

    Interrupted, it is run again: only what is missing is fetched.
    """
    keys = pair_keys(desk, pairs)
    since, end = span(market_time(desk, until), days, candles)
    filled = outcomes_of(keys, fill_pair.map(unmapped(desk), keys, unmapped(since), unmapped(end)))
    found = list(filled.values.values())
    show_backfill(desk, found, end)
    fail_if_any(filled.errors)
    return found
