"""Looks: the answers of the three judges, joined by pair; a side that failed is missing, never made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trading.scoring import MissingInputs, PairInputs
from trading.signals.forecast import ForecastSignal
from trading.signals.sentiment import SentimentSignal
from trading.signals.technical import TechnicalSignal


@dataclass(frozen=True, slots=True)
class Outcomes[T]:
    """Results of one mapped step by key; what failed is an error in words, never a missing line."""

    values: Mapping[str, T]
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """One pair from three sides; a side that failed is None and named in ``missing``."""

    pair: str
    technical: TechnicalSignal | None
    forecast: ForecastSignal | None
    sentiment: SentimentSignal | None
    missing: Mapping[str, str]


DATA = "data"
"""The side that is missing of a pair whose data may not be judged."""


def looks_of(
    technical: Outcomes[TechnicalSignal],
    forecast: Outcomes[ForecastSignal],
    sentiment: Outcomes[SentimentSignal],
    unfit: Mapping[str, str] | None = None,
) -> list[Look]:
    """The three judges joined by pair. ``unfit``: pairs that nobody judged, and what is wrong with their data."""
    sides: dict[str, Outcomes[Any]] = {"technical": technical, "forecast": forecast, "sentiment": sentiment}
    keys = sorted({key for side in sides.values() for key in (*side.values, *side.errors)})
    unseen = [Look(key, None, None, None, {DATA: why}) for key, why in sorted((unfit or {}).items())]
    return unseen + [
        Look(
            pair=key,
            technical=technical.values.get(key),
            forecast=forecast.values.get(key),
            sentiment=sentiment.values.get(key),
            missing={name: side.errors[key] for name, side in sides.items() if key in side.errors},
        )
        for key in keys
    ]


def models_of(looks: Sequence[Look]) -> list[str]:
    """Who made the forecasts of an analysis, each once, in order of name."""
    return sorted({look.forecast.model for look in looks if look.forecast is not None})


def inputs_of(look: Look, *, busy: bool) -> PairInputs | MissingInputs:
    """The scores of one pair, or what is missing of them."""
    if busy:
        return MissingInputs(missing=("a free slot (an order of this pair is under way) is",))
    if DATA in look.missing:
        return MissingInputs(missing=(f"data fit to be judged ({look.missing[DATA]}) are",))
    if look.technical is None or look.forecast is None or look.sentiment is None:
        return MissingInputs(missing=tuple(look.missing) or ("everything",))
    indicators = look.technical.indicators
    return PairInputs(
        technical_score=look.technical.score,
        forecast_score=look.forecast.score,
        forecast_confidence=look.forecast.confidence,
        sentiment_score=look.sentiment.score,
        bb_width=indicators["bb_width"] or 0.0,
        macd_histogram=indicators["macd_histogram"] or 0.0,
        macd_histogram_slope=indicators["macd_histogram_slope"] or 0.0,
    )
