"""The market context judge: the whole market's mood -> a score in [-1, +1] (strategy.md, "Market context score")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trading.signals.curves import clip
from trading.signals.readings import age_s, number
from trading.strategy import Strategy


@dataclass(frozen=True, slots=True)
class ContextSignal:
    """The score and what it came from.

    fear_greed      0 to 100; btc_dominance percent; funding the mean 8-hour rate. None: this source is not there.
    sources         the names of the sources the score was made from.
    note            what is missing or stale, in words; empty when all is there.
    """

    score: float
    fear_greed: float | None
    btc_dominance: float | None
    funding: float | None
    age_s: float | None
    sources: tuple[str, ...]
    note: str


def context_signal(reading: Mapping[str, Any] | None, at: datetime, strategy: Strategy) -> ContextSignal:
    """Judge the newest reading (timestamp in epoch s; fear_greed, funding, btc_dominance as far as they are there).

    The weights of absent or impossible values are spread over the others. No reading, or one that is stale or from
    after ``at``, is neutral, AND its values are absent: they move neither the thresholds nor the dominance shift.
    """
    if reading is None:
        return _neutral(None, "no market context: neutral")
    age = age_s(reading, at)
    if age is None or age < 0:
        return _neutral(age, "the market context has no usable time: neutral")
    if age > strategy.context_stale_hours * 3600:
        return _neutral(
            age, f"market context is {age / 3600:.1f} h old, over {strategy.context_stale_hours:g} h: neutral"
        )
    fear_greed = _within(number(reading, "fear_greed"), 0, 100)
    dominance = _within(number(reading, "btc_dominance"), 0, 100)
    funding = _within(number(reading, "funding"), -1, 1)
    values: dict[str, tuple[float, float]] = {}
    if fear_greed is not None:
        values["fear_greed"] = (strategy.context_weight_fear_greed, fear_greed_value(fear_greed, strategy))
    if funding is not None:
        values["funding"] = (strategy.context_weight_funding, funding_value(funding, strategy))
    if dominance is not None:
        values["btc_dominance"] = (strategy.context_weight_dominance, dominance_value(dominance, strategy))
    absent = [name for name in ("fear_greed", "funding", "btc_dominance") if name not in values]
    note = f"market context without {', '.join(absent)}" + ("" if values else ": neutral") if absent else ""
    return ContextSignal(_weighed(values), fear_greed, dominance, funding, age, tuple(values), note)


def fear_greed_value(index: float, strategy: Strategy) -> float:
    """Fear & greed (0-100) -> [-1, 1], contrarian: fear favours buying, in three steepening slopes each way.

    The slopes of the page meet but for a step of 0.005 where the extreme begins; the index is a whole number.
    """
    return _fear(index, strategy) - _greed(index, strategy)


def _fear(index: float, strategy: Strategy) -> float:
    if index >= strategy.fear_mild:
        return 0.0
    if index > strategy.fear_strong:
        return strategy.mood_slope_mild * (strategy.fear_mild - index)
    if index > strategy.fear_extreme:
        return strategy.mood_value_strong + strategy.mood_slope_strong * (strategy.fear_strong - index)
    return clip(strategy.mood_value_extreme + strategy.mood_slope_extreme * (strategy.fear_extreme - index))


def _greed(index: float, strategy: Strategy) -> float:
    if index <= strategy.greed_mild:
        return 0.0
    if index <= strategy.greed_strong:
        return strategy.mood_slope_mild * (index - strategy.greed_mild)
    if index <= strategy.greed_extreme:
        return strategy.mood_value_strong + strategy.mood_slope_strong * (index - strategy.greed_strong)
    return clip(strategy.mood_value_extreme + strategy.mood_slope_extreme * (index - strategy.greed_extreme))


def funding_value(rate: float, strategy: Strategy) -> float:
    """Mean 8-hour funding rate (a fraction) -> [-1, 1]: who pays to be long has bought already."""
    return clip(-rate / strategy.funding_full_rate)


def dominance_value(percent: float, strategy: Strategy) -> float:
    """Bitcoin's share of the market in percent -> [-1, 1]."""
    return clip(-(percent - strategy.dominance_neutral_pct) / strategy.dominance_full_pct)


def _weighed(values: Mapping[str, tuple[float, float]]) -> float:
    total = sum(weight for weight, _ in values.values())
    return clip(sum(weight * value for weight, value in values.values()) / total) if total > 0 else 0.0


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low <= value <= high else None


def _neutral(age: float | None, note: str) -> ContextSignal:
    return ContextSignal(0.0, None, None, None, age, (), note)
