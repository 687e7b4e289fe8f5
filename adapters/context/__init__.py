"""The four sources of the market context, each behind the ContextSource port."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from pydantic import SecretStr

from adapters.context.dominance import BitcoinDominance
from adapters.context.fear_greed import FearGreed
from adapters.context.funding import FundingRates
from adapters.context.reading import Provider
from adapters.context.usd_jpy import YenPerDollar
from adapters.http import http_client
from trading.pairs import Pair
from trading.ports.context import ContextSource

__all__ = ["BitcoinDominance", "FearGreed", "FundingRates", "Provider", "YenPerDollar", "context_sources"]

KEY_HEADER = "x-cg-demo-api-key"


def context_sources(
    fear_greed_url: str,
    futures_url: str,
    coingecko_url: str,
    pairs: Sequence[Pair],
    *,
    coingecko_key: SecretStr | None = None,
    http: httpx.Client | None = None,
) -> tuple[ContextSource, ...]:
    """All four, over one HTTP client. pairs: whose perpetuals' funding is read. coingecko_key: optional."""
    shared = http or http_client()
    keys = {} if coingecko_key is None else {KEY_HEADER: coingecko_key}
    coingecko = Provider("CoinGecko", coingecko_url, shared, keys)
    return (
        FearGreed(Provider("alternative.me", fear_greed_url, shared)),
        FundingRates(Provider("Binance futures", futures_url, shared), [pair.binance for pair in pairs]),
        BitcoinDominance(coingecko),
        YenPerDollar(coingecko),
    )
