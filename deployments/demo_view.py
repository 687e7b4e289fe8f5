"""What the demo shows of a cycle: the pairs as they stand, and what happened in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from blocks.desk import Desk
from deployments.demo import Cycle
from deployments.screen_views import CycleView, PairView
from trading.candles import one_hour_change_pct
from trading.order import Side, Status, Trade
from trading.pairs import Pair
from trading.position import Position
from trading.report.words import price_text, size_text, yen_text
from trading.services.collect import HOUR_OF_CANDLES
from trading.services.report import equity


def view_of(cycle: Cycle, desk: Desk, market: str) -> CycleView:
    """The state of the desk after a cycle, asked of its books and of the venue."""
    held = {position.pair: position for position in desk.ledger.open_positions()}
    prices = {pair.key: desk.exchange.ticker(pair.coincheck) for pair in desk.pairs}
    bids = {key: ticker.bid for key, ticker in prices.items()}
    worth = equity(desk.exchange.balances(), list(held.values()), bids)
    pairs = [_pair_view(pair, cycle, desk, held.get(pair.key), prices[pair.key].bid.number) for pair in desk.pairs]
    return CycleView(market, cycle.at, cycle.number, cycle.total, pairs, equity_jpy=worth.number)


def _pair_view(pair: Pair, cycle: Cycle, desk: Desk, position: Position | None, bid: Decimal) -> PairView:
    analysis = cycle.collection.analysis if cycle.collection else None
    row: Mapping[str, Any] = next((one for one in analysis.rows if one["pair"] == pair.key), {}) if analysis else {}
    return PairView(
        pair=pair.key,
        price_jpy=bid,
        change_1h_pct=one_hour_change_pct(desk.candles.window(pair, cycle.at, HOUR_OF_CANDLES)),
        score=row.get("score"),
        buy_threshold=row.get("buy_threshold"),
        sell_threshold=row.get("sell_threshold"),
        size=position.size.number if position else None,
        pnl_jpy=position.size.number * bid - position.cost.number if position else None,
    )


def events_of(cycle: Cycle, desk: Desk) -> Iterator[str]:
    """What happened in a cycle, one line each: orders with their reason, intents that came to nothing, failures."""
    for trade in cycle.trades:
        yield _trade_in_words(trade, desk, cycle)
    if cycle.collection and cycle.collection.analysis:
        yield from cycle.collection.analysis.notes
    yield from cycle.failures


def _trade_in_words(trade: Trade, desk: Desk, cycle: Cycle) -> str:
    intent, done = trade.intent, trade.executed
    coin = desk.pair(intent.pair).coin
    if trade.status is not Status.FILLED or done is None:
        return f"{intent.side} {coin} {trade.status}: {trade.note}"
    price = price_text(done.price.number)
    if intent.side is Side.BUY:
        analysis = cycle.collection.analysis if cycle.collection else None
        score = (
            next((one.score for one in analysis.decision.ranking if one.pair == intent.pair), 0.0) if analysis else 0.0
        )
        over = f": score {score:.2f} over {analysis.decision.buy_threshold:.2f}" if analysis else ""
        return f"bought {coin} for {yen_text(done.funds.number)} at {price}{over}"
    position = desk.ledger.position(intent.position_id or "")
    earned = position.realized_pnl.number if position and position.realized_pnl is not None else None
    why = intent.reason.lower().replace("_", " ")
    return f"sold {size_text(done.quantity.number, coin)} at {price} ({why}): {yen_text(earned, signed=True)}"
