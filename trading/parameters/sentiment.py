"""What the sentiment judge goes by (strategy.md, "Sentiment score")."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from trading.parameters.kinds import Parameters, Percent, Positive, Share

Calls = Annotated[int, Ge(0), Le(10_000_000)]


class SentimentParameters(Parameters):
    """What news are worth."""

    sentiment_stale_hours: Positive = Field(6.0, description="Age above which a sentiment reading counts as neutral.")
    relevance_named: Share = Field(1.0, description="Weight of an article that names the currency.")
    relevance_btc: Share = Field(0.5, description="Weight of Bitcoin news for another currency.")
    relevance_market: Share = Field(0.3, description="Weight of news about the whole market.")
    article_fade_hours: Positive = Field(24.0, description="Age at which an article's weight would reach 0.")
    article_weight_min: Share = Field(0.1, description="Least age weight of an article.")
    article_oldest_hours: Positive = Field(168.0, description="Age above which an article no longer counts at all.")
    vote_strong_factor: Positive = Field(1.5, description="What an important or a toxic vote counts as.")
    votes_ignored: Positive = Field(5.0, description="Votes up to which only the title counts.")
    votes_trusted_span: Positive = Field(15.0, description="Further votes until only the votes count.")
    panic_neutral: Percent = Field(50.0, description="Panic score that shifts nothing.")
    panic_span: Positive = Field(500.0, description="Panic points above neutral for a shift of 1.")
    news_calls_per_month: Calls = Field(3000, description="Calls a month that the news provider's plan allows.")
