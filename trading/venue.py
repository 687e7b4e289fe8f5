"""What a trading venue says, as values: prices now, orders, balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.money import JPY, Amount, Price, Quantity
from trading.order import Side


@dataclass(frozen=True, slots=True)
class Ticker:
    """What one coin costs now, in yen."""

    trading_pair: str
    bid: Price[JPY]
    ask: Price[JPY]
    last: Price[JPY]
    at: datetime


@dataclass(frozen=True, slots=True)
class Balances:
    """What the venue holds for us: ``free`` can be traded, ``reserved`` is tied up in open orders."""

    jpy_free: Amount[JPY]
    jpy_reserved: Amount[JPY]
    free: Mapping[str, Quantity]
    reserved: Mapping[str, Quantity]

    @property
    def jpy(self) -> Amount[JPY]:
        """All yen, tied up or not."""
        return self.jpy_free + self.jpy_reserved

    def coins(self, coin: str) -> Quantity:
        """All of one coin, tied up or not; none when the venue does not list it."""
        nothing = Quantity(Decimal(0), coin)
        return self.free.get(coin, nothing) + self.reserved.get(coin, nothing)


class OrderState(StrEnum):
    """What the venue says of an order."""

    WAITING = "WAITING"
    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the venue reports it.

    spend, quantity  what it asks for: yen for a market buy, coins for anything else. Asked by its id, all that it was
                     placed for; in the list of open orders, what is left of it.
    stop_rate        the trigger of a stop order.  market: whether it takes any price.
    executed         coins that changed hands so far, where the venue tells: the fills must add up to it.
    partly           of a canceled one: it was filled in part first.
    """

    order_id: str
    trading_pair: str
    side: Side
    state: OrderState
    created_at: datetime
    spend: Amount[JPY] | None = None
    quantity: Quantity | None = None
    stop_rate: Price[JPY] | None = None
    market: bool = True
    partly: bool = False
    executed: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether the venue takes market orders of a pair now, and its own words for it."""

    market_orders: bool
    status: str
