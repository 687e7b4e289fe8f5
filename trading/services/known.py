"""Which of the venue's orders our books can account for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from trading.order import Trade
from trading.ports import Ledger


def orders_known(since: datetime, at: datetime, ledger: Ledger, but: str = "") -> set[str]:
    """The venue's ids of all our orders since a time, and of the stops that rest; ``but`` names a trade left out."""
    placed = {one.order_id for one in trades_since(since, at, ledger) if one.intent.trade_id != but}
    resting = {held.protection.order_id for held in ledger.open_positions() if held.protection is not None}
    return {order_id for order_id in placed | resting if order_id is not None}


def trades_since(since: datetime, at: datetime, ledger: Ledger) -> Iterator[Trade]:
    """Every trade that may have been sent since a time, and every one that is under way, each once.

    An intent lives for minutes, so the days on which it was created, and one before, hold all that was sent in a span.
    """
    seen: set[str] = set()
    first, last = since.astimezone(UTC).date() - timedelta(days=1), at.astimezone(UTC).date()
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    for trades in (ledger.pending_trades(), *map(ledger.trades_of, days)):
        for trade in trades:
            if trade.intent.trade_id not in seen:
                seen.add(trade.intent.trade_id)
                yield trade
