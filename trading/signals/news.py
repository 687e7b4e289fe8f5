"""From articles to the reading of a pair (strategy.md, "Sentiment score"); pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trading.pairs import Pair
from trading.ports.news import Article
from trading.signals.articles import article_value, article_weight, pair_value
from trading.signals.sentiment import score_of
from trading.strategy import Strategy

HEADLINES = 5
"""Articles that a reading names: the heaviest."""

BITCOIN = "BTC"


@dataclass(frozen=True, slots=True)
class Weighed:
    """An article with its value (0 to 1) and its weight for one pair."""

    article: Article
    value: float
    weight: float


def relevance(coins: frozenset[str], code: str, strategy: Strategy) -> float:
    """How much an article that names these coins says about one of them; 0 for news of other coins only."""
    if not coins:
        return strategy.relevance_market
    if code in coins:
        return strategy.relevance_named
    return strategy.relevance_btc if BITCOIN in coins else 0.0


def weighed(pair: Pair, articles: Iterable[Article], at: datetime, strategy: Strategy) -> list[Weighed]:
    """The articles that count for a pair at a time, heaviest first; of equals the newest first.

    Left out are those from after ``at``, those older than the strategy's limit, and those about other coins.
    """
    found = []
    for article in articles:
        age_h = (at - article.published_at).total_seconds() / 3600
        weight = relevance(article.coins, pair.news, strategy) * article_weight(1.0, age_h, strategy)
        if weight > 0 and 0 <= age_h <= strategy.article_oldest_hours:
            value = article_value(article.title_value, article.votes, article.panic, strategy)
            found.append(Weighed(article, value, weight))
    return sorted(found, key=lambda one: (-one.weight, -one.article.published_at.timestamp(), one.article.key))


def reading_of(counted: Sequence[Weighed]) -> dict[str, Any]:
    """The row of the table ``sentiment`` that weighed articles make: value, score, counts and the heaviest of them."""
    value = pair_value((one.value, one.weight) for one in counted)
    return {
        "value": value,
        "score": score_of(value),
        "article_count": len(counted),
        "counts": dict(Counter(one.article.kind for one in counted)),
        "headlines": [_headline(one) for one in counted[:HEADLINES]],
    }


def _headline(one: Weighed) -> dict[str, Any]:
    article = one.article
    return {
        "key": article.key,
        "title": article.title,
        "published_at": article.published_at,
        "value": round(one.value, 4),
        "weight": round(one.weight, 4),
        "source": article.source,
    }
