"""News: ask the source once, weigh its articles for each pair, store what each pair reads from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trading.pairs import Pair
from trading.ports import Notice, Readings
from trading.ports.news import Latest
from trading.services.pages import foreign, table_row
from trading.signals.news import Weighed, reading_of, weighed
from trading.strategy import Strategy

SHOWN = 5
"""Headlines of a pair in the table for people."""


@dataclass(frozen=True, slots=True)
class PairNews:
    """What was stored for one pair: value 0 to 1, score -1 to +1, and the articles that counted, heaviest first."""

    pair: str
    value: float
    score: float
    articles: int
    heaviest: tuple[Weighed, ...]


@dataclass(frozen=True, slots=True)
class NewsCollection:
    """What one run stored by pair, which posts were left out and why, and why there are no news if there are none."""

    stored: Mapping[str, PairNews]
    left_out: Mapping[str, int]
    missing: str = ""


def store(pair: Pair, latest: Latest, at: datetime, readings: Readings, strategy: Strategy) -> PairNews:
    """Weigh the articles for one pair and store the reading of that time. Storing it again changes nothing."""
    counted = weighed(pair, latest.articles, at, strategy)
    row = reading_of(counted)
    raw = {"raw": latest.kept} if latest.kept else {}
    readings.put_sentiment(pair, at, {**row, "left_out": dict(latest.left_out), **raw})
    return PairNews(pair.key, row["value"], row["score"], len(counted), tuple(counted[:SHOWN]))


def notices_of(latest: Latest, at: datetime) -> list[Notice]:
    """The alarm about news that stay away, once."""
    return [Notice("news.missing", latest.missing, at, alarm=True)] if latest.missing and latest.alarm else []


def page_of(collected: NewsCollection) -> str:
    """What a person reads of one collection, as Markdown: the headlines of each pair, or why there are none."""
    if collected.missing:
        return f"# No news\n\n{collected.missing}\n\nSentiment is neutral once the last reading is stale."
    parts = [part for one in collected.stored.values() for part in _of_pair(one)]
    left_out = ", ".join(f"{count} {reason}" for reason, count in collected.left_out.items())
    return "\n".join(["# News", "", *parts, f"Posts left out: {left_out or 'none'}."])


def _of_pair(one: PairNews) -> list[str]:
    head = f"## {one.pair}: {one.value:.2f} (score {one.score:+.2f}) from {one.articles} articles"
    if not one.heaviest:
        return [head, "", "Nothing about it: neutral.", ""]
    rows = [_row(article) for article in one.heaviest]
    return [head, "", "| value | weight | published | title | source |", "|---|---|---|---|---|", *rows, ""]


def _row(one: Weighed) -> str:
    article = one.article
    words = (f"{one.value:.2f}", f"{one.weight:.2f}", f"{article.published_at:%m-%d %H:%M}")
    return table_row(*words, foreign(article.title), foreign(article.source))
