"""The generated market has the habits of a real one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.generated import generate, write_market
from simulator.shapes import CALM, LEVELS, LIVELY, SHAPES, MarketShape
from simulator.times import CANDLE_MS
from trading.candles import candle_file, load_candles, problems

START_MS = 1_767_571_200_000
SYMBOLS = tuple(LEVELS)
SEEDS = st.integers(0, 10**6)


def log_returns(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame({symbol: np.log(frame["close"]).diff() for symbol, frame in frames.items()}).dropna()


@given(seed=SEEDS, shape=st.sampled_from(list(SHAPES.values())), candles=st.integers(1, 400))
@settings(max_examples=40)
def test_candles_are_valid_on_the_grid_and_on_the_tick(seed: int, shape: MarketShape, candles: int) -> None:
    """Every candle passes our own checks, none is missing, prices are whole ticks, each opens at the last close."""
    for symbol, frame in generate(SYMBOLS, START_MS, candles, seed, shape).items():
        assert problems(frame) == []
        times = frame["open_time"].astype("int64").tolist()
        assert times == [START_MS + n * CANDLE_MS for n in range(candles)]
        prices = frame[["open", "high", "low", "close"]].to_numpy()
        assert np.array_equal(np.round(prices, LEVELS[symbol].decimals), prices)
        assert frame["open"].to_list()[1:] == frame["close"].to_list()[:-1]


@given(seed=SEEDS, symbol=st.sampled_from(SYMBOLS))
@settings(max_examples=10)
def test_candles_depend_on_seed_and_symbol_only(seed: int, symbol: str) -> None:
    """The same seed gives the same candles, whatever other pairs are asked for; another seed gives others."""
    alone = generate([symbol], START_MS, 200, seed, CALM)[symbol]
    pd.testing.assert_frame_equal(alone, generate(SYMBOLS, START_MS, 200, seed, CALM)[symbol])
    assert not alone.equals(generate([symbol], START_MS, 200, seed + 1, CALM)[symbol])


@pytest.mark.parametrize(("shape", "low", "high"), [(CALM, 0.4, 0.9), (LIVELY, 0.2, 0.8)])
def test_coins_move_together(shape: MarketShape, low: float, high: float) -> None:
    """Correlations of 5-minute returns lie where real ones do; lower in the lively market, which says so."""
    for seed in range(8):
        found = log_returns(generate(SYMBOLS, START_MS, 2500, seed, shape)).corr().to_numpy()
        pairs = found[np.triu_indices(len(SYMBOLS), 1)]
        assert low < pairs.min()
        assert pairs.max() < high


def test_returns_have_fat_tails_and_clusters() -> None:
    """Kurtosis is above the normal's, and a large move makes the next one larger: no plain random walk."""
    for seed in range(8):
        found = log_returns(generate(SYMBOLS, START_MS, 3000, seed, CALM))
        assert found.kurt().min() > 1
        # Ranks, so that a single jump cannot decide it.
        size = found["BTCUSDT"].abs().rank()
        assert np.mean([size.autocorr(lag) for lag in range(1, 11)]) > 0.03


def test_volume_follows_the_size_of_moves() -> None:
    """Large moves come with large volume."""
    for frame in generate(SYMBOLS, START_MS, 3000, 1, CALM).values():
        move = np.log(frame["close"] / frame["open"]).abs()
        assert move.corr(frame["volume"], method="spearman") > 0.2


def rises_and_falls(close: np.ndarray) -> bool:
    """Whether a price gains 4 % within two hours and then loses 2 % of its peak."""
    return any(
        close[peak] / close[max(0, peak - 24) : peak + 1].min() >= 1.04 and close[peak:].min() / close[peak] <= 0.98
        for peak in range(len(close))
    )


def test_lively_market_shows_trends_and_reversals_soon() -> None:
    """Within sixty candles of any time some coin has risen by 4 % in two hours and turned, in eight of ten cases."""
    shown = []
    for seed in range(10):
        frames = generate(SYMBOLS, START_MS, 1000, seed, LIVELY)
        for begin, end in pairwise(range(400, 1000, 60)):
            shown.append(any(rises_and_falls(frame["close"].to_numpy()[begin:end]) for frame in frames.values()))
    assert np.mean(shown) > 0.8


def test_unlisted_coin_gets_a_market_too() -> None:
    """A pair that only the configuration knows has candles as well."""
    assert problems(generate(["PEPEUSDT"], START_MS, 300, 1, LIVELY)["PEPEUSDT"]) == []


def test_written_market_reads_back(tmp_path: Path) -> None:
    """The files are candle files by our own definition, with the same candles."""
    write_market(tmp_path / "new", SYMBOLS, START_MS, 300, 7, LIVELY)
    expected = generate(SYMBOLS, START_MS, 300, 7, LIVELY)
    for symbol in SYMBOLS:
        pd.testing.assert_frame_equal(load_candles(candle_file(tmp_path / "new", symbol)), expected[symbol])
