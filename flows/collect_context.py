"""Collect the market context: four sources, each asked by itself, one reading of what came."""

from __future__ import annotations

from datetime import datetime

from prefect import flow, unmapped

from blocks.desk import DeskName
from flows.lateness import CATCHING_UP
from flows.outcomes import SIX_THREADS, fail_if_any, outcomes_of, run_name
from tasks.collect import market_time
from tasks.context import ask_source, show_context, store_context
from tasks.notify import tell
from trading.services.context import Mood, notices_of
from trading.signals.context import RANGES


@flow(name="collect_context", flow_run_name=run_name("context"), task_runner=SIX_THREADS, on_running=CATCHING_UP)
def collect_context(desk: DeskName = "embedded", at: datetime | None = None) -> Mood | None:
    """Store fear and greed, funding and Bitcoin's share as far as they can be had.

    A source that fails is named in the reading and fails this run after the others were stored; what it said before is
    kept while that is not too old. When all fail, an alarm is told.

    Args:
        desk: whose market is read: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: the market's time (UTC unless it has a zone); now when left out. A time to come counts as now.
    """
    sources = list(RANGES)
    moment = market_time(desk, at)
    read = outcomes_of(sources, ask_source.map(unmapped(desk), sources, unmapped(moment)))
    if notices := notices_of(read, moment):
        tell(desk, notices)
    if mood := store_context(desk, read, moment):
        show_context(desk, mood, moment)
    fail_if_any(read.errors)
    return mood
