"""What one news article is worth and how much it counts (strategy.md, "Sentiment score"); pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trading.signals.curves import clip
from trading.signals.sentiment import NEUTRAL
from trading.strategy import Strategy


def article_weight(relevance: float, age_h: float, strategy: Strategy) -> float:
    """How much an article counts: its relevance, fading with its age in hours down to a least part."""
    return relevance * clip(1 - age_h / strategy.article_fade_hours, strategy.article_weight_min, 1.0)


def vote_ratio(votes: Mapping[str, int], strategy: Strategy) -> float:
    """The positive part of the votes, 0 to 1; neutral without votes.

    The two sides mirror each other: important and toxic votes are strong, the others count once.
    """
    strong = strategy.vote_strong_factor
    good = votes.get("positive", 0) + strong * votes.get("important", 0) + votes.get("liked", 0)
    bad = votes.get("negative", 0) + strong * votes.get("toxic", 0) + votes.get("disliked", 0)
    return good / (good + bad) if good + bad > 0 else NEUTRAL


def article_value(title: float, votes: Mapping[str, int], panic: float | None, strategy: Strategy) -> float:
    """An article's value, 0 to 1: its title's (0 to 1) and its votes', which count as they become trustworthy.

    ``panic`` is the 0-100 panic score, None where the source gives none.
    """
    count = sum(votes.get(kind, 0) for kind in ("positive", "important", "liked", "negative", "toxic", "disliked"))
    trust = clip((count - strategy.votes_ignored) / strategy.votes_trusted_span, 0.0, 1.0)
    value = (1 - trust) * title + trust * vote_ratio(votes, strategy)
    shift = 0.0 if panic is None else (panic - strategy.panic_neutral) / strategy.panic_span
    return clip(value + shift, 0.0, 1.0)


def pair_value(articles: Iterable[tuple[float, float]]) -> float:
    """The weighted mean of (value, weight) pairs; neutral without articles."""
    total = weighed = 0.0
    for value, weight in articles:
        total, weighed = total + weight, weighed + weight * value
    return weighed / total if total > 0 else NEUTRAL
