"""What people are told of orders: fills, refusals, and alarms for everything that needs eyes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from trading.order import TERMINAL, Side, Status, Trade
from trading.ports import Notice

WITH_ANOTHER = frozenset({Status.CLAIMED, Status.SENT})
"""A round ends so only for trades that another executor holds."""
PARKED = TERMINAL | {Status.HALTED}


def finished(trade: Trade) -> bool:
    """Whether the message of a trade needs no further delivery: it has ended, or it waits for a human."""
    return trade.status in PARKED


def notices_of(trades: Sequence[Trade], errors: Mapping[str, str], at: datetime) -> list[Notice]:
    """One notice for each trade of a round, and an alarm for each failure."""
    told = [
        Notice(
            f"order.{trade.status.lower()}",
            in_words(trade),
            at,
            {"trade_id": trade.intent.trade_id},
            alarm=trade.status in {Status.UNKNOWN, Status.HALTED},
        )
        for trade in trades
        if trade.status not in WITH_ANOTHER
    ]
    return told + [Notice("order.failed", text, at, {"trade_id": name}, alarm=True) for name, text in errors.items()]


def in_words(trade: Trade) -> str:
    """One line a person understands: what was wanted and what became of it."""
    intent = trade.intent
    asked = (
        f"buy {intent.pair} for {intent.spend}"
        if intent.side is Side.BUY
        else f"sell {intent.quantity} ({intent.reason})"
    )
    if trade.executed is not None and trade.status is Status.FILLED:
        return f"{asked}: filled {trade.executed.quantity} at {trade.executed.price.number:.6g} JPY"
    return f"{asked}: {trade.status}" + (f", {trade.note}" if trade.note else "")
