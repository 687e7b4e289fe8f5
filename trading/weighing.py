"""What the judges found, weighed into one score per pair (strategy.md, "Total score and thresholds")."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from trading.errors import BadInput
from trading.signals.curves import clip
from trading.strategy import Strategy

TECHNICAL, FORECAST, SENTIMENT, CONTEXT = "technical", "forecast", "sentiment", "context"


@dataclass(frozen=True, slots=True)
class PairInputs:
    """What was found of one pair. Scores and slope in [-1, 1], confidence in [0, 1], width a ratio of the close."""

    technical_score: float
    forecast_score: float
    forecast_confidence: float
    sentiment_score: float
    bb_width: float
    macd_histogram: float
    macd_histogram_slope: float

    def __post_init__(self) -> None:
        for name in ("technical_score", "forecast_score", "sentiment_score", "macd_histogram_slope"):
            _check(name, getattr(self, name), -1.0, 1.0)
        _check("forecast_confidence", self.forecast_confidence, 0.0, 1.0)
        _check("bb_width", self.bb_width, 0.0, math.inf)
        _check("macd_histogram", self.macd_histogram, -math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class ContextInputs:
    """The market context: its score in [-1, 1], and what the thresholds and the dominance shift need (None: absent)."""

    score: float
    fear_greed: float | None
    btc_dominance: float | None
    age_s: float

    def __post_init__(self) -> None:
        _check("context score", self.score, -1.0, 1.0)
        _check("context age_s", self.age_s, -math.inf, math.inf)
        for name in ("fear_greed", "btc_dominance"):
            if getattr(self, name) is not None:
                _check(name, getattr(self, name), 0.0, 100.0)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One pair's score and what it was made of: clip(sum of weights x components + adjustments) = score.

    The keys of ``weights`` and ``components`` are technical, forecast, sentiment and context; the forecast component is
    the one after damping. ``adjustments`` holds ``dominance``.
    """

    pair: str
    score: float
    weights: Mapping[str, float]
    components: Mapping[str, float]
    adjustments: Mapping[str, float]


def ranked(
    pair: str, found: PairInputs, context: ContextInputs | None, weights: Mapping[str, float], s: Strategy
) -> Ranked:
    """Score one pair. ``weights`` are the base weights; ``context`` is None when there is none that is fresh."""
    shifted = confidence_shifted(weights, found.forecast_confidence, s)
    components = {
        TECHNICAL: found.technical_score,
        FORECAST: found.forecast_score * confidence_damping(found.forecast_confidence, s),
        SENTIMENT: found.sentiment_score,
        CONTEXT: 0.0 if context is None else context.score,
    }
    dominance = dominance_adjustment(pair, None if context is None else context.btc_dominance, s)
    total = sum(shifted[name] * components[name] for name in components) + dominance
    return Ranked(pair, clip(total), shifted, components, {"dominance": dominance})


def base_weights(s: Strategy, forecast_weight: float | None) -> dict[str, float]:
    """The strategy's weights; an earned ``forecast_weight`` (0 to 1) replaces the forecast's.

    What that releases goes to the other three in proportion; when they have no weight at all, to the technical score.
    """
    weights = {
        TECHNICAL: s.weight_technical,
        FORECAST: s.weight_forecast,
        SENTIMENT: s.weight_sentiment,
        CONTEXT: s.weight_context,
    }
    if forecast_weight is None:
        return weights
    _check("forecast_weight", forecast_weight, 0.0, 1.0)
    others = 1.0 - s.weight_forecast
    if others <= 0.0:
        return {**weights, FORECAST: forecast_weight, TECHNICAL: 1.0 - forecast_weight}
    factor = (1.0 - forecast_weight) / others
    return {name: forecast_weight if name == FORECAST else weight * factor for name, weight in weights.items()}


def confidence_shifted(weights: Mapping[str, float], confidence: float, s: Strategy) -> dict[str, float]:
    """Weight moved between technical and forecast by the forecast's confidence.

    A forecast that has only earned a part of its weight moves only that part of it: it grows from nothing without a
    jump. No weight goes below 0: no more is moved than there is.
    """
    most = s.confidence_shift_max
    wanted = clip((confidence - s.confidence_neutral) * s.confidence_shift_factor, -most, most)
    share = min(weights[FORECAST] / s.weight_forecast, 1.0) if s.weight_forecast > 0 else 0.0
    shift = clip(wanted * share, -weights[FORECAST], weights[TECHNICAL])
    return {**weights, FORECAST: weights[FORECAST] + shift, TECHNICAL: weights[TECHNICAL] - shift}


def confidence_damping(confidence: float, s: Strategy) -> float:
    """What the forecast score is multiplied by: less than 1 when the forecast hardly trusts itself."""
    return min(1.0, confidence / s.confidence_low) if s.confidence_low > 0 else 1.0


def dominance_adjustment(pair: str, btc_dominance: float | None, s: Strategy) -> float:
    """What Bitcoin's share of the market (percent) takes from or gives to every other pair; 0 when it is not known."""
    if btc_dominance is None or pair.partition("_")[0] == "btc":
        return 0.0
    if btc_dominance > s.dominance_high_pct:
        return -s.dominance_shift
    return s.dominance_shift if btc_dominance < s.dominance_low_pct else 0.0


def _check(name: str, value: float, low: float, high: float) -> None:
    if math.isnan(value) or math.isinf(value) or not low <= value <= high:
        raise BadInput(f"{name} must be a number from {low:g} to {high:g}, not {value}")
