"""Candles as Binance's rows, also of longer intervals, put together from the 5-minute ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.market import Bar, Market
from simulator.times import CANDLE_MS

MINUTE_MS = 60_000
INTERVALS_MS = {
    name: minutes * MINUTE_MS
    for name, minutes in {
        "5m": 5,
        "15m": 15,
        "30m": 30,
        "1h": 60,
        "2h": 120,
        "4h": 240,
        "6h": 360,
        "12h": 720,
        "1d": 1440,
    }.items()
}
TAKER_SHARE = 0.5
TRADE_COINS = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question for candles: those that opened within a span, the first ``limit`` from its start, else the last."""

    symbol: str
    interval: str
    since_ms: int | None
    until_ms: int | None
    limit: int


def klines(market: Market, wanted: Wanted, now_ms: int, hidden: frozenset[int]) -> list[list[Any]]:
    """Rows as known at ``now_ms``; ``hidden`` are open times of 5-minute candles that a fault leaves out."""
    width_ms = INTERVALS_MS[wanted.interval]
    factor = width_ms // CANDLE_MS
    # A longer candle begins on its own grid: whole ones only, from the first that opens in the span.
    since_ms = 0 if wanted.since_ms is None else -(-wanted.since_ms // width_ms) * width_ms
    until_ms = now_ms if wanted.until_ms is None else wanted.until_ms // width_ms * width_ms + width_ms - 1
    small = market.bars(wanted.symbol, now_ms, since_ms, until_ms, (wanted.limit + 1) * factor)
    bars = _together([bar for bar in small if bar.open_ms not in hidden], width_ms)
    return [row(bar, width_ms) for bar in (bars[-wanted.limit :] if wanted.since_ms is None else bars[: wanted.limit])]


def row(bar: Bar, width_ms: int) -> list[Any]:
    """The twelve fields of one candle."""
    quote = bar.volume * (bar.high + bar.low + bar.close) / 3
    return [
        bar.open_ms,
        *(f"{value:.8f}" for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)),
        bar.open_ms + width_ms - 1,
        f"{quote:.8f}",
        int(quote / TRADE_COINS / 20) + (bar.volume > 0),
        f"{bar.volume * TAKER_SHARE:.8f}",
        f"{quote * TAKER_SHARE:.8f}",
        "0",
    ]


def _together(bars: list[Bar], width_ms: int) -> list[Bar]:
    """Longer candles; one that lacks its first part still starts on its grid."""
    if width_ms == CANDLE_MS:
        return bars
    groups: dict[int, list[Bar]] = {}
    for bar in bars:
        groups.setdefault(bar.open_ms // width_ms * width_ms, []).append(bar)
    return [
        Bar(
            start,
            group[0].open,
            max(bar.high for bar in group),
            min(bar.low for bar in group),
            group[-1].close,
            sum(bar.volume for bar in group),
        )
        for start, group in groups.items()
    ]
