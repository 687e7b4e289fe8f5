"""What the market has done by a time, and nothing of what it will do.

Inside a candle the price follows one fixed path, open -> one extreme -> the other -> close, in straight lines, so every
instant has one price that lies inside the candle, and the forming candle grows as the clock runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulator.times import CANDLE_MS

KNOTS = (0.0, 0.3, 0.7, 1.0)
"""When the path turns, as a share of the candle."""


class Bar(NamedTuple):
    """One candle: open time in ms, prices in USDT, volume in base coins."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Series:
    """All candles of a symbol, oldest first; ``decimals`` of its price tick."""

    open_ms: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    decimals: int

    def bar(self, index: int) -> Bar:
        """The whole candle at an index."""
        opened, high, low, close, volume = self.values[index].tolist()
        return Bar(int(self.open_ms[index]), opened, high, low, close, volume)


def series(frame: pd.DataFrame) -> Series:
    """A candle frame as arrays; the price tick is read off the prices themselves."""
    values = frame[["open", "high", "low", "close", "volume"]].to_numpy(dtype=np.float64)
    times: npt.NDArray[np.int64] = np.asarray(frame["open_time"].astype("datetime64[ms, UTC]").astype("int64"))
    sample = values[-2000:, :4]
    decimals = next((n for n in range(8) if np.allclose(np.round(sample, n), sample, rtol=0, atol=1e-10)), 8)
    return Series(times, values, decimals)


class Market:
    """Prices of every symbol at every time; callers pass the time, so nothing after it can leak."""

    def __init__(self, by_symbol: Mapping[str, Series]) -> None:
        """At least one symbol, each with at least one candle."""
        self._series = dict(by_symbol)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols there are, such as ``BTCUSDT``."""
        return tuple(self._series)

    def series(self, symbol: str) -> Series:
        """All candles of a symbol, those to come included."""
        return self._series[symbol]

    @property
    def first_ms(self) -> int:
        """The first time at which every symbol has a price."""
        return max(int(item.open_ms[0]) for item in self._series.values())

    @property
    def end_ms(self) -> int:
        """When the last candle of the shortest symbol closes; after it prices stand still."""
        return min(int(item.open_ms[-1]) for item in self._series.values()) + CANDLE_MS

    def decimals(self, symbol: str) -> int:
        """Decimals of the price tick."""
        return self._series[symbol].decimals

    def price_at(self, symbol: str, ms: int) -> float:
        """The price at a time, USDT, on the tick; the last close where no candle runs (halt, gap, end)."""
        item = self._series[symbol]
        index = max(_index(item, ms), 0)
        bar = item.bar(index)
        share = (ms - bar.open_ms) / CANDLE_MS
        if share >= 1:
            return bar.close
        return min(max(round(_on_path(bar, max(share, 0.0)), item.decimals), bar.low), bar.high)

    def bars(
        self, symbol: str, now_ms: int, since_ms: int = 0, until_ms: int | None = None, limit: int = 500
    ) -> list[Bar]:
        """Candles that opened in [since, until], as known at ``now_ms``: the last one may still be forming.

        With ``since_ms`` the first ``limit`` of them, else the last ``limit``, as the exchange answers.
        """
        item = self._series[symbol]
        last_ms = now_ms if until_ms is None else min(until_ms, now_ms)
        start, stop = int(np.searchsorted(item.open_ms, since_ms)), _index(item, last_ms) + 1
        start, stop = (start, min(stop, start + limit)) if since_ms else (max(start, stop - limit), stop)
        return [self._as_of(item, index, now_ms) for index in range(start, stop)]

    def crossing(
        self, symbol: str, span_ms: tuple[int, int], level: Callable[[int], float], *, rising: bool
    ) -> int | None:
        """When the price first reaches a level within a span (both ends included), in ms; None when it does not.

        ``level`` gives the level for a time; it is asked once per candle.
        """
        item = self._series[symbol]
        first, last = (max(_index(item, ms), 0) for ms in span_ms)
        for index in range(first, last + 1):
            bar = item.bar(index)
            wanted = level(max(bar.open_ms, span_ms[0]))
            if (bar.high >= wanted if rising else bar.low <= wanted) and (
                found := _first_touch(bar, span_ms, wanted, rising=rising)
            ) is not None:
                return found
        return None

    def _as_of(self, item: Series, index: int, now_ms: int) -> Bar:
        """A candle as it stands at ``now_ms``."""
        bar = item.bar(index)
        share = (now_ms - bar.open_ms) / CANDLE_MS
        if share >= 1:
            return bar
        price = min(max(round(_on_path(bar, share), item.decimals), bar.low), bar.high)
        seen = [bar.open, price, *(value for knot, value in _path(bar) if knot <= share)]
        return Bar(bar.open_ms, bar.open, max(seen), min(seen), price, round(bar.volume * share, 8))


def _index(item: Series, ms: int) -> int:
    """The candle that runs at a time or, where none runs, the last one before; -1 before the first."""
    return int(np.searchsorted(item.open_ms, ms, side="right")) - 1


def _path(bar: Bar) -> list[tuple[float, float]]:
    """The turning points: a rising candle dips first, a falling one peaks first."""
    turns = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    return list(zip(KNOTS, (bar.open, *turns, bar.close), strict=True))


def _on_path(bar: Bar, share: float) -> float:
    points = _path(bar)
    for (left, low), (right, high) in pairwise(points):
        if share <= right:
            return low + (high - low) * (share - left) / (right - left)
    return bar.close


def _first_touch(bar: Bar, span_ms: tuple[int, int], level: float, *, rising: bool) -> int | None:
    """When the path inside one candle first reaches a level within the span."""
    begin, end = ((ms - bar.open_ms) / CANDLE_MS for ms in span_ms)
    begin, end = min(max(begin, 0.0), 1.0), min(end, 1.0)
    inner = [(knot, value) for knot, value in _path(bar) if begin < knot < end]
    points = [(begin, _on_path(bar, begin)), *inner, (end, _on_path(bar, end))]
    for (left, low), (right, high) in pairwise(points):
        if (low >= level) if rising else (low <= level):
            return max(bar.open_ms + int(left * CANDLE_MS), span_ms[0])
        if (high >= level) if rising else (high <= level):
            share = left + (right - left) * (level - low) / (high - low)
            return min(bar.open_ms + int(np.ceil(share * CANDLE_MS)), span_ms[1])
    return None
