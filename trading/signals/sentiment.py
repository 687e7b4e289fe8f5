"""The sentiment judge: what the news say of a pair -> a score in [-1, +1] (strategy.md, "Sentiment score")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trading.signals.curves import clip
from trading.signals.readings import age_s, number
from trading.strategy import Strategy

NEUTRAL = 0.5
"""A value that favours neither side; a pair without articles has it."""

SHOWN = 3
"""Headlines that a signal carries; the stored reading has more."""


@dataclass(frozen=True, slots=True)
class Headline:
    """One article that counted: its title, when it was published, its value 0 (bad) to 1 (good)."""

    title: str
    published_at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class SentimentSignal:
    """``value`` 0 to 1 from so many articles, ``age_s`` old (None: no reading); ``note`` says what was lacking."""

    score: float
    value: float
    articles: int
    age_s: float | None
    note: str
    headlines: tuple[Headline, ...] = ()


def score_of(value: float) -> float:
    """A value, 0 to 1, as a score, -1 to +1."""
    return clip((value - NEUTRAL) * 2)


def sentiment_signal(
    reading: Mapping[str, Any] | None, at: datetime, strategy: Strategy, missing: str = ""
) -> SentimentSignal:
    """Judge the newest reading (a row of the table ``sentiment``) at a time.

    No reading, one that cannot be read, one from after ``at`` or a stale one is a neutral 0, and the note says so.
    missing: why this desk has no source of news, if it has none; it explains why there is nothing fresh.
    """
    why = f"{missing}; " if missing else ""
    if reading is None:
        return _neutral(0, None, missing or "no news reading")
    age, value = age_s(reading, at), number(reading, "value")
    articles = int(number(reading, "article_count") or 0)
    limit_s = strategy.sentiment_stale_hours * 3600
    if age is None or value is None or not 0 <= value <= 1:
        return _neutral(articles, age, f"{why}the news reading has no usable value")
    if age < 0:
        return _neutral(articles, age, f"{why}the news reading is from the future")
    if age > limit_s:
        old = f"news are {age / 3600:.1f} h old, over {strategy.sentiment_stale_hours:g} h"
        return _neutral(articles, age, f"{why}{old}")
    note = "" if articles or value != NEUTRAL else "no news about it: neutral"
    return SentimentSignal(score_of(value), value, articles, age, note, tuple(_headlines(reading))[:SHOWN])


def _neutral(articles: int, age: float | None, why: str) -> SentimentSignal:
    return SentimentSignal(0.0, NEUTRAL, articles, age, f"{why}: neutral")


def _headlines(reading: Mapping[str, Any]) -> Iterator[Headline]:
    """The headlines of a reading; one that cannot be read is left out."""
    rows = reading.get("headlines")
    for row in rows if isinstance(rows, list | tuple) else ():
        if not isinstance(row, Mapping):
            continue
        title, value, at = row.get("title"), number(row, "value"), _time(row.get("published_at"))
        if isinstance(title, str) and value is not None and at is not None:
            yield Headline(title, at, value)


def _time(stored: Any) -> datetime | None:
    """A stored time, text or datetime, as aware UTC; None when it is neither."""
    try:
        at = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
        return at.astimezone(UTC) if isinstance(at, datetime) and at.tzinfo else None
    except (ValueError, OverflowError):
        return None
