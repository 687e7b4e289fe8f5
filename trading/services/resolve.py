"""Resolve: a person says what became of a HALTED order, after looking at the venue; the book is set right by it."""

from __future__ import annotations

from datetime import datetime

from trading.errors import BadInput
from trading.order import Event, Status, Trade
from trading.ports import Exchange, Ledger
from trading.services.execute import saved
from trading.services.settle import settle
from trading.strategy import Strategy


def resolved(  # noqa: PLR0913 (each is a fact of its own)
    trade_id: str,
    order_id: str | None,
    said: str,
    at: datetime,
    ledger: Ledger,
    exchange: Exchange,
    strategy: Strategy,
) -> Trade:
    """The trade after a person's word: settled with that order, or, with None, ended as one that never happened.

    The account's change is no longer asked for: the person has looked. Raises BadInput unless the trade is HALTED, or
    for an order of another pair or side.
    """
    trade = ledger.trade(trade_id)
    if trade is None or trade.status is not Status.HALTED:
        where = "is not booked" if trade is None else f"is {trade.status}"
        msg = f"{trade_id} {where}; only a HALTED order is resolved by hand"
        raise BadInput(msg)
    if order_id is None:
        gone = trade.on(Event.VOID, at, note=f"never happened, says {said}")
        ledger.drop_trade(gone, at)
        return gone
    order = exchange.order(order_id)
    wanted = (trade.intent.trading_pair, trade.intent.side)
    if (order.trading_pair, order.side) != wanted:
        msg = f"order {order_id} is a {order.side} of {order.trading_pair}, {trade_id} is a {' of '.join(wanted[::-1])}"
        raise BadInput(msg)
    facts = {"order_id": order_id, "before": None, "note": f"order {order_id}, says {said}"}
    found = saved(ledger, trade.on(Event.FIND, at, **facts))
    return settle(found, at, ledger, exchange, strategy)
