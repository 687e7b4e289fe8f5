"""How good is good enough: the buy and sell thresholds of one moment (strategy.md, "Total score and thresholds")."""

from __future__ import annotations

from collections.abc import Sequence

from trading.signals.curves import clip
from trading.strategy import Strategy
from trading.weighing import PairInputs


def volatility_factor(widths: Sequence[float], s: Strategy) -> float:
    """What both thresholds are multiplied by: wide bands ask for more. 1 when no pair could be scored."""
    if not widths:
        return 1.0
    return clip(sum(widths) / len(widths) / s.band_width_normal, s.volatility_factor_min, s.volatility_factor_max)


def mood_factor(fear_greed: float | None, s: Strategy) -> float:
    """What the buy threshold alone is multiplied by in extreme fear or greed; 1 when the mood is not known."""
    if fear_greed is None:
        return 1.0
    if fear_greed <= s.fear_buy_at:
        return s.fear_buy_factor
    return s.greed_buy_factor if fear_greed >= s.greed_buy_at else 1.0


def buy_threshold(widths: Sequence[float], fear_greed: float | None, s: Strategy) -> float:
    """The score from which a pair is bought."""
    return s.base_buy_threshold * volatility_factor(widths, s) * mood_factor(fear_greed, s)


def sell_threshold(widths: Sequence[float], s: Strategy) -> float:
    """The score at and below which a held pair is sold. The mood never makes selling harder."""
    return s.base_sell_threshold * volatility_factor(widths, s)


def decelerating(found: PairInputs, s: Strategy) -> bool:
    """Whether a rise is losing speed: the histogram is still above 0 and falls fast."""
    return found.macd_histogram > 0 and found.macd_histogram_slope < s.deceleration_slope


def own_sell_threshold(general: float, found: PairInputs, s: Strategy) -> float:
    """The sell threshold of one held pair: nearer to 0 when its rise is losing speed."""
    return general * s.deceleration_factor if decelerating(found, s) else general
