"""Where time comes from: this machine, or the market (which a replay moves faster)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trading.errors import TradingError
from trading.ports import Clock, MarketData


class SystemClock:
    """This machine's clock."""

    def now(self) -> datetime:
        """Aware UTC. Raises nothing."""
        return datetime.now(UTC)


class MarketClock:
    """The market's clock: whether a candle is closed is for the venue to say, not for this machine.

    otherwise: the clock to go by, corrected by how far it was off last time, while the market cannot be asked: an exit
    at the trading venue must not wait for the analysis venue.
    """

    def __init__(self, market: MarketData, otherwise: Clock | None = None) -> None:
        self._market, self._otherwise = market, otherwise
        self._off = timedelta(0)

    def now(self) -> datetime:
        """Aware UTC, one request per call. Without another clock, raises Transient when the market cannot be asked."""
        try:
            at = self._market.server_time()
        except TradingError:
            if self._otherwise is None:
                raise
            return self._otherwise.now() + self._off
        if self._otherwise is not None:
            self._off = at - self._otherwise.now()
        return at
