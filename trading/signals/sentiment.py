"""The sentiment judge: what the news say of a pair -> a score in [-1, +1] (strategy.md, "Sentiment score")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trading.signals.curves import clip
from trading.signals.readings import age_s, number
from trading.strategy import Strategy

NEUTRAL = 0.5
"""A value that favours neither side; a pair without articles has it."""


@dataclass(frozen=True, slots=True)
class SentimentSignal:
    """``value`` 0 to 1 from so many articles, ``age_s`` old (None: no reading); ``note`` says what was lacking."""

    score: float
    value: float
    articles: int
    age_s: float | None
    note: str


def sentiment_signal(reading: Mapping[str, Any] | None, at: datetime, strategy: Strategy) -> SentimentSignal:
    """Judge the newest reading (pair, timestamp in epoch s, value 0-1, articles) at a time.

    No reading, one that cannot be read, one from after ``at`` or a stale one is a neutral 0, and the note says so.
    """
    if reading is None:
        return SentimentSignal(0.0, NEUTRAL, 0, None, "no news reading: neutral")
    age, value = age_s(reading, at), number(reading, "value")
    articles = int(number(reading, "articles") or 0)
    limit_s = strategy.sentiment_stale_hours * 3600
    if age is None or value is None or not 0 <= value <= 1:
        return SentimentSignal(0.0, NEUTRAL, articles, age, "the news reading has no usable value: neutral")
    if age < 0:
        return SentimentSignal(0.0, NEUTRAL, articles, age, "the news reading is from the future: neutral")
    if age > limit_s:
        note = f"news are {age / 3600:.1f} h old, over {strategy.sentiment_stale_hours:g} h: neutral"
        return SentimentSignal(0.0, NEUTRAL, articles, age, note)
    return SentimentSignal(clip((value - NEUTRAL) * 2), value, articles, age, "")
