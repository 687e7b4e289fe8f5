"""The endless market: without a jump, without a gap, and the same each time it is started."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.config import SimulatorConfig
from simulator.endless import endless
from simulator.generated import generate
from simulator.market import Market, series
from simulator.replay import open_market
from simulator.shapes import LIVELY
from simulator.times import CANDLE_MS, to_ms

SYMBOLS = ("BTCUSDT", "ETHUSDT")
COUNT = 40
PLAIN = Market({name: series(frame) for name, frame in generate(SYMBOLS, 0, COUNT, 3, LIVELY).items()})
SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def laid_out(days: int) -> Market:
    return endless(PLAIN, 10 * CANDLE_MS, to_ms(SINCE), SINCE + timedelta(days=days))


@settings(max_examples=8)
@given(st.integers(0, 90), st.integers(0, 90))
def test_a_later_start_sees_the_same_market(one: int, other: int) -> None:
    """What was shown before a restart stays: a later start only adds candles at the end, on the grid, without a gap."""
    short, long = (laid_out(days).series("BTCUSDT") for days in sorted((one, other)))
    assert np.array_equal(long.open_ms[: len(short.open_ms)], short.open_ms)
    assert np.array_equal(long.values[: len(short.values)], short.values)
    assert set(np.diff(long.open_ms)) == {CANDLE_MS}


def test_prices_do_not_jump_where_the_passes_meet() -> None:
    """A pass begins at the price where the one before ended, and all prices stay within those of the first pass."""
    for name in SYMBOLS:
        item, plain = laid_out(10).series(name), PLAIN.series(name)
        for seam in range(COUNT, len(item.open_ms), COUNT):
            assert item.values[seam, 0] == item.values[seam - 1, 3]
        assert item.values[:, 1].max() == plain.values[:, 1].max()
        assert (item.values[:, 2] <= item.values[:, [0, 3]].min(axis=1)).all()
        assert np.array_equal(item.values[:COUNT], plain.values)
        assert item.open_ms[10] == to_ms(SINCE)


def test_an_endless_world_runs_in_the_time_of_this_machine() -> None:
    """Started weeks after the market began, its clock is now and there are candles a year ahead."""
    market, start = open_market(SimulatorConfig(since=datetime.now(UTC) - timedelta(days=40)))
    assert abs(datetime.now(UTC) - start) < timedelta(seconds=60)
    assert market.end_ms >= to_ms(start + timedelta(days=365))
    assert market.bars("BTCUSDT", to_ms(start))
