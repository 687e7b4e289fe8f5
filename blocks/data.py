"""What a desk keeps its data in, and who checks them."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.dynamodb import Tables
from adapters.expectations import ExpectationsValidator
from adapters.hot import HotCandles, Server
from adapters.tiers import TieredCandles
from blocks.settings import Settings
from trading.ports import Archive, CandleStore, Clock, MarketData
from trading.ports.candles import ColdCandles
from trading.ports.payloads import Payload
from trading.ports.quality import Validator
from trading.quality.light import LightValidator
from trading.services.payloads import REFUSED, kept


def candles_of(  # noqa: PLR0913 (each is a tier, or what a tier needs)
    settings: Settings,
    hot_prefix: str,
    tables: Tables,
    archive: Archive,
    cold: ColdCandles,
    market: MarketData,
    clock: Clock,
) -> CandleStore:
    """Hot where a Redis is named, warm, cold, and the exchange behind them all, whose answers are kept.

    hot_prefix: of this desk alone. Desks may have the same tables' names in different accounts, and one Redis.
    """
    hot = HotCandles(Server(settings.redis_url), hot_prefix) if settings.redis_url else None

    def keep(payloads: Sequence[Payload], believed: bool) -> str:  # noqa: FBT001 (as the tiers ask it)
        return kept(payloads, clock.now(), archive, "" if believed else REFUSED)[1]

    return TieredCandles(hot, tables.candles, cold, market, clock.now, keep=keep)


def validator_of(settings: Settings) -> Validator:
    """The engine that runs the rules; both find the same (docs/decisions/0015)."""
    return ExpectationsValidator() if settings.quality == "expectations" else LightValidator()
