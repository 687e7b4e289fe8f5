"""The forecast judge: quantile paths of the next hour -> a score in [-1, +1] (strategy.md, "Forecast score")."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trading.errors import BadInput, InsufficientData
from trading.signals.curves import clip, polyline
from trading.strategy import Strategy

if TYPE_CHECKING:
    import pandas as pd

MOMENTUM = "momentum-fallback"
"""The model's name when no forecast could be had: an operator sees it."""


@dataclass(frozen=True, slots=True)
class ForecastSignal:
    """What is expected of the next hour.

    confidence       0 to 1; how narrow the forecast is, not how often it was right.
    model            who forecast; ``momentum-fallback`` when nobody could, with ``fallback_reason``.
    change_pct       expected change against the price, in percent.
    q10, q50, q90    the quantile paths (USDT), empty for the fallback.
    note             what a person should know of it beside, such as that it could not be kept; mostly empty.
    """

    score: float
    confidence: float
    model: str
    fallback_reason: str | None
    change_pct: float
    q10: tuple[float, ...] = ()
    q50: tuple[float, ...] = ()
    q90: tuple[float, ...] = ()
    note: str = ""


def score_forecast(
    q10: Sequence[float], q50: Sequence[float], q90: Sequence[float], price: float, strategy: Strategy, model: str
) -> ForecastSignal:
    """Judge quantile paths (USDT, one value a step) against the current ``price`` (USDT).

    The score is continuous in every input but one: a step that leaves ``forecast_outlier_pct`` is taken for a fault of
    the model and replaced by the price. Raises BadInput for paths that are empty, unequal in length, or not finite and
    positive: the caller then falls back, with the reason.
    """
    _check(q10, q50, q90, price)
    reach = strategy.forecast_outlier_pct / 100 * price
    path = [step if abs(step - price) <= reach else price for step in q50]
    spreads = [abs(high - low) / strategy.quantile_span_sigmas for low, high in zip(q10, q90, strict=True)]
    change_pct = expected_change_pct(path, price)
    raw = change_pct / strategy.forecast_full_change_pct + trend_bonus(path, price, strategy)
    damped = raw * spread_damping(sum(spreads) / len(spreads) / price * 100, strategy)
    trust = [1 / (1 + strategy.confidence_std_factor * std / step) for std, step in zip(spreads, q50, strict=True)]
    confidence = sum(trust) / len(trust)
    return ForecastSignal(clip(damped), confidence, model, None, change_pct, tuple(q10), tuple(q50), tuple(q90))


def expected_change_pct(path: Sequence[float], price: float) -> float:
    """Change in percent of the mean of the path, later steps weighing more ((i + 1) / n), against the price."""
    weights = range(1, len(path) + 1)
    mean = sum(weight * step for weight, step in zip(weights, path, strict=True)) / sum(weights)
    return (mean / price - 1) * 100


def trend_bonus(path: Sequence[float], price: float, strategy: Strategy) -> float:
    """What the second half of the path adds over the first (an odd middle step is in the second); short: 0."""
    if len(path) < strategy.forecast_trend_min_steps:
        return 0.0
    half = len(path) // 2
    rise = sum(path[half:]) / (len(path) - half) - sum(path[:half]) / half
    bonus = rise / price * 100 / strategy.forecast_full_change_pct * strategy.forecast_trend_factor
    return clip(bonus, -strategy.forecast_trend_cap, strategy.forecast_trend_cap)


def spread_damping(cv_pct: float, strategy: Strategy) -> float:
    """What a forecast whose mean std is ``cv_pct`` percent of the price is multiplied by."""
    points = ((strategy.forecast_cv_calm_pct, 1.0), (strategy.forecast_cv_wide_pct, strategy.forecast_damping_min))
    return polyline(cv_pct, points)


def momentum_signal(candles: pd.DataFrame, strategy: Strategy, reason: str) -> ForecastSignal:
    """What stands in for a forecast that could not be had: recent momentum, with little confidence, marked as such.

    ``reason`` says why there is no forecast. Raises InsufficientData when the long change has too few candles.
    """
    closes = [float(close) for close in candles["close"].tail(strategy.momentum_long_bars + 1)]
    if len(closes) <= strategy.momentum_long_bars:
        raise InsufficientData(f"{len(closes)} candles, momentum needs {strategy.momentum_long_bars + 1}")
    short = (closes[-1] / closes[-1 - strategy.momentum_short_bars] - 1) * 100
    long = (closes[-1] / closes[-1 - strategy.momentum_long_bars] - 1) * 100
    momentum = strategy.momentum_short_weight * short + strategy.momentum_long_weight * long
    return momentum_of(momentum, strategy, reason)


def momentum_of(change_pct: float, strategy: Strategy, reason: str | None) -> ForecastSignal:
    """Momentum that expects this change, percent, as a signal."""
    score = clip(change_pct / strategy.momentum_full_change_pct)
    return ForecastSignal(score, strategy.fallback_confidence, MOMENTUM, reason, change_pct)


def _check(q10: Sequence[float], q50: Sequence[float], q90: Sequence[float], price: float) -> None:
    lengths = {len(q10), len(q50), len(q90)}
    if len(lengths) != 1 or lengths == {0}:
        raise BadInput(f"quantile paths of {len(q10)}, {len(q50)} and {len(q90)} steps are no forecast")
    if not all(math.isfinite(value) and value > 0 for value in (*q10, *q50, *q90, price)):
        raise BadInput("the forecast or the price holds values that are not positive numbers")


def in_words(signal: ForecastSignal) -> str:
    """One line for a log: who answered, what the last step may come to (USDT), and why nobody better did."""
    ends = [f"{path[-1]:,.6g}" for path in (signal.q10, signal.q50, signal.q90) if path]
    reach = f"q10 / q50 / q90 at the last step {' / '.join(ends)}" if ends else "no quantiles"
    why = f"; not a better model: {signal.fallback_reason}" if signal.fallback_reason else ""
    note = f"; {signal.note}" if signal.note else ""
    change = f"mean change {signed(signal.change_pct, 2)} %"
    return f"{signal.model}: {reach}, {change}, confidence {signal.confidence:.2f}{why}{note}"


def signed(value: float, places: int) -> str:
    """A number with its sign; what rounds to nothing is +0, never -0."""
    return f"{round(value, places) + 0.0:+.{places}f}"
