"""The market shows what has happened and nothing of what will."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.generated import generate
from simulator.market import Bar, Market, series
from simulator.shapes import CALM
from simulator.times import CANDLE_MS, from_ms
from trading.candles import frame

START_MS = 1_767_571_200_000
COUNT = 60
SYMBOL = "SOLUSDT"
FRAME = generate([SYMBOL], START_MS, COUNT, 5, CALM)[SYMBOL]
MARKET = Market({SYMBOL: series(FRAME)})
MOMENTS = st.integers(START_MS, START_MS + (COUNT + 3) * CANDLE_MS)


def recorded(index: int) -> Bar:
    row = FRAME.iloc[index]
    return Bar(START_MS + index * CANDLE_MS, *(row[name] for name in ("open", "high", "low", "close", "volume")))


@given(MOMENTS)
def test_nothing_after_now_is_visible(now_ms: int) -> None:
    """Candles that opened later do not change what is seen now; those that have closed are seen as recorded."""
    index = min((now_ms - START_MS) // CANDLE_MS, COUNT - 1)
    short = Market({SYMBOL: series(FRAME.head(index + 1))})
    seen = MARKET.bars(SYMBOL, now_ms)
    assert seen == short.bars(SYMBOL, now_ms)
    assert MARKET.price_at(SYMBOL, now_ms) == short.price_at(SYMBOL, now_ms)
    assert all(bar.open_ms <= now_ms for bar in seen)
    for bar in seen:
        if bar.open_ms + CANDLE_MS <= now_ms:
            assert bar == recorded((bar.open_ms - START_MS) // CANDLE_MS)


@given(st.integers(0, COUNT - 1), st.integers(0, CANDLE_MS - 1))
def test_forming_candle_is_the_path_so_far(index: int, passed_ms: int) -> None:
    """Its close is the price now, its extremes are those of the prices so far, and it stays inside the final candle."""
    final = recorded(index)
    now_ms = final.open_ms + passed_ms
    forming = MARKET.bars(SYMBOL, now_ms)[-1]
    steps = [final.open_ms + passed_ms * part // 200 for part in range(201)]
    prices = [MARKET.price_at(SYMBOL, at) for at in steps]
    assert (forming.open, forming.close) == (final.open, prices[-1])
    assert final.low <= forming.low <= min(prices)
    assert max(prices) <= forming.high <= final.high
    # The samples come within two hundredths of a candle of every turn of the path.
    assert forming.high - max(prices) <= (final.high - final.low) * 0.1
    assert 0 <= forming.volume <= final.volume


@given(st.integers(0, COUNT - 1))
def test_finished_candle_has_reached_its_extremes(index: int) -> None:
    """In its last millisecond a candle has shown its whole range."""
    final = recorded(index)
    almost = MARKET.bars(SYMBOL, final.open_ms + CANDLE_MS - 1)[-1]
    assert (almost.high, almost.low) == (final.high, final.low)


@given(MOMENTS, st.integers(0, 20 * CANDLE_MS), st.floats(0.97, 1.03), st.booleans())
def test_crossing_is_the_first_touch(begin_ms: int, length_ms: int, ratio: float, rising: bool) -> None:
    """The level is reached at the time that is named and at no sampled time before; without a time, at none."""
    level = MARKET.price_at(SYMBOL, begin_ms) * ratio
    end_ms = begin_ms + length_ms
    found = MARKET.crossing(SYMBOL, (begin_ms, end_ms), lambda _: level, rising=rising)
    half_tick = 0.5 * 10.0 ** -MARKET.decimals(SYMBOL) + 1e-9  # prices are shown on the tick, the path is not

    def reached(at: int) -> bool:
        price = MARKET.price_at(SYMBOL, at)
        return price > level + half_tick if rising else price < level - half_tick

    last_ms = end_ms if found is None else found - 1
    samples = [begin_ms + (last_ms - begin_ms) * part // 100 for part in range(101)] if last_ms >= begin_ms else []
    assert not any(reached(at) for at in samples)
    if found is not None:
        assert begin_ms <= found <= end_ms
        price = MARKET.price_at(SYMBOL, found)
        assert price >= level - half_tick if rising else price <= level + half_tick


def test_price_stands_still_in_a_gap() -> None:
    """Where the exchange made no candle the last close holds, and no row appears."""
    rows = [(from_ms(START_MS + n * CANDLE_MS), 10.0, 11.0, 9.0, 10.5, 1.0) for n in (0, 1, 5)]
    gappy = Market({SYMBOL: series(frame(rows))})
    assert gappy.price_at(SYMBOL, START_MS + 3 * CANDLE_MS) == 10.5
    assert len(gappy.bars(SYMBOL, START_MS + 3 * CANDLE_MS)) == 2


def test_span_and_limit_choose_as_the_exchange_does() -> None:
    """From a start the first candles are given, without one the last."""
    now_ms = START_MS + 10 * CANDLE_MS
    opens = [START_MS + n * CANDLE_MS for n in range(11)]
    assert [bar.open_ms for bar in MARKET.bars(SYMBOL, now_ms, limit=3)] == opens[-3:]
    assert [bar.open_ms for bar in MARKET.bars(SYMBOL, now_ms, since_ms=opens[2], limit=3)] == opens[2:5]
    assert [bar.open_ms for bar in MARKET.bars(SYMBOL, now_ms, until_ms=opens[4], limit=2)] == opens[3:5]


@pytest.mark.parametrize(("prices", "decimals"), [([1.25, 1.5], 2), ([100.0, 101.0], 0), ([0.12345, 0.1], 5)])
def test_tick_is_read_off_the_prices(prices: list[float], decimals: int) -> None:
    """As many decimals as the prices have, not more."""
    rows = [(from_ms(START_MS + n * CANDLE_MS), price, price, price, price, 1.0) for n, price in enumerate(prices)]
    table: pd.DataFrame = frame(rows)
    assert series(table).decimals == decimals
