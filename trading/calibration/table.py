"""How good the forecasts of a model were, by pair and all together: one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trading.calibration.losses import (
    Floats,
    absolute_loss,
    covered_share,
    flat_path,
    pinball_loss,
    random_walk_path,
)
from trading.calibration.past import median_errors
from trading.calibration.records import Arrays, Forecast, arrays_of
from trading.calibration.skill import Skill, skill_of
from trading.calibration.weight import resampling
from trading.strategy import Strategy

ALL = "all"
LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """One model on one pair, or on all of them. Losses in percent of the price; None where the model has no quantiles.

    covered_share   share of the steps between q10 and q90; 0.8 is meant.
    pinball_pct     mean over the three levels; ``naive_`` is a random walk with the volatility of the window before.
    error_pct       mean absolute error of the median; ``naive_`` is the last close, ``momentum_`` a flat path.
    skill_...       1 - loss / loss of the other, with its interval. The weight is earned by ``skill_naive``.
    """

    pair: str
    model: str
    forecasts: int
    covered_share: float | None
    naive_covered_share: float | None
    pinball_pct: float | None
    naive_pinball_pct: float | None
    error_pct: float | None
    naive_error_pct: float | None
    momentum_error_pct: float | None
    skill_naive: Skill | None
    skill_momentum: Skill | None
    skill_pinball: Skill | None


def calibration_rows(forecasts: Sequence[Forecast], strategy: Strategy) -> list[CalibrationRow]:
    """A row per model and pair with an outcome, and one of all pairs where a model has several; sorted by model."""
    rows = []
    for model in sorted({one.model for one in forecasts if one.outcome}):
        own = [one for one in forecasts if one.outcome and one.model == model]
        pairs = sorted({one.pair for one in own})
        groups = {pair: [one for one in own if one.pair == pair] for pair in pairs}
        if len(pairs) > 1:
            groups[ALL] = own
        rows += [_row(pair, model, group, strategy) for pair, group in groups.items()]
    return rows


def _row(pair: str, model: str, forecasts: Sequence[Forecast], strategy: Strategy) -> CalibrationRow:
    data, how = arrays_of(forecasts), resampling(strategy)
    steps = data.actual.shape[1]
    error, naive = median_errors(data)
    momentum = absolute_loss(flat_path(data.price, steps, data.momentum_pct), data.actual, data.price)
    walk = {level: random_walk_path(data.price, data.volatility_pct, steps, level) for level in LEVELS}
    pinball, naive_pinball = _pinball({0.1: data.q10, 0.5: data.q50, 0.9: data.q90}, data), _pinball(walk, data)
    return CalibrationRow(
        pair,
        model,
        len(forecasts),
        _mean(covered_share(data.q10, data.q90, data.actual)),
        _mean(covered_share(walk[0.1], walk[0.9], data.actual)),
        _mean(pinball),
        _mean(naive_pinball),
        _mean(error),
        _mean(naive),
        _mean(momentum),
        skill_of(error, naive, data.epochs, how),
        skill_of(error, momentum, data.epochs, how),
        skill_of(pinball, naive_pinball, data.epochs, how),
    )


def _pinball(paths: Mapping[float, Floats], data: Arrays) -> Floats:
    """Mean pinball loss over the levels; NaN for a forecast without quantiles."""
    losses = [pinball_loss(path, data.actual, data.price, level) for level, path in paths.items()]
    return np.asarray(sum(losses) / len(losses), dtype=np.float64)


def _mean(values: Floats) -> float | None:
    """The mean of what is there; None of nothing."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
