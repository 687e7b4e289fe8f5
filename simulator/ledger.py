"""The account's true books: what it started with, what is free, what open orders hold, and every fill.

Pure and Decimal only. The invariant that tests read: start + all fills = free + reserved, exactly, in every currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

type Side = Literal["buy", "sell"]

ZERO = Decimal(0)


class InsufficientFunds(Exception):
    """An order wants more than is free; ``currency`` says of what (lower case)."""

    def __init__(self, currency: str) -> None:
        """``currency`` such as ``jpy``."""
        super().__init__(f"not enough {currency}")
        self.currency = currency


@dataclass(frozen=True, slots=True)
class Fill:
    """One transaction: positive ``amount`` of the coin at ``price`` yen, ``funds`` = amount x price, unrounded."""

    id: int
    order_id: int
    pair: str
    side: Side
    price: Decimal
    amount: Decimal
    at_ms: int
    taker: bool

    @property
    def coin(self) -> str:
        """The coin's code as balances name it, ``btc``."""
        return self.pair.removesuffix("_jpy")

    @property
    def funds(self) -> Decimal:
        """Yen that change hands, exact."""
        return self.amount * self.price

    @property
    def paid(self) -> tuple[str, Decimal]:
        """Currency and amount that leave the account."""
        return ("jpy", self.funds) if self.side == "buy" else (self.coin, self.amount)

    @property
    def received(self) -> tuple[str, Decimal]:
        """Currency and amount that arrive."""
        return (self.coin, self.amount) if self.side == "buy" else ("jpy", self.funds)


class Ledger:
    """Balances that only reservations and fills can change."""

    def __init__(self, start: Mapping[str, Decimal]) -> None:
        """``start`` by currency in lower case; it names every currency there will be."""
        self.start = dict(start)
        self._free = dict(start)
        self._reserved = dict.fromkeys(start, ZERO)
        self.fills: list[Fill] = []

    def free(self, currency: str) -> Decimal:
        """What can be spent."""
        return self._free[currency]

    def reserved(self, currency: str) -> Decimal:
        """What open orders hold."""
        return self._reserved[currency]

    def reserve(self, currency: str, amount: Decimal) -> None:
        """Set aside for an order. Raises InsufficientFunds and changes nothing when that much is not free."""
        if amount > self._free[currency]:
            raise InsufficientFunds(currency)
        self._free[currency] -= amount
        self._reserved[currency] += amount

    def release(self, currency: str, amount: Decimal) -> None:
        """Give back what an order no longer holds."""
        self._reserved[currency] -= amount
        self._free[currency] += amount

    def settle(self, fill: Fill) -> None:
        """Book a fill: what is paid comes out of the reservation, what is received is free."""
        currency, amount = fill.paid
        if amount > self._reserved[currency]:
            msg = f"fill {fill.id} pays {amount} {currency}, but only {self._reserved[currency]} is reserved"
            raise ArithmeticError(msg)
        self._reserved[currency] -= amount
        currency, amount = fill.received
        self._free[currency] += amount
        self.fills.append(fill)

    def difference(self) -> dict[str, Decimal]:
        """By currency, what is there less what the fills say; all zero, or the books lie."""
        expected = dict(self.start)
        for fill in self.fills:
            (paid_in, paid), (got_in, got) = fill.paid, fill.received
            expected[paid_in] -= paid
            expected[got_in] += got
        return {name: self._free[name] + self._reserved[name] - amount for name, amount in expected.items()}
