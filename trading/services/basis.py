"""Basis: the two venues' prices of each pair and the newest rate between them, read and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.basis import Basis, Rate, last_of, premiums, rate_of
from trading.candles import must_be_fresh
from trading.errors import TradingError, Transient
from trading.pairs import Pair
from trading.ports import CandleStore, Exchange, Readings
from trading.strategy import Strategy

LOOK_BACK_H = 72
"""So far back a last rate is looked for: over a weekend without one."""


def measure(
    pairs: Sequence[Pair],
    at: datetime,
    exchange: Exchange,
    candles: CandleStore,
    readings: Readings,
    strategy: Strategy,
) -> dict[str, Basis]:
    """The basis of every pair. One whose price cannot be read is barred, with the error; the others go on.

    All pairs of the desk belong in, also when few are analysed: together they say what a dollar costs.
    """
    usdt: dict[str, float] = {}
    jpy: dict[str, Decimal] = {}
    absent: dict[str, str] = {}
    for pair in pairs:
        try:
            usdt[pair.key] = _close(pair, at, candles, strategy)
            jpy[pair.key] = _middle(pair, exchange)
        except TradingError as error:
            absent[pair.key] = f"{type(error).__name__}: {error}".rstrip(".")
    return premiums(usdt, jpy, _rate(readings, at, strategy), strategy, absent)


def _rate(readings: Readings, at: datetime, strategy: Strategy) -> Rate:
    """The stored rate; where none may be used, with the last one: a row keeps one no longer than it may be used."""
    rate = rate_of(readings.context(at), at, strategy)
    for ago_h in range(0, LOOK_BACK_H + 1, max(1, int(strategy.usd_jpy_max_hours))) if rate.yen is None else ():
        before = at - timedelta(hours=ago_h)
        if last := last_of(readings.context(before), strategy):
            return replace(rate, last=last)
    return rate


def _close(pair: Pair, at: datetime, candles: CandleStore, strategy: Strategy) -> float:
    """The last close. Raises InsufficientData without one of now: an old price against a new one is no basis."""
    last = candles.window(pair, at, 1)
    must_be_fresh(pair.key, last, at, strategy.candle_max_age_minutes)
    return float(last["close"].iloc[-1])


def _middle(pair: Pair, exchange: Exchange) -> Decimal:
    """The middle of bid and ask; asked once more when the venue was only unavailable: one lost reply bars no pair."""
    try:
        ticker = exchange.ticker(pair.coincheck)
    except Transient:
        ticker = exchange.ticker(pair.coincheck)
    return (ticker.bid.number + ticker.ask.number) / 2
