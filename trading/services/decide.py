"""Decide: what was seen becomes one decision, its intents, and the rows that explain it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from trading.candles import floor_time
from trading.errors import Conflict
from trading.limits import KillSwitch, breakers
from trading.order import TERMINAL, Intent, PriceBand, Side, Trade, entry_trade_id
from trading.pairs import Pair, lot_rules
from trading.ports import Balances, Booking, Exchange, Ledger, Notice
from trading.position import Position, PositionStatus, exit_intent
from trading.scoring import ContextInputs, Decision, Held, Market, MissingInputs, PairInputs
from trading.signals.context import ContextSignal
from trading.signals.forecast import ForecastSignal
from trading.signals.sentiment import SentimentSignal
from trading.signals.technical import TechnicalSignal
from trading.sizing import NoEntry, entry_spend
from trading.strategy import Strategy

HISTORY = timedelta(days=90)
"""How far back closed trades count for sizing and breakers."""


class Seen[T](Protocol):
    """Results of one judge over the pairs, with the failures in words."""

    values: dict[str, T]
    errors: dict[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """One pair from three sides; a side that failed is None and named in ``missing``."""

    pair: str
    technical: TechnicalSignal | None
    forecast: ForecastSignal | None
    sentiment: SentimentSignal | None
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Books:
    """What the books and the venue's account say before a decision."""

    positions: tuple[Position, ...]
    closed: tuple[Position, ...]
    pending: tuple[Trade, ...]
    kill_switch: KillSwitch
    balances: Balances


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis as booked: the decision, the rows that explain it, and the trades that stand booked by it."""

    decision_id: str
    at: datetime
    trigger: str
    decision: Decision
    rows: tuple[Mapping[str, Any], ...]
    trade_ids: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def trace(self) -> dict[str, str]:
        """What travels with a queued trade, to follow it through logs."""
        return {"decision_id": self.decision_id, "decided_at": self.at.isoformat()}


def decision_id_of(at: datetime) -> str:
    """One id per 5-minute slot: two runs in one slot are the same analysis, and can book an order only once."""
    return f"AN-{floor_time(at):%Y%m%dT%H%M%SZ}"


def looks_of(
    technical: Seen[TechnicalSignal], forecast: Seen[ForecastSignal], sentiment: Seen[SentimentSignal]
) -> list[Look]:
    """The three judges joined by pair, in the order the pairs were asked for."""
    sides: dict[str, Seen[Any]] = {"technical": technical, "forecast": forecast, "sentiment": sentiment}
    keys = sorted({key for side in sides.values() for key in (*side.values, *side.errors)})
    return [
        Look(
            pair=key,
            technical=technical.values.get(key),
            forecast=forecast.values.get(key),
            sentiment=sentiment.values.get(key),
            missing={name: side.errors[key] for name, side in sides.items() if key in side.errors},
        )
        for key in keys
    ]


def read_books(at: datetime, ledger: Ledger, exchange: Exchange) -> Books:
    """Positions, history, orders under way, the kill switch and the account. Raises when any cannot be read."""
    return Books(
        positions=tuple(ledger.open_positions()),
        closed=tuple(ledger.closed_positions(at - HISTORY)),
        pending=tuple(ledger.pending_trades()),
        kill_switch=ledger.kill_switch(),
        balances=exchange.balances(),
    )


def market_of(looks: Sequence[Look], mood: ContextSignal, books: Books, at: datetime, strategy: Strategy) -> Market:
    """Everything the pure decision is made from. A pair with an order under way or a side missing sits out."""
    under_way = {trade.intent.pair for trade in books.pending if trade.status not in TERMINAL}
    return Market(
        now=at,
        pairs={look.pair: inputs_of(look, busy=look.pair in under_way) for look in looks},
        context=ContextInputs(
            score=mood.score, fear_greed=mood.fear_greed, btc_dominance=mood.btc_dominance, age_s=mood.age_s or 0.0
        )
        if mood.age_s is not None
        else None,
        positions=[
            Held(pair=held.pair, entered_at=held.opened_at, entry_price_jpy=held.entry_price.number)
            for held in books.positions
            if held.status is PositionStatus.OPEN
        ],
        breakers={**breakers(books.closed, at, strategy), "kill_switch": books.kill_switch.mode.value},
    )


def inputs_of(look: Look, *, busy: bool) -> PairInputs | MissingInputs:
    """The scores of one pair, or what is missing of them."""
    if busy:
        return MissingInputs(missing=("an order of this pair is under way",))
    if look.technical is None or look.forecast is None or look.sentiment is None:
        return MissingInputs(missing=tuple(look.missing) or ("everything",))
    indicators = look.technical.indicators
    return PairInputs(
        technical_score=look.technical.score,
        forecast_score=look.forecast.score,
        forecast_confidence=look.forecast.confidence,
        sentiment_score=look.sentiment.score,
        bb_width=indicators["bb_width"] or 0.0,
        macd_histogram=indicators["macd_histogram"] or 0.0,
        macd_histogram_slope=indicators["macd_histogram_slope"] or 0.0,
    )


def entry(
    decision: Decision, pair: Pair, books: Books, at: datetime, exchange: Exchange, strategy: Strategy
) -> Intent | NoEntry:
    """The intent of a BUY decision, sized and banded at the venue's own price; or why none is made."""
    ask = exchange.ticker(pair.coincheck).ask
    score = next(ranked.score for ranked in decision.ranking if ranked.pair == pair.key)
    history = [past.realized_pnl / past.cost for past in books.closed if past.realized_pnl is not None]
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


def signal_id_of(decision_id: str, pair: str) -> str:
    """The id of one pair's row in one analysis."""
    return f"SIG-{decision_id}-{pair}"


def notices_of(analysis: Analysis) -> list[Notice]:
    """What people are told of a decision: only when something is to be done, or something was missing."""
    decision = analysis.decision
    missing = [f"{row['pair']}: {', '.join(row['missing'])}" for row in analysis.rows if row["missing"]]
    notices = []
    if decision.action != "HOLD":
        text = f"{decision.action} {', '.join(decision.pairs)}: {decision.reasons[0] if decision.reasons else ''}"
        notices.append(
            Notice(f"decision.{decision.action.lower()}", text, analysis.at, {"decision_id": analysis.decision_id})
        )
    if missing:
        notices.append(Notice("decision.inputs_missing", "; ".join(missing), analysis.at, alarm=True))
    return notices


def book(booking: Booking, ledger: Ledger) -> tuple[list[str], tuple[str, ...]]:
    """Write a decision, all or nothing: the trades that stand booked by it, and why an intent could not be.

    When a pair was taken meanwhile, the signals are still written and the conflict is said.
    """
    try:
        return ledger.book(booking), ()
    except Conflict as conflict:
        return ledger.book(replace(booking, intents=())), (str(conflict),)
