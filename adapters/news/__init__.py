"""News: the provider's posts, and what a title says by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import SecretStr

from adapters.news.cryptopanic import Allowance, CryptoPanic, posts_url
from adapters.news.lexicon import TitleLexicon
from adapters.news.none import NoNews
from trading.ports.news import News, Quota

__all__ = ["Allowance", "CryptoPanic", "NoNews", "TitleLexicon", "open_news"]


def open_news(
    base_url: str, plan: str, key: SecretStr | None, quota: Quota, calls_per_month: int, now: Callable[[], datetime]
) -> News:
    """CryptoPanic with a key, and without one the plain statement that there is no source; no request is made yet."""
    if key is None:
        return NoNews()
    allowance = Allowance(quota, calls_per_month, now)
    return CryptoPanic(posts_url(base_url, plan), key, allowance, TitleLexicon().value)
