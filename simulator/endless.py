"""A market without an end, in the time of this machine: its candles forwards, then backwards, then forwards again.

Backwards a candle opens where it closed, so no price ever jumps where one pass meets the next, and the market stays
where it was, however long it runs. It depends on its candles and on when it began only: started again, it is the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from simulator.market import Market, Series
from simulator.times import CANDLE_MS, to_ms

AHEAD = timedelta(days=366)
"""How far beyond the present the candles are laid out; a world that runs longer has to be started again."""


def endless(market: Market, began_ms: int, start_ms: int, now: datetime) -> Market:
    """The market, its ``began_ms`` moved to ``start_ms`` (both on the grid), on and on until a year from ``now``."""
    first_ms, end_ms = market.first_ms, market.end_ms
    moved_ms = start_ms - began_ms
    until_ms = to_ms(now + AHEAD)
    passes = max(1, -(-(until_ms - first_ms - moved_ms) // (end_ms - first_ms)))
    return Market(
        {name: _laid_out(market.series(name), (first_ms, end_ms), moved_ms, passes) for name in market.symbols}
    )


def _laid_out(item: Series, span_ms: tuple[int, int], moved_ms: int, passes: int) -> Series:
    first_ms, end_ms = span_ms
    inside = (item.open_ms >= first_ms) & (item.open_ms < end_ms)
    there, values = item.open_ms[inside] + moved_ms, item.values[inside]
    back = (first_ms + end_ms + 2 * moved_ms - CANDLE_MS - there)[::-1]
    turned = values[::-1, [3, 1, 2, 0, 4]]  # close, high, low, open, volume
    times = [(back if number % 2 else there) + number * (end_ms - first_ms) for number in range(passes)]
    return Series(
        np.concatenate(times),
        np.concatenate([turned if number % 2 else values for number in range(passes)]),
        item.decimals,
    )
