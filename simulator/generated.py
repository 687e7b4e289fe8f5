"""A seeded market: pure numbers from a seed, with the habits of real prices.

One common factor and one noise per coin, each with clustering volatility (GARCH(1,1) with Student-t shocks), regimes of
calm, trend and violence, rare jumps, and in lively shapes market-wide waves. A coin's candles depend on the seed and on
its own symbol only, not on which other coins are asked for.
Source of the habits: Cont (2001), "Empirical properties of asset returns: stylized facts".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulator.seeded import rng
from simulator.shapes import LEVELS, OTHER_COIN, CoinLevel, MarketShape
from simulator.times import CANDLE_MS

type Floats = npt.NDArray[np.float64]

REGIMES = ((0.0, 0.75, 120), (1.0, 1.0, 60), (-1.0, 1.15, 50), (0.0, 2.0, 15))
"""Drift sign, volatility factor and mean length in candles of: calm, trend up, trend down, violent."""


def generate(
    symbols: Sequence[str], start_ms: int, candles: int, seed: int, shape: MarketShape
) -> dict[str, pd.DataFrame]:
    """Candle frames by symbol, ``candles`` long, the first one opening at ``start_ms`` (on the 5-minute grid)."""
    common = rng(seed, "common")
    drift, temper = _regimes(common, candles)
    factor = drift * shape.regime_drift + shape.volatility * temper * _clustered(common, candles)
    factor += _jumps(common, candles, shape.jump_chance, 0.012)
    waves = _waves(rng(seed, "waves"), candles)
    times = pd.to_datetime(start_ms + np.arange(candles) * CANDLE_MS, unit="ms", utc=True).as_unit("ms")
    return {
        symbol: _frame(
            times, *_coin(rng(seed, "coin", symbol), LEVELS.get(symbol, OTHER_COIN), factor, temper, waves, shape)
        )
        for symbol in symbols
    }


def write_market(
    folder: Path, symbols: Sequence[str], start_ms: int, candles: int, seed: int, shape: MarketShape
) -> list[Path]:
    """The generated market as ``<SYMBOL>-5m.parquet`` files in ``folder``, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for symbol, frame in generate(symbols, start_ms, candles, seed, shape).items():
        path = folder / f"{symbol}-5m.parquet"
        frame.to_parquet(path, index=False)
        paths.append(path)
    return paths


def _coin(
    draw: np.random.Generator,
    level: CoinLevel,
    factor: Floats,
    temper: Floats,
    waves: list[tuple[int, int, int]],
    shape: MarketShape,
) -> tuple[CoinLevel, Floats, Floats, np.random.Generator]:
    """Log returns of one coin and the scale its wicks have."""
    count = len(factor)
    own = level.beta * level.own * shape.volatility * temper * _clustered(draw, count)
    own += _jumps(draw, count, shape.jump_chance, 0.012)
    returns = level.beta * factor + own + _ride(draw, count, waves, shape)
    scale = level.beta * shape.volatility * temper
    return level, returns, scale, draw


def _frame(
    times: pd.DatetimeIndex, level: CoinLevel, returns: Floats, scale: Floats, draw: np.random.Generator
) -> pd.DataFrame:
    """Candles on the price tick: each opens where the last one closed, and its wicks hold both ends."""
    count, tick = len(returns), 10.0**-level.decimals
    close = np.maximum(np.round(level.price * np.exp(np.cumsum(returns)), level.decimals), tick)
    opened = np.concatenate(([level.price], close[:-1]))
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    up, down = (np.abs(draw.standard_normal(count)) * scale * 0.5 for _ in range(2))
    high = np.maximum(np.round(top * (1 + up), level.decimals), top)
    low = np.maximum(np.minimum(np.round(bottom * (1 - down), level.decimals), bottom), tick)
    busy = 0.55 + 0.6 * np.abs(returns) / np.median(scale)
    volume = np.round(level.volume * busy * np.exp(0.35 * draw.standard_normal(count)), 3)
    columns = {"open_time": times, "open": opened, "high": high, "low": low, "close": close, "volume": volume}
    return pd.DataFrame(columns)


def _clustered(draw: np.random.Generator, count: int) -> Floats:
    """Shocks of unit variance whose size clusters: GARCH(1,1), Student t with 5 degrees of freedom, variance <= 9."""
    shocks = np.clip(draw.standard_t(5, count) * np.sqrt(3 / 5), -6, 6).tolist()
    variance, moves = 1.0, []
    for shock in shocks:
        move = variance**0.5 * shock
        moves.append(move)
        variance = min(0.03 + 0.07 * move * move + 0.90 * variance, 9.0)
    return np.asarray(moves)


def _regimes(draw: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """The sign of the drift and the volatility factor of every candle."""
    drift, temper = np.zeros(count), np.ones(count)
    at = 0
    while at < count:
        sign, factor, mean = REGIMES[int(draw.choice(len(REGIMES), p=(0.4, 0.27, 0.27, 0.06)))]
        end = at + 5 + int(draw.exponential(mean))
        drift[at:end], temper[at:end] = sign, factor
        at = end
    return drift, temper


def _jumps(draw: np.random.Generator, count: int, chance: float, size: float) -> Floats:
    """Rare single-candle moves of about ``size``, down a little more often than up."""
    signs = np.where(draw.random(count) < 0.45, 1.0, -1.0)
    return np.where(
        draw.random(count) < chance, signs * size * (0.6 + np.minimum(draw.exponential(0.7, count), 2.4)), 0.0
    )


def _waves(draw: np.random.Generator, count: int) -> list[tuple[int, int, int]]:
    """When the market-wide waves run: (start, candles of rise, candles of fall)."""
    waves, at = [], int(draw.integers(0, 8))
    while at < count:
        rise, fall = int(draw.integers(16, 25)), int(draw.integers(9, 15))
        waves.append((at, rise, fall))
        at += rise + fall + int(draw.integers(3, 9))
    return waves


def _ride(draw: np.random.Generator, count: int, waves: list[tuple[int, int, int]], shape: MarketShape) -> Floats:
    """What the waves add to a coin's log returns: up by its own height, then most of it down again."""
    added = np.zeros(count)
    for start, rise, fall in waves:
        leads, lag = draw.random() < shape.leader_chance, int(draw.integers(0, 4))
        height = shape.swing * (draw.uniform(0.75, 1.25) if leads else draw.uniform(0.05, 0.15))
        given_back, top = draw.uniform(0.8, 1.2), start + lag + rise
        added[start + lag : top] += height / rise
        added[top : top + fall] -= height * given_back / fall
    return added
