"""What a model of the next hour is given and what may come back: a series on the 5-minute grid, quantile paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from trading.candles import INTERVAL
from trading.errors import BadInput, InsufficientData
from trading.signals.forecast import ForecastSignal, score_forecast
from trading.strategy import Strategy

if TYPE_CHECKING:
    import pandas as pd

LEVELS = (0.1, 0.5, 0.9)
"""The quantiles that are asked of every model."""


@dataclass(frozen=True, slots=True)
class Series:
    """The typical prices (USDT) of a pair, one per 5-minute slot, oldest first; NaN where there is no candle.

    starts_at  open time of the first slot.  price  last close, which the forecast is judged against.
    """

    pair: str
    starts_at: datetime
    values: tuple[float, ...]
    price: float


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The 0.1, 0.5 and 0.9 quantiles of the coming steps (USDT), in this order at every step.

    by  the name under which the one that answered is judged, when it told; empty: the name of whom we asked.
    """

    q10: tuple[float, ...]
    q50: tuple[float, ...]
    q90: tuple[float, ...]
    by: str = ""


def series_of(pair: str, candles: pd.DataFrame, strategy: Strategy) -> Series:
    """The last ``candles_window`` slots that end at the newest of these closed candles, oldest first.

    A slot without a candle is NaN, and so is everything before the first candle. Raises InsufficientData, naming the
    pair, when fewer than ``candles_min`` of the slots have a candle.
    """
    length, values = strategy.candles_window, np.full(strategy.candles_window, np.nan)
    if not candles.empty:
        behind = (candles["open_time"].iloc[-1] - candles["open_time"]) // INTERVAL
        inside = (behind < length).to_numpy()
        typical = ((candles["high"] + candles["low"] + candles["close"]) / 3).to_numpy()
        values[length - 1 - behind.to_numpy()[inside]] = typical[inside]
    known = int(np.isfinite(values).sum())
    if known < strategy.candles_min:
        raise InsufficientData(
            f"{pair}: {known} candles in {length} slots, a forecast needs {strategy.candles_min}; wait for more"
        )
    newest = candles.iloc[-1]
    starts_at = newest["open_time"].to_pydatetime() - (length - 1) * INTERVAL
    return Series(pair, starts_at, tuple(values.tolist()), float(newest["close"]))


def checked(paths: Sequence[Sequence[object]], steps: int) -> Quantiles:
    """The quantiles of a model's answer: one path per level of LEVELS. Models let quantiles cross, so they are sorted.

    Raises BadInput for anything but three paths of ``steps`` finite, positive numbers.
    """
    if len(paths) != len(LEVELS) or any(len(path) != steps for path in paths):
        sizes = " and ".join(str(len(path)) for path in paths) or "no"
        raise BadInput(f"the forecast has {sizes} steps, not {steps} for each of {len(LEVELS)} levels")
    read = [[_number(value) for value in path] for path in paths]
    q10, q50, q90 = zip(*(sorted(step) for step in zip(*read, strict=True)), strict=True)
    return Quantiles(q10, q50, q90)


def judged(found: Quantiles, price: float, strategy: Strategy, model: str) -> ForecastSignal:
    """The score of quantiles against the current ``price`` (USDT).

    Raises BadInput when any of them is over ``forecast_absurd_factor`` times the price, or under that part of it: such
    an answer belongs to another series, or to no price at all, and no step of it is to be trusted. So too when the
    median leaves ``forecast_outlier_pct`` at more than half of its steps: with each of them replaced by the price,
    the score would be a confident "no change" that nobody forecast.
    """
    factor = strategy.forecast_absurd_factor
    low, high = min(found.q10), max(found.q90)
    if low < price / factor or high > price * factor:
        raise BadInput(f"the forecast runs from {low:.6g} to {high:.6g} at a price of {price:.6g}, out of all reason")
    reach = strategy.forecast_outlier_pct / 100 * price
    outliers = sum(abs(step - price) > reach for step in found.q50)
    if outliers * 2 > len(found.q50):
        limit = f"{strategy.forecast_outlier_pct:g} %"
        raise BadInput(f"the median is over {limit} off the price at {outliers} of {len(found.q50)} steps")
    return score_forecast(found.q10, found.q50, found.q90, price, strategy, model)


def _number(value: object) -> float:
    """A finite number above zero. Raises BadInput."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadInput(f"the forecast holds a {type(value).__name__} where a number belongs")
    try:
        number = float(value)
    except OverflowError:  # a whole number of a JSON text can be larger than any float
        number = math.inf
    if not 0 < number < math.inf:
        raise BadInput(f"the forecast holds {number:g}, which is no price")
    return number
