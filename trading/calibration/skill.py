"""Skill: how much smaller one forecast's loss is than another's, and how sure that is.

skill = 1 - loss / loss of the baseline: 0 is no better, 0.01 one percent less wrong, negative is worse.

The interval is a bootstrap over blocks of time. Forecasts of one hour share that hour's news, those of six coins move
together, and a forecast at 10:55 is about nearly the same hour as one at 11:00: drawing single forecasts would count
one surprise many times and call luck skill. So whole blocks are drawn, with every pair's forecasts in them.

The draws are a fixed function of the seed (SplitMix64), not numpy's generator: its streams may change between
versions, and a decision must come out the same when it is replayed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading.calibration.losses import Floats

LOWEST = -1000.0
"""The skill of a forecast that was wrong where the baseline was not: worse than any number would say."""
GOLDEN, FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Resampling:
    """How an interval is made: hours a block, draws, the two-sided confidence (0 to 1) and the seed."""

    block_hours: int
    draws: int
    confidence: float
    seed: int


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill with its interval, the forecasts it was measured on and the blocks of time that they fell into."""

    value: float
    low: float
    high: float
    forecasts: int
    blocks: int


def skill(loss: float, baseline: float) -> float:
    """1 - loss / baseline; 0 when neither was wrong."""
    return float(_skills(np.array([loss], dtype=np.float64), np.array([baseline], dtype=np.float64))[0])


def skill_of(losses: Floats, baselines: Floats, epochs: npt.NDArray[np.int64], how: Resampling) -> Skill | None:
    """The skill of forecasts made at ``epochs`` (s since 1970) with these losses, against the same ones' baselines.

    A forecast without a loss (NaN) is left out. None when none is left. A smaller loss anywhere never lowers any of
    the three numbers: every draw takes the same blocks.
    """
    known = ~(np.isnan(losses) | np.isnan(baselines))
    if not known.any():
        return None
    _, block = np.unique(epochs[known] // (how.block_hours * 3600), return_inverse=True)
    mine, theirs = (np.bincount(block, weights=values[known]) for values in (losses, baselines))
    drawn = drawn_blocks(len(mine), how.draws, how.seed)
    tail = (1 - how.confidence) / 2
    low, high = np.quantile(_skills(mine[drawn].sum(axis=1), theirs[drawn].sum(axis=1)), [tail, 1 - tail])
    value = skill(float(mine.sum()), float(theirs.sum()))
    return Skill(value, float(low), float(high), int(known.sum()), len(mine))


def drawn_blocks(blocks: int, draws: int, seed: int) -> npt.NDArray[np.int64]:
    """``draws`` rows of ``blocks`` block numbers, drawn with replacement; the same for the same arguments."""
    mixed = np.arange(1, draws * blocks + 1, dtype=np.uint64) * GOLDEN + np.uint64(seed)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND
    mixed ^= mixed >> np.uint64(31)
    return (mixed % np.uint64(blocks)).astype(np.int64).reshape(draws, blocks)


def _skills(losses: Floats, baselines: Floats) -> Floats:
    ratio = np.divide(losses, baselines, out=np.zeros_like(losses), where=baselines > 0)
    right = np.where(losses > 0, LOWEST, 0.0)
    found: Floats = np.maximum(np.where(baselines > 0, 1 - ratio, right), LOWEST)
    return found
