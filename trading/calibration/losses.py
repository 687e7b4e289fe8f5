"""How wrong a forecast was, in percent of the price it was made at, so that all pairs can be put together.

Arrays are float64 with one row a forecast and one column a step: ``actual`` is the typical price that came (NaN where
its candle is missing), ``path`` a forecast of it, ``price`` the last close when the forecast was made. A step without
an actual price is left out, never filled in. Each loss is one number a forecast; NaN when no step of it is known.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]

NORMAL_QUANTILES: Mapping[float, float] = {0.1: -1.2815515655446004, 0.5: 0.0, 0.9: 1.2815515655446004}
"""Where the levels of a forecast lie on the normal distribution, in standard deviations."""


def absolute_loss(path: Floats, actual: Floats, price: Floats) -> Floats:
    """Mean absolute error of a path, percent of the price: what a median is judged by."""
    return _mean_known(np.abs(actual - path) / price[:, None] * 100)


def pinball_loss(path: Floats, actual: Floats, price: Floats, level: float) -> Floats:
    """Pinball loss of the quantile path of ``level`` (0 to 1), percent of the price; at 0.5 half the absolute loss."""
    over = (actual - path) / price[:, None] * 100
    return _mean_known(np.maximum(level * over, (level - 1) * over))


def covered_share(low: Floats, high: Floats, actual: Floats) -> Floats:
    """Share of the known steps that came to lie from ``low`` to ``high``, both included (0 to 1)."""
    inside = ((low <= actual) & (actual <= high)).astype(np.float64)
    return _mean_known(np.where(np.isnan(actual) | np.isnan(low) | np.isnan(high), np.nan, inside))


def flat_path(price: Floats, steps: int, change_pct: Floats | float = 0.0) -> Floats:
    """A path that is at ``change_pct`` percent from the price at once and stays: 0 is the naive forecast."""
    level: Floats = price * (1 + np.asarray(change_pct, dtype=np.float64) / 100)
    return np.repeat(level[:, None], steps, axis=1)


def random_walk_path(price: Floats, volatility_pct: Floats, steps: int, level: float) -> Floats:
    """The naive quantile path of one of NORMAL_QUANTILES: no drift, a spread that grows with the root of the steps.

    volatility_pct:  standard deviation of one step's log return, percent, as the window before showed it.
    """
    spread = NORMAL_QUANTILES[level] * volatility_pct[:, None] / 100 * np.sqrt(np.arange(1, steps + 1))
    path: Floats = price[:, None] * np.exp(spread)
    return path


def volatility_pct(closes: Floats, adjacent: npt.NDArray[np.bool_] | None = None) -> float:
    """Root mean square of one step's log return over a window of closes, percent; 0 when there is no return.

    adjacent:  for each close but the first, whether it is exactly one step after the one before; all when left out.
    """
    returns = np.diff(np.log(closes))
    if adjacent is not None:
        returns = returns[adjacent]
    return float(np.sqrt(np.mean(returns**2)) * 100) if len(returns) else 0.0


def _mean_known(values: Floats) -> Floats:
    """The mean of each row's values that are there; NaN for a row without any."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    mean: Floats = np.where(known, values, 0.0).sum(axis=1) / np.where(count > 0, count, 1)
    return np.where(count > 0, mean, np.nan)
