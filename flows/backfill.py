"""Fetch the candles of the past that are missing, each into the tier where it belongs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from prefect import flow, unmapped
from pydantic import Field

from blocks.choices import PairKey
from blocks.desk import DeskName
from flows.outcomes import SIX_THREADS, fail_if_any, outcomes_of, pair_keys, run_name
from tasks.backfill import fill_pair, show_backfill
from tasks.collect import market_time
from trading.services.backfill import Filled, span


@flow(name="backfill", flow_run_name=run_name("backfill"), task_runner=SIX_THREADS)
def backfill(
    desk: DeskName = "embedded",
    pairs: list[PairKey] | None = None,
    days: Annotated[int, Field(le=3660)] | None = None,
    candles: Annotated[int, Field(le=1_000_000)] = 1000,
    until: datetime | None = None,
) -> list[Filled]:
    """Warm up so many days, or so many candles, of these pairs or of all, up to a time or now.

    Interrupted, it is run again: only what is missing is fetched.

    Args:
        desk: whose candles are filled: embedded (the stand-in), paper (real market, play money) or live (real money).
        pairs: which to fetch; all when left out.
        days: how many days back; when left out, so many candles as the next field says.
        candles: how many 5-minute candles back, of each pair.
        until: where the candles end (UTC unless it has a zone); now when left out.
    """
    keys = pair_keys(desk, pairs)
    since, end = span(market_time(desk, until), days, candles)
    filled = outcomes_of(keys, fill_pair.map(unmapped(desk), keys, unmapped(since), unmapped(end)))
    found = list(filled.values.values())
    show_backfill(desk, found, end)
    fail_if_any(filled.errors)
    return found
