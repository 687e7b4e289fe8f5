"""The market context judge: the whole market's mood -> a score in [-1, +1] (strategy.md, "Market context score").

A fourth source, yen per dollar, is read, stored and kept like the others, but it is no mood: it is not scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trading.signals.curves import clip
from trading.signals.readings import age_s, level, own_age_s
from trading.strategy import Strategy

FEAR_GREED, FUNDING, DOMINANCE, USD_JPY = "fear_greed", "funding", "btc_dominance", "usd_jpy"

RANGES: Mapping[str, tuple[float, float]] = {
    FEAR_GREED: (0.0, 100.0),
    FUNDING: (-1.0, 1.0),
    DOMINANCE: (0.0, 100.0),
    USD_JPY: (1.0, 10_000.0),
}
"""The sources, and what their values can be; anything else is no value."""

SCORED = (FEAR_GREED, FUNDING, DOMINANCE)
"""The sources that are a mood."""


@dataclass(frozen=True, slots=True)
class ContextSignal:
    """The score and what it came from.

    fear_greed      0 to 100; btc_dominance percent; funding the mean 8-hour rate. None: this source is not there.
    age_s           age of the reading; ages_s of the values in it, each by its source's own time.
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
    ages_s: Mapping[str, float] = field(default_factory=dict)


def context_signal(
    reading: Mapping[str, Any] | None, at: datetime, strategy: Strategy, unfit: Mapping[str, str] | None = None
) -> ContextSignal:
    """Judge the newest reading (timestamp in epoch s; fear_greed, funding, btc_dominance as far as they are there).

    The weights of absent, impossible or outdated values are spread over the others. No reading, or one that is stale or
    from after ``at``, is neutral, AND its values are absent: they move neither the thresholds nor the dominance shift.
    unfit: values that break a rule of the table, and why.
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
    values, ages, absent = _usable(reading, at, strategy, unfit or {})
    note = f"market context without {', '.join(absent)}" + ("" if values else ": neutral") if absent else ""
    levels = (values.get(FEAR_GREED), values.get(DOMINANCE), values.get(FUNDING))
    return ContextSignal(_score(values, strategy), *levels, age, tuple(values), note, ages)


def unusable(source: str, age: float | None, strategy: Strategy) -> str:
    """Why a value of this own age (seconds) may not be used, in words; empty when it may."""
    limit_h = {
        FEAR_GREED: strategy.context_fear_greed_max_hours,
        FUNDING: strategy.context_funding_max_hours,
        DOMINANCE: strategy.context_dominance_max_hours,
        USD_JPY: strategy.usd_jpy_max_hours,
    }[source]
    if age is None:
        return "without a time of its own"
    if age < -strategy.context_ahead_minutes * 60:
        return "from the future"
    return f"{age / 3600:.1f} h old, over {limit_h:g} h" if age > limit_h * 3600 else ""


def no_rate(yen: float, strategy: Strategy) -> str:
    """Why this many yen per dollar are no rate, in words; empty when they are one."""
    low, high = strategy.usd_jpy_low, strategy.usd_jpy_high
    return "" if low < yen < high else f"{yen:g} yen per dollar, not between {low:g} and {high:g}"


def _usable(
    reading: Mapping[str, Any], at: datetime, strategy: Strategy, unfit: Mapping[str, str]
) -> tuple[dict[str, float], dict[str, float], list[str]]:
    """The values that count and their own ages, and the sources that do not, with the reason where there is one."""
    values: dict[str, float] = {}
    ages: dict[str, float] = {}
    absent: list[str] = []
    for source in SCORED:
        low, high = RANGES[source]
        value, own_age = level(reading, source), own_age_s(reading, source, at)
        if value is None or not low <= value <= high:
            absent.append(source)
        elif trouble := unusable(source, own_age, strategy):
            absent.append(f"{source} ({trouble})")
        elif source in unfit:
            absent.append(f"{source} ({unfit[source]})")
        elif own_age is not None:
            values[source], ages[source] = value, own_age
    return values, ages, absent


def _score(values: Mapping[str, float], strategy: Strategy) -> float:
    """The weighted mean of what the values are worth, over those that are there; 0 without any."""
    rules = {
        FEAR_GREED: (strategy.context_weight_fear_greed, fear_greed_value),
        FUNDING: (strategy.context_weight_funding, funding_value),
        DOMINANCE: (strategy.context_weight_dominance, dominance_value),
    }
    total = sum(rules[source][0] for source in values)
    worth = sum(rules[source][0] * rules[source][1](value, strategy) for source, value in values.items())
    return clip(worth / total) if total > 0 else 0.0


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


def _neutral(age: float | None, note: str) -> ContextSignal:
    return ContextSignal(0.0, None, None, None, age, (), note)
