"""What the rules need of the venues and of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from trading.order import Fill, Order
    from trading.pairs import Pair
    from trading.ports.payloads import Fetched
    from trading.venue import Availability, Balances, Ticker, VenueOrder


class Clock(Protocol):
    """The one place time comes from."""

    def now(self) -> datetime:
        """Aware UTC."""


class MarketData(Protocol):
    """The analysis venue (Binance): prices in USDT."""

    def server_time(self) -> datetime:
        """The venue's clock, aware UTC."""

    def candles(self, pair: Pair, since: datetime | None, limit: int) -> pd.DataFrame:
        """Up to ``limit`` 5-minute candles from ``since`` on (or the newest), oldest first.

        The last row may still be forming; ``trading.candles.closed`` says which count.
        """

    def fetch(self, pair: Pair, since: datetime | None, limit: int) -> Fetched:
        """The same, with what the venue sent as it came."""


class Exchange(Protocol):
    """The trading venue (Coincheck, or paper): prices in yen."""

    def ticker(self, trading_pair: str) -> Ticker:
        """Best bid and ask, and the last price."""

    def availability(self, trading_pair: str) -> Availability:
        """Whether the venue takes orders of the pair now."""

    def place(self, order: Order, fence: Callable[[], bool]) -> str:
        """Send ONE order, once; the venue's order id. It never retries by itself.

        fence: asked last, when the request can no longer overtake a later one; False = our time for it is over.
        Raises Transient when the venue surely did nothing (also when fenced off), Unknown when it may have, Rejected on
        its clear no.
        """

    def cancel(self, order_id: str) -> None:
        """Ask for the end of a resting order; ``order`` says whether it came.

        Raises Rejected when there is nothing to cancel, Transient when it may or may not have been heard.
        """

    def order(self, order_id: str) -> VenueOrder:
        """One order by its id. Raises Rejected when the venue does not know it."""

    def open_orders(self) -> list[VenueOrder]:
        """All resting orders of the account."""

    def fills(self, order_id: str, since: datetime) -> list[Fill]:
        """All fills of one order since a time, every page read, filtered by order id here, oldest first."""

    def executions(self, since: datetime) -> list[Fill]:
        """All fills of the account in our pairs since a time, every page read, oldest first."""

    def balances(self) -> Balances:
        """What the account holds."""
