"""The technical judge: indicators of the last closed candles -> a score in [-1, +1] (strategy.md, "Technical score").

What is undefined on candles that do not move is neutral, never NaN: RSI without any change is 50, ADX without any
directional movement is 0 (ranging), a band without width is worth 0, volume against a mean of 0 multiplies by 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from trading.errors import BadInput, InsufficientData
from trading.signals.curves import clip, polyline
from trading.signals.indicators import NOTHING, indicators_of
from trading.strategy import Strategy


@dataclass(frozen=True, slots=True)
class TechnicalSignal:
    """The score, the regime (``trending``, ``neutral``, ``ranging``), the indicators, and how many candles they saw.

    ``indicators`` holds rsi, macd, macd_signal, macd_histogram, macd_histogram_slope (in [-1, 1]), sma_20, sma_200
    (None when there are too few candles), bb_upper, bb_lower, bb_width (ratio of the close), adx, atr, atr_percent
    and volume_multiplier; prices in USDT.
    """

    score: float
    regime: str
    indicators: dict[str, float | None]
    candles: int


@dataclass(frozen=True, slots=True)
class RegimeWeights:
    """What each component counts; they sum to 1."""

    rsi: float
    macd: float
    sma: float
    bollinger: float


def technical_signal(candles: pd.DataFrame, strategy: Strategy) -> TechnicalSignal:
    """Judge the last ``candles_window`` of these closed candles, oldest first.

    Raises InsufficientData below ``candles_min`` candles and BadInput when the values are not finite.
    """
    window = candles.tail(strategy.candles_window).reset_index(drop=True)
    if len(window) < strategy.candles_min:
        raise InsufficientData(f"{len(window)} closed candles, at least {strategy.candles_min} are needed")
    found = indicators_of(window, strategy)
    broken = [name for name, value in found.items() if value is not None and not math.isfinite(value)]
    if broken:
        raise BadInput(f"candles give no finite {', '.join(broken)}: they hold values that are not prices")
    close = float(window["close"].iloc[-1])
    multiplier = volume_multiplier(found.pop("volume_ratio"), strategy)
    slope = macd_slope_value(found.pop("macd_histogram_change"), close, strategy)
    score = _score(found, close, multiplier, strategy)
    shown = {**found, "macd_histogram_slope": slope, "volume_multiplier": multiplier}
    return TechnicalSignal(score, regime(_number(found["adx"]), strategy), shown, len(window))


def _score(found: dict[str, float | None], close: float, multiplier: float, strategy: Strategy) -> float:
    weights = regime_weights(_number(found["adx"]), strategy)
    total = (
        weights.rsi * rsi_value(_number(found["rsi"]), strategy)
        + weights.macd * macd_value(_number(found["macd_histogram"]), close, strategy)
        + weights.sma * sma_value(close, _number(found["sma_20"]), found["sma_200"], strategy)
        + weights.bollinger * bollinger_value(close, _number(found["bb_lower"]), _number(found["bb_upper"]), strategy)
    )
    return clip(total * multiplier)


def _number(value: float | None) -> float:
    if value is None:
        raise BadInput("an indicator that candles_min promises is missing")
    return value


def regime(adx: float, strategy: Strategy) -> str:
    """``trending``, ``ranging``, or ``neutral`` between them."""
    if adx >= strategy.adx_trending:
        return "trending"
    return "ranging" if adx <= strategy.adx_ranging else "neutral"


def regime_weights(adx: float, strategy: Strategy) -> RegimeWeights:
    """The weights at an ADX (0-100): those of ranging, of trending, linear between, so that no label makes a jump."""
    part = polyline(adx, ((strategy.adx_ranging, 0.0), (strategy.adx_trending, 1.0)))

    def between(ranging: float, trending: float) -> float:
        return ranging + part * (trending - ranging)

    return RegimeWeights(
        between(strategy.ranging_weight_rsi, strategy.trending_weight_rsi),
        between(strategy.ranging_weight_macd, strategy.trending_weight_macd),
        between(strategy.ranging_weight_sma, strategy.trending_weight_sma),
        between(strategy.ranging_weight_bollinger, strategy.trending_weight_bollinger),
    )


def rsi_value(rsi: float, strategy: Strategy) -> float:
    """RSI (0-100) -> [-1, 1]: contrarian, with a dead band in the middle."""
    points = (
        (strategy.rsi_buy_full, 1.0),
        (strategy.rsi_buy_part, strategy.rsi_part_value),
        (strategy.rsi_dead_low, 0.0),
        (strategy.rsi_dead_high, 0.0),
        (strategy.rsi_sell_part, -strategy.rsi_part_value),
        (strategy.rsi_sell_full, -1.0),
    )
    return polyline(rsi, points)


def macd_value(histogram: float, close: float, strategy: Strategy) -> float:
    """MACD histogram (USDT) at a close (USDT) -> [-1, 1]."""
    return clip(histogram / close * 100 / strategy.macd_full_pct)


def macd_slope_value(change: float | None, close: float, strategy: Strategy) -> float:
    """Mean one-bar change of the MACD histogram (USDT) at a close (USDT) -> [-1, 1].

    The mean of the last three one-bar changes is (h[-1] - h[-4]) / 3.
    """
    return clip(_number(change) / close * 100 / strategy.macd_slope_full_pct)


def sma_value(close: float, sma_short: float, sma_long: float | None, strategy: Strategy) -> float:
    """Short against long average (USDT) -> [-1, 1]; without a long one, close against the short one, trusted less."""
    if sma_long is None:
        return strategy.sma_fallback_factor * clip((close / sma_short - 1) / strategy.sma_full_ratio)
    return clip((sma_short / sma_long - 1) / strategy.sma_full_ratio)


def bollinger_value(close: float, lower: float, upper: float, strategy: Strategy) -> float:
    """Where the close sits in the band -> [-1.2, 1.2]: contrarian, steeper further out; 0 without width."""
    width = upper - lower
    if width <= close * NOTHING:
        return 0.0
    distance = (close - lower) / width - 0.5
    size = (min(abs(distance), 1e6) / 0.5) ** strategy.bb_exponent  # bounded first: a huge power would overflow
    return -math.copysign(min(size, strategy.bb_cap), distance)


def volume_multiplier(ratio: float | None, strategy: Strategy) -> float:
    """Last volume / mean of the bars before -> 1.0 to 1.3; 1.0 when that mean is 0 (None): nothing to compare with."""
    if ratio is None:
        return 1.0
    points = ((strategy.volume_calm_ratio, 1.0), (strategy.volume_full_ratio, strategy.volume_max_multiplier))
    return polyline(ratio, points)
