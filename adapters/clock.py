"""Where time comes from: this machine, or the market (which a replay moves faster)."""

from __future__ import annotations

from datetime import UTC, datetime

from trading.ports import MarketData


class SystemClock:
    """This machine's clock."""

    def now(self) -> datetime:
        """Aware UTC. Raises nothing."""
        return datetime.now(UTC)


class MarketClock:
    """The market's clock: whether a candle is closed is for the venue to say, not for this machine."""

    def __init__(self, market: MarketData) -> None:
        self._market = market

    def now(self) -> datetime:
        """Aware UTC, one request per call. Raises Transient when the market cannot be asked."""
        return self._market.server_time()
