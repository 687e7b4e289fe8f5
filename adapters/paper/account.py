"""The paper account as a value: what is free, what is tied up, what rests, and how an order changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading.errors import Rejected
from trading.money import JPY, Amount, Quantity, yen
from trading.order import Fill, Side
from trading.venue import Balances, OrderState, VenueOrder

LATEST = 25
"""So many of the orders that were filled last are named in the account itself: an index may not list them yet."""
RESTING_MAX = 50
"""Most resting orders: one look may fill them all, in one transaction."""


@dataclass(frozen=True, slots=True)
class PaperOrder:
    """An order and what became of it."""

    placed: VenueOrder
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True)
class PaperAccount:
    """What paper holds, by currency code. ``version`` is the optimistic lock: the stored one while changes are made.

    resting  order id -> trading pair of every order that waits.  latest: the ids that were filled last, newest first.
    """

    created_at: datetime
    free: Mapping[str, Decimal]
    reserved: Mapping[str, Decimal]
    resting: Mapping[str, str]
    latest: tuple[str, ...] = ()
    next_order_id: int = 1
    version: int = 1

    @classmethod
    def start(cls, start_jpy: Amount[JPY], at: datetime) -> PaperAccount:
        """A new account with nothing but yen."""
        return cls(created_at=at, free={JPY.code: start_jpy.number}, reserved={}, resting={})

    def numbered(self) -> PaperAccount:
        """The next order id is taken."""
        return replace(self, next_order_id=self.next_order_id + 1)

    def need(self, code: str, number: Decimal) -> None:
        """Raises Rejected unless so much of a currency is free."""
        free = self.free.get(code, Decimal(0))
        if free < number:
            raise Rejected(f"paper: not enough money or coins: the order needs {number} {code}, free are {free}")

    def filled(self, fill: Fill) -> PaperAccount:
        """The account after a fill, paid from what is free. Raises Rejected when that does not suffice."""
        coin, coins, money = fill.quantity.coin, fill.quantity.number, fill.funds.number
        if fill.side is Side.SELL:
            coins, money = -coins, -money
        self.need(JPY.code, money)
        self.need(coin, -coins)
        free = _plus(_plus(self.free, JPY.code, -money), coin, coins)
        return replace(self, free=free, latest=(fill.order_id, *self.latest)[:LATEST])

    def tied(self, order: VenueOrder) -> PaperAccount:
        """The coins of a stop order are put aside and it rests. Raises Rejected when there are too few."""
        coins = coins_of(order)
        self.need(coins.coin, coins.number)
        if len(self.resting) >= RESTING_MAX:
            raise Rejected(f"paper: {RESTING_MAX} orders rest already; cancel some first")
        return replace(
            self,
            free=_plus(self.free, coins.coin, -coins.number),
            reserved=_plus(self.reserved, coins.coin, coins.number),
            resting={**self.resting, order.order_id: order.trading_pair},
        )

    def untied(self, order: VenueOrder) -> PaperAccount:
        """A stop order rests no longer; its coins are free."""
        coins = coins_of(order)
        return replace(
            self,
            free=_plus(self.free, coins.coin, coins.number),
            reserved=_plus(self.reserved, coins.coin, -coins.number),
            resting={number: pair for number, pair in self.resting.items() if number != order.order_id},
        )

    def balances(self) -> Balances:
        """The account as a venue reports it; a coin that it ever held is listed."""
        coins = [code for code in self.free if code != JPY.code]
        return Balances(
            jpy_free=yen(self.free.get(JPY.code, Decimal(0))),
            jpy_reserved=yen(self.reserved.get(JPY.code, Decimal(0))),
            free={coin: Quantity(self.free[coin], coin) for coin in coins},
            reserved={coin: Quantity(self.reserved.get(coin, Decimal(0)), coin) for coin in coins},
        )


def canceled(order: PaperOrder) -> PaperOrder:
    """A resting order that was called back."""
    return replace(order, placed=replace(order.placed, state=OrderState.CANCELED))


def _plus(held: Mapping[str, Decimal], code: str, number: Decimal) -> Mapping[str, Decimal]:
    return {**held, code: held.get(code, Decimal(0)) + number}


def coins_of(order: VenueOrder) -> Quantity:
    """The coins that a sell order names."""
    if order.quantity is None:
        raise TypeError(f"order {order.order_id} names no coins; it is no sell")
    return order.quantity
