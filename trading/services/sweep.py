"""Sweep: trades that are under way and that nobody speaks of any more are put on the queue again (the outbox, I21).

A machine may die between booking an intent and sending its message, a message may be lost or given up after three
tries, an order may be unknown. Whatever it was, the status says what comes next, and a message too many is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from trading.order import TERMINAL, Status, Trade
from trading.strategy import Strategy


def forgotten(pending: Sequence[Trade], at: datetime, strategy: Strategy) -> list[Trade]:
    """The trades on which nothing was written for ``sweep_after_s``; a HALTED one waits for a human, not for us."""
    silent = timedelta(seconds=strategy.sweep_after_s)
    return [
        trade
        for trade in pending
        if trade.status not in TERMINAL
        and trade.status is not Status.HALTED
        and at - (trade.updated_at or trade.intent.created_at) >= silent
    ]


def trace_of(trade: Trade) -> dict[str, str]:
    """What travels with a message that was sent again."""
    return {"decision_id": trade.intent.decision_id, "decided_at": trade.intent.created_at.isoformat()}
