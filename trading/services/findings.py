"""Findings beyond amounts: positions against their trades and totals, resting orders and executions against trades."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from trading.order import Fill, Status, Trade, summed
from trading.pairs import coin_of
from trading.ports import Ledger, Notice
from trading.position import Position
from trading.reconciliation import Baseline, Finding, Reconciliation, Totals
from trading.tables import TRADE_TTL_DAYS
from trading.venue import VenueOrder

TRADES_KEPT = timedelta(days=TRADE_TTL_DAYS - 1)


def of_positions(
    positions: Sequence[Position], totals: Totals, waiting: set[str], ledger: Ledger, baseline: Baseline, at: datetime
) -> Iterator[Finding]:
    """The book against itself: a position is what its trade bought, and all of them are what the fills moved.

    A trade forgets itself some time after it ended; a position that is held longer is then no longer compared with it.
    """
    for held in positions:
        trade = ledger.trade(held.trade_id)
        if trade is None and at - held.opened_at >= TRADES_KEPT:
            continue
        if trade is None or trade.executed is None or trade.status is not Status.FILLED:
            said = "not booked" if trade is None else f"{trade.status} without a fill"
            yield Finding("position", held.position_id, str(held.size), said, f"it names {held.trade_id} as its entry")
        elif (
            held.add_plan is None
            and held.sold is None
            and (held.size, held.cost) != (trade.executed.quantity, trade.executed.funds)
        ):
            mine, theirs = f"{held.size} for {held.cost}", f"{trade.executed.quantity} for {trade.executed.funds}"
            yield Finding("position", held.position_id, mine, theirs, f"its entry {held.trade_id} as it was booked")
    for coin in sorted({held.size.coin for held in positions} | set(totals.coins)):
        sizes = [held.size for held in positions if held.size.coin == coin]
        moved = totals.of(coin).number - baseline.missing(coin)
        if coin not in waiting and sum((size.number for size in sizes), Decimal(0)) != moved:
            listed = ", ".join(f"{held.position_id} {held.size}" for held in positions if held.size.coin == coin)
            words = f"open positions: {listed or 'none'}; a position is missing, doubled or changed"
            yield Finding(
                "totals", f"positions of {coin}", f"{len(sizes)} positions", f"fills moved {moved:f} {coin}", words
            )


def of_orders(resting: Sequence[VenueOrder], known: set[str], waiting: set[str]) -> Iterator[Finding]:
    """Orders that rest at the venue and that our books do not know."""
    for order in resting:
        if order.order_id not in known and coin_of(order.trading_pair) not in waiting:
            size = order.quantity if order.spend is None else order.spend
            said = f"{order.side} {size} {order.state}" + (f" at {order.stop_rate}" if order.stop_rate else "")
            words = f"placed {order.created_at:%Y-%m-%d %H:%M:%S} UTC; no trade and no position names it"
            yield Finding("order", f"order {order.order_id}", "unknown", f"{order.trading_pair} {said}", words)


def of_fills(
    fills: Sequence[Fill],
    trades: Sequence[Trade],
    known: set[str],
    baseline_at: datetime,
    waiting: set[str],
    complete_from: datetime,
) -> Iterator[Finding]:
    """Executions that no trade of ours accounts for, and trades whose executions say something else.

    baseline_at: what was executed before is in the baseline.  complete_from: the executions of an order sent since then
    are all among ``fills``.
    """
    by_order: dict[str, list[Fill]] = {}
    for one in fills:
        by_order.setdefault(one.order_id, []).append(one)
    ours = {one.order_id: one for one in trades if one.order_id is not None}
    for order_id, parts in by_order.items():
        pair, trade = parts[0].trading_pair, ours.get(order_id)
        execution = summed(parts)
        said = f"{parts[0].side} {execution.quantity} for {execution.funds}"
        if coin_of(pair) in waiting or parts[-1].at <= baseline_at:
            continue
        when = f"executed {parts[-1].at:%Y-%m-%d %H:%M:%S} UTC in {len(parts)} parts"
        if trade is None and order_id not in known:
            yield Finding("execution", f"order {order_id}", "unknown", f"{pair} {said}", when)
        elif trade and trade.executed and trade.sent_at and trade.sent_at >= complete_from:
            mine = trade.executed
            if (mine.quantity, mine.funds) != (execution.quantity, execution.funds):
                booked = f"{mine.quantity} for {mine.funds}"
                yield Finding("execution", trade.intent.trade_id, booked, said, f"order {order_id}, {when}")


def differences(seen: Reconciliation) -> dict[str, str]:
    """What differs, by what it is about, in words."""
    return {one.about: f"book {one.book}, venue {one.venue}" for one in seen.findings}


def notices_of(seen: Reconciliation) -> list[Notice]:
    """An alarm when book and venue differ."""
    if not seen.findings:
        return []
    words = "; ".join(f"{about}: {said}" for about, said in differences(seen).items())
    return [Notice("book.differs", f"nothing is bought until this is settled: {words}", seen.at, alarm=True)]
