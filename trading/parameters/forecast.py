"""What the forecast judge goes by (strategy.md, "Forecast score")."""

from __future__ import annotations

from pydantic import Field

from trading.parameters.kinds import Bars, Multiplier, Parameters, Percent, Positive, Share


class ForecastParameters(Parameters):
    """The forecast of the next hour and its fallback."""

    forecast_steps: Bars = Field(12, description="Steps of 5 minutes that are forecast.")
    forecast_outlier_pct: Positive = Field(20.0, description="A step further off than this counts as the price.")
    forecast_absurd_factor: Multiplier = Field(
        2.0, description="A forecast this many times the price, or this part of it, is none: the next model is asked."
    )
    forecast_full_change_pct: Positive = Field(3.0, description="Forecast change that is worth a full 1.")
    forecast_trend_min_steps: int = Field(
        6, ge=2, le=1000, description="Fewest steps for the trend of the path to count."
    )
    forecast_trend_factor: Share = Field(0.3, description="Part of the path's trend that is added to the score.")
    forecast_trend_cap: Share = Field(0.15, description="Largest size of what the trend adds.")
    forecast_cv_calm_pct: Percent = Field(1.0, description="Spread, in percent of the price, not damped yet.")
    forecast_cv_wide_pct: Percent = Field(5.0, description="Spread, in percent of the price, at full damping.")
    forecast_damping_min: Share = Field(0.5, description="What a score is multiplied by at full damping.")
    quantile_span_sigmas: Positive = Field(2.56, description="Standard deviations between the 0.1 and 0.9 quantiles.")
    confidence_std_factor: Positive = Field(10.0, description="How fast confidence falls with std / median.")
    momentum_short_bars: Bars = Field(5, description="Bars of the short change in the momentum fallback.")
    momentum_long_bars: Bars = Field(10, description="Bars of the long change in the momentum fallback.")
    momentum_short_weight: Share = Field(0.6, description="Weight of the short change in the momentum fallback.")
    momentum_long_weight: Share = Field(0.4, description="Weight of the long change in the momentum fallback.")
    momentum_full_change_pct: Positive = Field(2.0, description="Momentum that is worth a full 1.")
    fallback_confidence: Share = Field(0.1, description="Confidence of the momentum fallback.")
