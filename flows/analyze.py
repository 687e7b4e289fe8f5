"""Analyse: checked data, every pair from three sides, one decision, recorded and booked before it is sent."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.choices import PairKey
from blocks.desk import DeskName
from flows.booking import booked
from flows.judging import fit_to_judge, seen_by_all
from flows.lateness import CATCHING_UP
from flows.outcomes import AS_SET, entries_may_start, pair_keys, run_name
from tasks.artifacts import show_charts, show_decision
from tasks.collect import market_time
from tasks.decide import decide_market, only_looked
from trading.services.decide import Analysis


@flow(name="analyze", flow_run_name=run_name("analyze"), task_runner=AS_SET, on_running=CATCHING_UP)
def analyze(
    desk: DeskName = "embedded",
    at: datetime | None = None,
    pairs: list[PairKey] | None = None,
    with_orders: bool = True,  # noqa: FBT001, FBT002 (a run parameter that a person ticks in the UI)
    trigger: str = "asked for",
) -> Analysis:
    """Check the data, judge the pairs, decide, book signals and intents in one transaction, and queue the orders.

    Args:
        desk: where to trade: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: the market's time (UTC unless it has a zone); now when left out. A time to come counts as now.
        pairs: which to compare; all when left out.
        with_orders: ticked, what is decided is booked and sent; unticked, it is only shown, and nothing is booked.
        trigger: why this analysis runs, in words; it stands in the decision's record.
    """
    if with_orders:
        entries_may_start(desk)
    keys = pair_keys(desk, pairs)
    moment = market_time(desk, at)
    fit, premiums = fit_to_judge(desk, keys, moment)
    seen = seen_by_all(desk, fit, premiums, moment)
    decision = decide_market(desk, seen, moment)
    found = booked if with_orders else only_looked
    analysis = found(desk, moment, trigger, seen, decision)
    show_decision(desk, analysis, with_orders=with_orders)
    show_charts(desk, analysis, seen.books.positions)
    return analysis
