"""Analyse: every pair from three sides, one decision, booked before it is sent."""

from __future__ import annotations

from datetime import datetime

from prefect import flow, unmapped

from blocks.desk import DeskName
from flows.outcomes import SIX_THREADS, entries_may_start, outcomes_of, pair_keys, run_name
from tasks.artifacts import show_decision
from tasks.collect import market_time
from tasks.decide import book_decision, decide_market, read_books, shape_intents
from tasks.forecasts import weigh_forecasts
from tasks.judge import context, forecast, sentiment, technical
from tasks.notify import queue_order, tell
from trading.services.calibrate import WEIGHT
from trading.services.decide import Analysis, notices_of
from trading.services.looks import looks_of, models_of


@flow(name="analyze", flow_run_name=run_name("analyze"), task_runner=SIX_THREADS)
def analyze(
    desk: DeskName = "embedded",
    at: datetime | None = None,
    pairs: list[str] | None = None,
    with_orders: bool = True,  # noqa: FBT001, FBT002 (a run parameter that a person ticks in the UI)
    trigger: str = "asked for",
) -> Analysis:
    """Judge the pairs, decide, book signals and intents in one transaction, and queue the orders.

    desk: where to trade.  at: the market's time; now when left out.  pairs: keys such as btc_usdt; all when left out.
    with_orders: untick to see the decision without booking an order.  trigger: why this analysis runs, in words.
    """
    if with_orders:
        entries_may_start(desk)
    keys = pair_keys(desk, pairs)
    moment = market_time(desk, at)
    charts = technical.map(unmapped(desk), keys, unmapped(moment))
    outlooks = forecast.map(unmapped(desk), keys, unmapped(moment))
    moods = sentiment.map(unmapped(desk), keys, unmapped(moment))
    mood = context(desk, moment)
    looks = looks_of(outcomes_of(keys, charts), outcomes_of(keys, outlooks), outcomes_of(keys, moods))
    weighed = outcomes_of([WEIGHT], [weigh_forecasts.submit(desk, models_of(looks), moment)])
    books = read_books(desk, moment)
    decision = decide_market(desk, looks, mood, weighed, books, moment)
    intents = shape_intents(desk, decision, books, moment) if with_orders and decision.pairs else []
    analysis = book_decision(desk, moment, trigger, looks, mood, weighed, decision, intents)
    for trade_id in analysis.trade_ids:
        queue_order(desk, trade_id, analysis.trace())
    show_decision(desk, analysis)
    if notices := notices_of(analysis):
        tell(desk, notices)
    return analysis
