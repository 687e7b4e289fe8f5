"""Intents: a decision sized, banded at the venue's own price, dated, and traceable to what it came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.candles import floor_time
from trading.order import Intent, PriceBand, Side, entry_trade_id
from trading.pairs import Pair, lot_rules
from trading.ports import Exchange
from trading.position import PositionStatus, exit_intent
from trading.scoring import Decision
from trading.services.books import Books
from trading.sizing import NoEntry, entry_spend
from trading.strategy import Strategy


def decision_id_of(at: datetime) -> str:
    """One id per 5-minute slot: two runs in one slot are the same analysis, and can book an order only once."""
    return f"AN-{floor_time(at):%Y%m%dT%H%M%SZ}"


def signal_id_of(decision_id: str, pair: str) -> str:
    """The id of one pair's row in one analysis."""
    return f"SIG-{decision_id}-{pair}"


def entry(
    decision: Decision, pair: Pair, books: Books, at: datetime, exchange: Exchange, strategy: Strategy
) -> Intent | NoEntry:
    """The intent of a BUY decision, sized and banded at the venue's own price; or why none is made."""
    ask = exchange.ticker(pair.coincheck).ask
    score = next(ranked.score for ranked in decision.ranking if ranked.pair == pair.key)
    history = [past.realized_pnl / past.paid for past in books.closed if past.realized_pnl is not None]
    spend = entry_spend(score, books.balances.jpy_free, history, strategy, lot_rules(pair), ask)
    if isinstance(spend, NoEntry):
        return spend
    reach = Decimal(str(strategy.price_band_pct)) / 100
    decision_id = decision_id_of(at)
    return Intent(
        trade_id=entry_trade_id(decision_id, pair.key),
        pair=pair.key,
        trading_pair=pair.coincheck,
        side=Side.BUY,
        reason="SIGNAL",
        decision_id=decision_id,
        signal_id=signal_id_of(decision_id, pair.key),
        strategy_id=strategy.strategy_id,
        strategy_version=strategy.strategy_version,
        created_at=at,
        expires_at=at + timedelta(seconds=strategy.intent_ttl_s),
        band=PriceBand(ask.scaled(1 - reach), ask.scaled(1 + reach)),
        spend=spend,
        input_ids=(signal_id_of(decision_id, pair.key),),
    )


def traced(intent: Intent, record: str) -> Intent:
    """The intent with the id of the record that says what it was made from."""
    return replace(intent, input_ids=(*intent.input_ids, record))


def exits(decision: Decision, books: Books, at: datetime, strategy: Strategy) -> list[Intent]:
    """One exit intent for each position a SELL decision names."""
    return [
        exit_intent(
            position,
            "SIGNAL",
            decision_id=decision_id_of(at),
            strategy=strategy,
            created_at=at,
            expires_at=at + timedelta(seconds=strategy.intent_ttl_s),
        )
        for key in decision.pairs
        for position in books.positions
        if position.pair == key and position.status is PositionStatus.OPEN
    ]
