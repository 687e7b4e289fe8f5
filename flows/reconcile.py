"""Reconcile: nothing forgotten, nothing different."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.desk import DeskName
from flows.lateness import CATCHING_UP
from flows.outcomes import fail_if_any, pair_keys, run_name
from tasks.artifacts import show_reconciliation
from tasks.collect import market_time
from tasks.notify import queue_order, tell
from tasks.reconcile import compare, forgotten_trades
from trading.reconciliation import Reconciliation
from trading.services.findings import differences, notices_of
from trading.services.sweep import trace_of


@flow(name="reconcile", flow_run_name=run_name("reconcile"), on_running=CATCHING_UP)
def reconcile(desk: DeskName = "embedded", at: datetime | None = None) -> Reconciliation:
    """Queue again what was forgotten, then compare book and venue; a difference fails the run and stops entries.

    Args:
        desk: whose book is compared: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: the market's time (UTC unless it has a zone); now when left out. A time to come counts as now.
    """
    pair_keys(desk)
    moment = market_time(desk, at)
    for trade in forgotten_trades(desk, moment):
        queue_order(desk, trade.intent.trade_id, trace_of(trade))
    seen = compare(desk, moment)
    if seen.findings:
        show_reconciliation(desk, seen)
        tell(desk, notices_of(seen))
    fail_if_any(differences(seen))
    return seen
