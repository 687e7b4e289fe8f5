"""How a signal becomes a forecast that can be judged, and how candles become its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from trading.calibration.losses import volatility_pct
from trading.calibration.records import NO_OUTCOME, Forecast
from trading.candles import INTERVAL
from trading.signals.forecast import ForecastSignal, momentum_of, momentum_signal, score_forecast
from trading.strategy import Strategy

if TYPE_CHECKING:
    import pandas as pd

FEWEST_KNOWN = 0.5
"""Share of the steps that must have a candle; of less, a mean loss would be about another hour."""


def forecast_of(
    pair: str, at: datetime, decision_id: str, signal: ForecastSignal, window: pd.DataFrame, strategy: Strategy
) -> Forecast:
    """A signal as the ledger keeps it; ``window`` are the candles that it was made from.

    A signal without quantile paths, as momentum gives, counts as a flat path at the change that it expected.
    Raises InsufficientData when the window is too short for momentum, which every forecast is compared with.
    """
    price = float(window["close"].iloc[-1])
    flat = (price * (1 + signal.change_pct / 100),) * strategy.forecast_steps
    adjacent = (window["open_time"].diff().iloc[1:] == INTERVAL).to_numpy()
    return Forecast(
        pair=pair,
        at=at,
        model=signal.model,
        fallback_reason=signal.fallback_reason,
        decision_id=decision_id,
        first_step_at=window["open_time"].iloc[-1].to_pydatetime() + INTERVAL,
        price=price,
        q10=signal.q10,
        q50=signal.q50 or flat,
        q90=signal.q90,
        momentum_pct=momentum_signal(window, strategy, "to compare with").change_pct,
        volatility_pct=volatility_pct(window["close"].to_numpy(), adjacent),
    )


def signal_of(forecast: Forecast, strategy: Strategy) -> ForecastSignal:
    """The signal that a kept forecast was made from: what is decided by is what will be judged."""
    if not forecast.q10:
        return momentum_of(forecast.momentum_pct, strategy, forecast.fallback_reason)
    found = score_forecast(forecast.q10, forecast.q50, forecast.q90, forecast.price, strategy, forecast.model)
    return replace(found, fallback_reason=forecast.fallback_reason)


def typical_prices(forecast: Forecast, candles: pd.DataFrame) -> tuple[float | None, ...]:
    """What the typical price (high + low + close) / 3 came to by step, each in its own slot; None without a candle."""
    typical = (candles["high"] + candles["low"] + candles["close"]) / 3
    known = dict(zip(candles["open_time"].dt.to_pydatetime(), typical.tolist(), strict=True))
    return tuple(known.get(at) for at in forecast.step_times)


def outcome_of(prices: Sequence[float | None]) -> tuple[float | None, ...]:
    """The outcome to keep: the prices, or NO_OUTCOME when too many are missing."""
    known = sum(price is not None for price in prices)
    return tuple(prices) if known >= FEWEST_KNOWN * len(prices) else NO_OUTCOME
