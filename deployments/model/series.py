"""Series to train on: generated ones of every kind that a market can look like, and windows of real candles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

Values = NDArray[np.float64]
CANDLE_S = 300


def typical_prices(path: Path, until: datetime) -> Values:
    """(high + low + close) / 3 of the candles that open before ``until``, on the full grid: a missing candle is NaN."""
    table = pq.read_table(path, columns=["open_time", "high", "low", "close"], filters=[("open_time", "<", until)])
    slots = table["open_time"].to_numpy().astype("datetime64[s]").astype(np.int64) // CANDLE_S
    grid = np.full(slots[-1] - slots[0] + 1, np.nan)
    grid[slots - slots[0]] = sum(table[name].to_numpy() for name in ("high", "low", "close")) / 3
    return grid


def real_windows(series: list[Values], count: int, length: int, rng: np.random.Generator) -> Values:
    """Windows of real series at random places, every series as often; half of them upside down.

    Turned around, a year that rose teaches as much falling as rising: the model learns no direction by heart.
    """
    which = rng.integers(len(series), size=count)
    starts = (rng.random(count) * [len(series[i]) - length for i in which]).astype(np.int64)
    windows = np.stack([series[i][start : start + length] for i, start in zip(which, starts, strict=True)])
    return np.asarray(windows * np.where(rng.random((count, 1)) < 0.5, -1.0, 1.0))


def generated(count: int, length: int, rng: np.random.Generator) -> Values:
    """Series of each kind of KINDS in turn, at levels from 1 to 100,000."""
    share = -(-count // len(KINDS))
    series = np.concatenate([kind(share, length, rng) for kind in KINDS])
    levels = 10 ** rng.uniform(0, 5, size=(len(series), 1))
    return np.asarray(rng.permutation(levels * (1 + series))[:count])


def with_holes(windows: Values, context: int, rng: np.random.Generator) -> Values:
    """A copy in which some contexts start late (a young market) and some miss candles, one by one or in a run."""
    holed = windows.copy()
    young, scattered, halted = (rng.random(len(windows)) < share for share in (0.1, 0.05, 0.05))
    for row in np.flatnonzero(young):
        holed[row, : rng.integers(1, context - 16)] = np.nan
    for row in np.flatnonzero(scattered):
        holed[row, :context][rng.random(context) < rng.uniform(0.01, 0.3)] = np.nan
    for row in np.flatnonzero(halted):
        start = rng.integers(context - 2)
        holed[row, start : min(start + rng.integers(1, 64), context - 1)] = np.nan
    return holed


def _noise(count: int, length: int, rng: np.random.Generator) -> Values:
    """Shocks with fat tails and a volatility that wanders and clusters, around 0.1 % of the level."""
    pull, restless = 0.97, rng.uniform(0.0, 0.25, size=(count, 1))
    steps = rng.standard_normal((count, length)) * restless
    volatility = np.zeros((count, length))
    for i in range(1, length):
        volatility[:, i] = pull * volatility[:, i - 1] + steps[:, i]
    return np.asarray(1e-3 * np.exp(volatility) * rng.standard_t(4, size=(count, length)) / np.sqrt(2))


def _walks(count: int, length: int, rng: np.random.Generator) -> Values:
    return np.cumsum(_noise(count, length, rng), axis=1)


def _trends(count: int, length: int, rng: np.random.Generator) -> Values:
    slope = rng.normal(0, 1e-3, size=(count, 1))
    return slope * np.arange(length) + _walks(count, length, rng) * rng.uniform(0, 1, size=(count, 1))


def _reverting(count: int, length: int, rng: np.random.Generator) -> Values:
    keep, noise = rng.uniform(0.7, 0.995, size=count), _noise(count, length, rng)
    series = np.zeros((count, length))
    for i in range(1, length):
        series[:, i] = keep * series[:, i - 1] + noise[:, i]
    return series


def _seasonal(count: int, length: int, rng: np.random.Generator) -> Values:
    period = 10 ** rng.uniform(1, 2.5, size=(count, 1))
    phase = rng.uniform(0, 2 * np.pi, size=(count, 1))
    wave = 5e-3 * np.sin(2 * np.pi * np.arange(length) / period + phase)
    return np.asarray(wave + _noise(count, length, rng) * rng.uniform(0, 1, size=(count, 1)))


def _jumping(count: int, length: int, rng: np.random.Generator) -> Values:
    jumps = (rng.random((count, length)) < 0.01) * rng.normal(0, 0.02, size=(count, length))
    return np.cumsum(_noise(count, length, rng) + jumps, axis=1)


def _coarse(count: int, length: int, rng: np.random.Generator) -> Values:
    tick = rng.uniform(1e-4, 3e-3, size=(count, 1))
    return np.round(_walks(count, length, rng) / tick) * tick


def _constant(count: int, length: int, rng: np.random.Generator) -> Values:
    return np.repeat(rng.uniform(-0.1, 0.1, size=(count, 1)), length, axis=1)


KINDS: tuple[Callable[[int, int, np.random.Generator], Values], ...] = (
    _walks, _walks, _trends, _reverting, _seasonal, _jumping, _coarse, _constant,
)  # fmt: skip
